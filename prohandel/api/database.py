"""The pool of connections: read-only, each statement limited in time, back after a restart of the database."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from prohandel import warehouse

if TYPE_CHECKING:
    from prohandel.pipeline.target import Target

ROLE = "prohandel_api"
"""The role of `prohandel roles apply`; it reads marts and forecasts, and writes overrides."""
SECONDS_FOR_A_STATEMENT = 5
_SECONDS_FOR_A_CONNECTION = 3.0
_SECONDS_OF_NEWEST = 5.0

Pool = ConnectionPool[psycopg.Connection[Any]]
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Schemas:
    """Where a target keeps what the API reads."""

    marts: str
    forecasting: str

    def sql(self, text: str) -> sql.Composed:
        """A statement with the schemas at {marts} and {forecasting}."""
        return sql.SQL(text).format(marts=sql.Identifier(self.marts), forecasting=sql.Identifier(self.forecasting))


def schemas_of(target: Target) -> Schemas:
    """The schemas of a target."""
    return Schemas(target.schema_of("marts"), target.schema_of("forecasting"))


def pool_of(target: Target, size: int) -> Pool:
    """A pool that is not open yet.

    Args:
        target: whose database.
        size: most connections at once.
    """
    marts = target.schema_of("marts")

    def parameters() -> dict[str, Any]:
        # The embedded server may come back on another socket.
        moved = warehouse.parameters(target.home, target.connection["dbname"]) if target.is_embedded else {}
        return {**target.connection, **moved, "application_name": "prohandel api", "connect_timeout": 3}

    def configure(conn: Connection) -> None:
        conn.autocommit = True
        # The marts are replaced while connections live.
        conn.prepare_threshold = None
        role = target.role or _role_of_api(conn, marts)
        if role:
            conn.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        conn.execute("set default_transaction_read_only = on")
        conn.execute(sql.SQL("set statement_timeout = {}").format(sql.Literal(f"{SECONDS_FOR_A_STATEMENT}s")))
        conn.execute("set idle_in_transaction_session_timeout = '10s'")
        conn.execute("set search_path = pg_catalog")
        conn.execute("set jit = off")
        conn.execute("set datestyle = 'ISO, YMD'")
        conn.execute("set timezone = 'UTC'")

    return ConnectionPool(
        kwargs=parameters,
        configure=configure,
        check=ConnectionPool.check_connection,
        min_size=1,
        max_size=size,
        max_waiting=10 * size,
        max_idle=300,
        timeout=_SECONDS_FOR_A_CONNECTION,
        reconnect_timeout=_SECONDS_FOR_A_CONNECTION,
        open=False,
        name="api",
    )


def _role_of_api(conn: Connection, marts: str) -> str | None:
    """The role that `prohandel roles apply` made, if this connection may act as it and it reads these marts."""
    found = conn.execute(
        "select 1 from pg_roles join pg_namespace on nspname = %s"
        " where rolname = %s and pg_has_role(current_user, pg_roles.oid, 'member')"
        " and has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage')",
        [marts, ROLE],
    ).fetchone()
    return ROLE if found else None


def rows_of(conn: Connection, query: sql.Composed, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


@contextmanager
def writing(pool: Pool) -> Iterator[Connection]:
    """A connection within a transaction that may write; an error undoes it."""
    with pool.connection() as conn, conn.transaction():
        conn.execute("set transaction read write")
        yield conn


@dataclass(frozen=True)
class Newest:
    """What forecasts are to be read from.

    Attributes:
        as_of_date: day that the marts show; None before they were built or while they are empty.
        forecast_origin: of the newest batch up to that day; None without any.
        is_fresh: whether that batch is young enough to be used.
    """

    as_of_date: date | None
    forecast_origin: date | None
    is_fresh: bool

    @property
    def batch(self) -> date | None:
        """Origin of the batch to read from; None where the baseline in the marts is."""
        return self.forecast_origin if self.is_fresh else None

    @property
    def age_days(self) -> int:
        """Days from the origin to the as-of date."""
        if self.as_of_date is None or self.forecast_origin is None:
            return 0
        return (self.as_of_date - self.forecast_origin).days


class NewestBatch:
    """Which batch counts, by the rule of the mart `demand_forecast`; looked up again after some seconds.

    Args:
        schemas: of the target.
        most_age_days: the variable forecast_max_age_days.
    """

    def __init__(self, schemas: Schemas, most_age_days: int) -> None:
        self._schemas = schemas
        self._most_age_days = most_age_days
        self._found: tuple[float, Newest] | None = None

    def of(self, conn: Connection, *, fresh: bool = False) -> Newest:
        """Which batch counts now; `fresh` asks the database in any case."""
        if self._found and not fresh and time.monotonic() - self._found[0] < _SECONDS_OF_NEWEST:
            return self._found[1]
        as_of = conn.execute(
            self._schemas.sql("select as_of_date from {marts}.reorder_recommendations limit 1")
        ).fetchone()
        day = as_of[0] if as_of else None
        origin = None
        if day and self._has_forecasts(conn):
            newest = conn.execute(
                self._schemas.sql(
                    "select max(forecast_origin) from {forecasting}.forecasts where forecast_origin <= %s"
                ),
                [day],
            ).fetchone()
            origin = newest[0] if newest else None
        found = Newest(day, origin, bool(day and origin and (day - origin).days <= self._most_age_days))
        self._found = (time.monotonic(), found)
        return found

    def _has_forecasts(self, conn: Connection) -> bool:
        name = sql.Identifier(self._schemas.forecasting, "forecasts").as_string(conn)
        row = conn.execute("select to_regclass(%s) is not null", [name]).fetchone()
        return bool(row and row[0])
