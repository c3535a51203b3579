"""Keeps two batches from forecasting the same warehouse at once."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

import psycopg

from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError

# "phfc": the first of the two keys of PostgreSQL's advisory locks, so that no other program's meets ours.
_CLASS = 0x70686663


@contextmanager
def only_batch(conn: psycopg.Connection, schema: str) -> Iterator[None]:
    """Holds the lock of a schema's batches while the block runs, by the connection that writes them.

    The database frees it when the connection ends, however it ends.

    Raises:
        ProhandelError: another batch or backtest holds it (exit code 4); says since when.
    """
    key = zlib.crc32(schema.encode()) & 0x7FFFFFFF
    # Models are trained for minutes, in which the connection says nothing.
    conn.execute("set idle_session_timeout = 0")
    row = conn.execute("select pg_try_advisory_lock(%s, %s)", [_CLASS, key]).fetchone()
    if not (row and row[0]):
        raise _held(conn, key, schema)
    try:
        yield
    finally:
        if not conn.closed and not conn.broken:
            conn.execute("select pg_advisory_unlock(%s, %s)", [_CLASS, key])


def _held(conn: psycopg.Connection, key: int, schema: str) -> ProhandelError:
    holder = conn.execute(
        """
        select activity.application_name, activity.backend_start
        from pg_locks as locks
        inner join pg_stat_activity as activity on locks.pid = activity.pid
        where locks.locktype = 'advisory' and locks.granted and locks.classid = %s and locks.objid = %s
            and locks.database = (select oid from pg_database where datname = current_database())
        """,
        [_CLASS, key],
    ).fetchone()
    who = "it has ended this moment"
    if holder:
        application, since = holder
        who = f"{application or 'unnamed'}, connected since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return ProhandelError(
        f"Another batch is writing forecasts to the schema {schema}: {who}.",
        "Wait for it; one that was killed frees the lock at once.",
        exit_code=EXIT_ANOTHER_RUN,
    )
