"""What each command about syncs begins with: the id of the connection, and a way to say lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prohandel.console import err

if TYPE_CHECKING:
    from prohandel.connector.config import Connection
    from prohandel.connector.fivetran import Fivetran


def connection_id_of(client: Fivetran, config: Connection) -> str:
    """Fivetran's id of the connection.

    Raises:
        ProhandelError: it has not been created, or the API key sees no such group.
    """
    from prohandel.connector.located import require

    return str(require(client, config)["id"])


def say_line(what: str) -> None:
    """Says a line on standard error."""
    err.print(what, markup=False, soft_wrap=True)
