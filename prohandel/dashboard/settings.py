"""What the command hands to the Streamlit process: where the marts lie and how to get there.

The way is the environment, and the connection is libpq's own (PGHOST, PGPASSWORD and so on), so that the server needs
neither dbt nor a profile, and no password stands in an argument.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from prohandel.errors import ProhandelError

if TYPE_CHECKING:
    from prohandel.pipeline.target import Target

Access = Literal["none", "proxy", "oidc"]
"""Who says who looks: nobody, a proxy in front by a header, or OpenID Connect."""

ROLE = "prohandel_dashboard"
"""The role that `prohandel roles apply` makes; it reads marts and quality alone."""

_LIBPQ = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
}


@dataclass(frozen=True)
class Settings:
    """Where the dashboard reads from.

    Attributes:
        marts: schema of the marts.
        quality: schema of the quality marts.
        manifest: dbt's manifest.json, which defines the numbers; it may be missing.
        home: of the embedded warehouse, whose socket may move with a restart; None for another server.
        host: of the server, with the database a part of the key of caches.
        database: name of the database.
        now: the moment that staleness is measured at, where the landing is simulated; None for the clock.
        access: who says who looks.
        user_header: in which a proxy says it.
    """

    marts: str
    quality: str
    manifest: Path
    home: Path | None
    host: str
    database: str
    now: datetime | None
    access: Access = "none"
    user_header: str = "X-Forwarded-Email"

    def moment(self) -> datetime:
        """Now, or the moment at which a simulated landing ends."""
        return self.now or datetime.now(UTC)


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings as the command left them.

    Raises:
        ProhandelError: the app was started without the command.
    """
    if "PROHANDEL_DASHBOARD_MARTS" not in environment:
        raise ProhandelError("The dashboard does not know its warehouse.", "Start it with: prohandel dashboard")
    access = environment.get("PROHANDEL_DASHBOARD_ACCESS", "none")
    if access not in get_args(Access):
        raise ProhandelError(
            f"PROHANDEL_DASHBOARD_ACCESS is {access!r}.", f"Choose one of {', '.join(get_args(Access))}."
        )
    home = environment.get("PROHANDEL_DASHBOARD_HOME")
    now = environment.get("PROHANDEL_DASHBOARD_NOW")
    return Settings(
        marts=environment["PROHANDEL_DASHBOARD_MARTS"],
        quality=environment.get("PROHANDEL_DASHBOARD_QUALITY", "quality"),
        manifest=Path(environment.get("PROHANDEL_DASHBOARD_MANIFEST", "target/manifest.json")),
        home=Path(home) if home else None,
        host=environment.get("PGHOST", ""),
        database=environment.get("PGDATABASE", ""),
        now=datetime.fromisoformat(now) if now else None,
        access=access,  # type: ignore[arg-type]
        user_header=environment.get("PROHANDEL_DASHBOARD_USER_HEADER", "X-Forwarded-Email"),
    )


def environment_of(target: Target, now: str | None) -> dict[str, str]:
    """The variables from which `from_environment` reads a target.

    Args:
        target: the warehouse.
        now: of a simulated landing, ISO 8601; None for the clock.
    """
    found = {
        "PROHANDEL_DASHBOARD_MARTS": target.schema_of("marts"),
        "PROHANDEL_DASHBOARD_QUALITY": target.schema_of("quality"),
        "PROHANDEL_DASHBOARD_MANIFEST": str(target.artifacts / "manifest.json"),
    }
    if target.is_embedded:
        found["PROHANDEL_DASHBOARD_HOME"] = str(target.home)
    if now:
        found["PROHANDEL_DASHBOARD_NOW"] = now
    return found | {_LIBPQ[key]: value for key, value in target.connection.items() if key in _LIBPQ}
