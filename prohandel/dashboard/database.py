"""The pool of read-only connections, and the queries that the pages ask through it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import psycopg
from psycopg import sql
from psycopg.types.numeric import FloatLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from prohandel import warehouse
from prohandel.dashboard.settings import ROLE, Settings
from prohandel.errors import ProhandelError

MOST_ROWS = 5000
"""No query brings more rows than this into a page."""

_CONNECTIONS = 8
_SECONDS_FOR_A_CONNECTION = 3.0
_SECONDS_FOR_A_QUERY = 60
_AT_MOST = sql.SQL("select * from ({}) as asked limit %(most_rows)s")
_DATES = {1082}  # pg_type: date
_NUMBERS = {20, 21, 23, 701, 1700}  # pg_type: int8, int2, int4, float8, numeric
_NAMED = re.compile(r"%\((\w+)\)s")

Pool = ConnectionPool[psycopg.Connection[Any]]


class Query(NamedTuple):
    """A statement over the marts and its parameters; the names of tables need no schema."""

    statement: sql.Composable
    parameters: Mapping[str, Any]

    def text(self) -> str:
        """The statement as the server reads it, without the values of parameters."""
        return self.statement.as_string(None)

    def used(self) -> dict[str, Any]:
        """The parameters that the statement names."""
        return {name: self.parameters[name] for name in sorted(set(_NAMED.findall(self.text())))}


class DatabaseGoneError(ProhandelError):
    """The database does not answer."""


class QueryTooSlowError(ProhandelError):
    """A query was stopped because it took too long."""


def open_pool(settings: Settings) -> Pool:
    """A pool whose connections cannot write, look in marts and quality only, and come back after a restart."""

    def parameters() -> dict[str, Any]:
        # The embedded server may come back on another socket.
        moved = warehouse.parameters(settings.home) if settings.home else {}
        return {**moved, "application_name": "prohandel dashboard", "connect_timeout": 3}

    def configure(conn: psycopg.Connection[Any]) -> None:
        conn.autocommit = True
        member = conn.execute(
            "select 1 from pg_roles where rolname = %s and pg_has_role(current_user, oid, 'member')", [ROLE]
        ).fetchone()
        if member:
            conn.execute(sql.SQL("set role {}").format(sql.Identifier(ROLE)))
        schemas = sql.SQL(", ").join([sql.Identifier(settings.marts), sql.Identifier(settings.quality)])
        conn.execute(sql.SQL("set search_path = {}").format(schemas))
        conn.execute("set default_transaction_read_only = on")
        conn.execute(sql.SQL("set statement_timeout = {}").format(sql.Literal(f"{_SECONDS_FOR_A_QUERY}s")))
        conn.execute("set timezone = 'Europe/Berlin'")
        # pandas computes with floats; numeric would come as Decimal objects.
        conn.adapters.register_loader("numeric", FloatLoader)
        conn.prepare_threshold = None

    return ConnectionPool(
        kwargs=parameters,
        configure=configure,
        check=ConnectionPool.check_connection,
        min_size=0,
        max_size=_CONNECTIONS,
        max_idle=300,
        timeout=_SECONDS_FOR_A_CONNECTION,
        reconnect_timeout=_SECONDS_FOR_A_CONNECTION,
        open=True,
        name="dashboard",
    )


def fetch(pool: Pool, query: Query) -> pd.DataFrame:
    """The rows of a query, at most MOST_ROWS of them.

    Raises:
        DatabaseGoneError: no connection to be had, or it broke.
        ProhandelError: the database refuses the query.
    """
    try:
        with pool.connection() as conn, conn.cursor() as cursor:
            cursor.execute(_AT_MOST.format(query.statement), {**query.used(), "most_rows": MOST_ROWS})
            columns = cursor.description or ()
            frame = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in columns])
    except (PoolTimeout, psycopg.OperationalError, ProhandelError) as error:
        if isinstance(error, psycopg.errors.QueryCanceled):
            raise QueryTooSlowError(
                f"A query took longer than {_SECONDS_FOR_A_QUERY} seconds and was stopped.",
                "Choose a shorter period or fewer branches and try again.",
            ) from error
        raise DatabaseGoneError(
            "The database does not answer.",
            "The page works again as soon as it does. Embedded warehouse: prohandel db start",
        ) from error
    except psycopg.Error as error:
        raise warehouse.explain(error) from error
    for column in columns:
        if column.type_code in _DATES:
            frame[column.name] = pd.to_datetime(frame[column.name])
        elif column.type_code in _NUMBERS:
            frame[column.name] = pd.to_numeric(frame[column.name])
    return frame
