"""Keeps two runs from writing to the same schemas at once."""

from __future__ import annotations

import os
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

import psycopg

from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError
from prohandel.pipeline.target import Target

# "phan": the first of the two keys of PostgreSQL's advisory locks, so that no other program's meets ours.
_CLASS = 0x7068616E


class Lock:
    """A target's lock, held by a connection of its own.

    Args:
        target: whose schemas it is about.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._key = zlib.crc32(target.schema_of("marts").encode()) & 0x7FFFFFFF
        self._conn: psycopg.Connection | None = None

    def hold(self) -> None:
        """Takes the lock, or makes sure that it is still held: a server that was restarted has freed it.

        Raises:
            ProhandelError: another run holds it (exit code 4); says who, from where and since when.
        """
        if self._conn is not None:
            try:
                self._conn.execute("select 1")
            except psycopg.OperationalError:
                self.release()
            else:
                return
        self._conn = self._target.connect(f"prohandel run {os.getpid()} {socket.gethostname()}"[:63])
        self._conn.execute("set idle_session_timeout = 0")
        row = self._conn.execute("select pg_try_advisory_lock(%s, %s)", [_CLASS, self._key]).fetchone()
        if row and row[0]:
            return
        holder = self._conn.execute(
            """
            select activity.application_name, activity.usename, activity.backend_start
            from pg_locks as locks
            inner join pg_stat_activity as activity on locks.pid = activity.pid
            where locks.locktype = 'advisory' and locks.granted and locks.classid = %s and locks.objid = %s
                and locks.database = (select oid from pg_database where datname = current_database())
            """,
            [_CLASS, self._key],
        ).fetchone()
        self.release()
        raise _held(self._target, holder)

    def release(self) -> None:
        """Frees the lock."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None


@contextmanager
def only_run(target: Target) -> Iterator[Lock]:
    """Holds the target's lock while the block runs. The database frees it when we end, however we end.

    Raises:
        ProhandelError: another run holds it (exit code 4); says who, from where and since when.
    """
    lock = Lock(target)
    lock.hold()
    try:
        yield lock
    finally:
        lock.release()


def _held(target: Target, holder: tuple[object, ...] | None) -> ProhandelError:
    if holder is None:
        who = "It has ended this moment."
    else:
        application, user, since = holder
        words = str(application).split()
        place = f"process {words[2]} on {words[3]}" if len(words) == 4 else str(application)
        started = f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if hasattr(since, "astimezone") else "unknown"
        who = f"{place} as {user}, since {started}."
    return ProhandelError(
        f"Another run is writing to {target.address}: {who}",
        "Wait for it; a run that was killed frees the lock at once.",
        exit_code=EXIT_ANOTHER_RUN,
    )
