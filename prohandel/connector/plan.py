"""What `apply` would do: the difference between the connection as it is and `connector.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from prohandel.connector.answers import NO_FUNCTIONS, FivetranError
from prohandel.connector.changes import Call, Change, of_secrets, of_settings
from prohandel.connector.config import FILE, Connection
from prohandel.connector.fingerprints import Fingerprint, fingerprints
from prohandel.connector.fivetran import Fivetran, Record
from prohandel.connector.located import look_up
from prohandel.connector.memory import Memory
from prohandel.connector.tables import body_of_tables, of_tables


@dataclass(frozen=True)
class Plan:
    """What would change.

    Attributes:
        connection_id: None where the connection has not been created.
        changes: in the order in which `apply` makes them; empty where all is as it should be.
        notes: what to know, and what no call of the API can change.
    """

    connection_id: str | None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Is all as it should be?"""
        return not self.changes

    def of(self, *calls: Call) -> list[Change]:
        """The changes that some calls make."""
        return [change for change in self.changes if change.call in calls]

    def body(self, call: Call) -> Record:
        """The request of a call, put together from its changes."""
        body: Record = {}
        for change in self.of(call):
            _merge(body, change.body)
        return body

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "connection_id": self.connection_id,
            "changes": [{"setting": one.setting, "now": one.now, "wanted": one.wanted} for one in self.changes],
            "notes": list(self.notes),
        }


def make_plan(client: Fivetran, config: Connection, memory: Memory, secrets: Mapping[str, str]) -> Plan:
    """Compares the connection with the file. Changes nothing.

    Args:
        client: of Fivetran.
        config: the file.
        memory: the warehouse's.
        secrets: as they should be, by name.

    Raises:
        ProhandelError: Fivetran cannot be asked, or PROHANDEL_HASH_KEY is not set.
    """
    client.hide(list(secrets.values()))
    # Before anything is asked, and before `apply` creates anything: without its key no secret can be remembered.
    fingerprints("", secrets)
    connection = look_up(client, config)
    if connection is None:
        return Plan(None, (Change("create", "connection", "not there", config.schema_name), *_of_new(config)))
    if connection.get("service") != config.service:
        return _replacement(connection, config)
    wanted = fingerprints(connection["id"], secrets)
    plan = _plan_of(client, config, connection, memory)
    sent = memory.fingerprints(connection["id"])
    return _with_secrets(plan, config, connection, sent, wanted)


def drift(client: Fivetran, config: Connection, memory: Memory) -> Plan:
    """What somebody has changed in Fivetran since the file was last applied; needs no secret.

    Raises:
        ProhandelError: Fivetran cannot be asked.
    """
    connection = look_up(client, config)
    if connection is None:
        return Plan(None, (Change("create", "connection", "not there", config.schema_name),))
    if connection.get("service") != config.service:
        return _replacement(connection, config)
    applied = memory.applied(connection["id"])
    plan = _plan_of(client, applied or config, connection, memory)
    if applied is None:
        return replace(plan, notes=(f"Compared with {FILE}, because it was never applied from here.", *plan.notes))
    if applied != config:
        note = f"{FILE} has been edited since it was applied; `prohandel connector plan` shows what that changes."
        return replace(plan, notes=(note, *plan.notes))
    return plan


def check_service(client: Fivetran, config: Connection) -> None:
    """Asks whether Fivetran offers the service to this account, which matters before a connection is created.

    Raises:
        FivetranError: it does not.
    """
    try:
        client.service(config.service)
    except FivetranError as error:
        if error.status in (400, 403, 404):
            raise FivetranError(error.status, error.code, error.message, NO_FUNCTIONS) from None
        raise


def _replacement(connection: Record, config: Connection) -> Plan:
    now = f"{connection['id']} of the service {connection.get('service')}"
    note = (
        f"The schema {config.schema_name} belongs to a connection of another service, which cannot be turned into one "
        f"of {config.service}. Only `prohandel connector apply --allow-destroy` deletes it; what has landed stays."
    )
    return Plan(connection["id"], (Change("replace", "connection", now, "deleted"),), (note,))


def _of_new(config: Connection) -> list[Change]:
    """The settings of a connection that is to be created, for people to read."""
    told: list[tuple[Call, str, str]] = [
        ("create", "function", config.function_name),
        ("create", "region", config.region),
        ("create", "role", config.role),
        ("create", "schedule.every_minutes", str(config.schedule.every_minutes)),
        ("create", "schedule.type", config.schedule.type),
        *(("create", f"secrets.{name}", f"the value of {variable}") for name, variable in config.secrets.items()),
        ("tables", "schema_change_handling", config.schema_change_handling),
    ]
    for name, choice in config.tables.items():
        told.append(("tables", f"tables.{name}", "synced" if choice.sync else "not synced"))
        told += [("tables", f"tables.{name}.{column}", wanted) for column, wanted in choice.columns().items()]
    told.append(("test", "setup tests", "passed"))
    told.append(("connection", "schedule.paused", str(config.schedule.paused).lower()))
    return [Change(call, setting, "", wanted) for call, setting, wanted in told]


def _plan_of(client: Fivetran, config: Connection, connection: Record, memory: Memory) -> Plan:
    """All but the secrets."""
    connection_id = connection["id"]
    changes = list(of_settings(config, connection))
    notes = []
    external_id = (connection.get("config") or {}).get("external_id")
    if external_id not in (None, config.external_id):
        notes.append(
            f"external_id: Fivetran sends {external_id}. Write it to {FILE} and to the trust policy of the role."
        )
    known = client.schemas(connection_id)
    if known is None:
        if memory.tables_chosen(connection_id) == body_of_tables(config):
            notes.append("tables: chosen; Fivetran applies it when the first sync tells it of the tables.")
        else:
            changes.append(Change("tables", "tables", "not chosen", "as listed", body_of_tables(config)))
    else:
        found = of_tables(
            config,
            known,
            lambda schema, table: client.columns(connection_id, schema, table),
            has_landed=bool(connection.get("succeeded_at")),
        )
        changes += found.changes
        notes += found.notes
    state = str((connection.get("status") or {}).get("setup_state"))
    if state != "connected":
        changes.append(Change("test", "setup tests", state, "passed"))
    return Plan(connection_id, tuple(changes), tuple(notes))


def _with_secrets(
    plan: Plan,
    config: Connection,
    connection: Record,
    sent: Mapping[str, Fingerprint],
    wanted: Mapping[str, Fingerprint],
) -> Plan:
    changes = tuple(of_secrets(config, connection, sent, wanted))
    return replace(plan, changes=(*changes, *plan.changes))


def _merge(into: Record, body: Record) -> None:
    for key, value in body.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value
