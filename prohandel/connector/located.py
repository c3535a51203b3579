"""Which connection of Fivetran's a `connector.yml` is about."""

from __future__ import annotations

from prohandel.connector.config import FILE, Connection
from prohandel.connector.fivetran import Fivetran, Record
from prohandel.errors import ProhandelError


def look_up(client: Fivetran, config: Connection) -> Record | None:
    """The connection with its config, or None where it has not been created.

    Raises:
        ProhandelError: the API key sees no such group.
    """
    groups = client.groups()
    if not any(one["id"] == config.group for one in groups):
        named = next((str(one["id"]) for one in groups if one.get("name") == config.group), None)
        seen = ", ".join(f"{one['id']} ({one.get('name', '')})" for one in groups) or "none"
        raise ProhandelError(
            f"{FILE}, key group: Fivetran has no group with the id {config.group}.",
            f"Write its id, {named}." if named else f"Groups that this API key sees: {seen}.",
        )
    found = client.find_connection(config.group, config.schema_name)
    return client.connection(found["id"]) if found else None


def require(client: Fivetran, config: Connection) -> Record:
    """The connection with its config.

    Raises:
        ProhandelError: it has not been created, or the API key sees no such group.
    """
    found = look_up(client, config)
    if found is None:
        raise ProhandelError(
            f"Group {config.group} has no connection that lands in the schema {config.schema_name}.",
            "Create it: prohandel connector apply",
        )
    return found
