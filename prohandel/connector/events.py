"""The events that a webhook has brought, remembered in the warehouse, so that each is acted on once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError

SUCCESSFUL = "SUCCESSFUL"
FAILURES = ("FAILURE", "FAILURE_WITH_TASK")
SYNC_END = "sync_end"
OLDEST = timedelta(hours=25)
"""Fivetran sends an event again for up to 24 hours, with the time of the first attempt."""
AHEAD = timedelta(minutes=5)

Taken = Literal["starts a run", "told", "noted", "known"]


class RefusedError(Exception):
    """An event that is not taken.

    Args:
        status: of HTTP.
        why: for the sender; tells nothing that the sender does not know.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True)
class Event:
    """An event of Fivetran.

    Attributes:
        name: e.g. "sync_end".
        created: when Fivetran wrote it.
        connection_id: whose.
        sync_id: of the sync; empty where it is about none.
        status: of the sync, for sync_end: SUCCESSFUL, FAILURE, FAILURE_WITH_TASK, RESCHEDULED, CANCELED.
        reason: Fivetran's words, for a sync that did not succeed.
    """

    name: str
    created: datetime
    connection_id: str
    sync_id: str
    status: str
    reason: str = ""

    @property
    def starts_run(self) -> bool:
        """Are there new rows to build from?"""
        return self.name == SYNC_END and self.status == SUCCESSFUL

    @property
    def is_failure(self) -> bool:
        """Did a sync end without bringing its rows?"""
        return self.name == SYNC_END and self.status in FAILURES


def is_signed(body: bytes, signature: str | None, secret: bytes) -> bool:
    """Whether the header X-Fivetran-Signature-256 fits the body: hex HMAC-SHA256, in either case; in constant time."""
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    given = (signature or "").strip().lower().encode("utf-8", "replace")
    return hmac.compare_digest(expected.encode(), given)


def event_of(body: bytes) -> Event | None:
    """Reads the body of a request.

    Returns:
        None for an event that is about no sync, such as the one that Fivetran tries a new webhook with.

    Raises:
        RefusedError: it is no event.
    """
    try:
        content = json.loads(body)
    except ValueError:
        raise RefusedError(400, "no JSON") from None
    if not isinstance(content, Mapping) or not isinstance(content.get("event"), str):
        raise RefusedError(400, "no event")
    if not content.get("sync_id"):
        return None
    try:
        created = datetime.fromisoformat(str(content.get("created")))
    except ValueError:
        raise RefusedError(400, "no time of creation") from None
    data = content.get("data")
    data = data if isinstance(data, Mapping) else {}
    return Event(
        str(content["event"])[:60],
        created if created.tzinfo else created.replace(tzinfo=UTC),
        str(content.get("connector_id") or "")[:100],
        str(content["sync_id"])[:100],
        str(data.get("status") or "")[:60],
        str(data.get("reason") or "")[:500],
    )


def check_age(event: Event, now: datetime) -> None:
    """Refuses what is too old to be a repetition of Fivetran's, or of the future.

    Raises:
        RefusedError: with status 400.
    """
    if event.created < now - OLDEST:
        raise RefusedError(400, "too old")
    if event.created > now + AHEAD:
        raise RefusedError(400, "of the future")


@dataclass(frozen=True)
class Failing:
    """A connection whose syncs fail.

    Attributes:
        connection_id: whose.
        since: end of the first that failed after the last that ended well.
        syncs: how many have failed since.
        status: of the newest.
        reason: Fivetran's words on it.
    """

    connection_id: str
    since: datetime
    syncs: int
    status: str
    reason: str


@dataclass(frozen=True)
class Events:
    """The table of events.

    Attributes:
        conn: each statement its own transaction.
        schema: operations, or its name on this target.
    """

    conn: psycopg.Connection[Any]
    schema: str

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(self.schema, "webhook_events")

    def prepare(self) -> None:
        """Creates schema and table where they are missing."""
        with self.conn.transaction():
            # Two processes that create the same schema at once would fail.
            self.conn.execute("select pg_advisory_xact_lock(hashtext('prohandel operations'))")
            self.conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(self.schema)))
            self.conn.execute(
                sql.SQL(
                    """
                    create table if not exists {} (
                        connection_id text not null,
                        sync_id text not null,
                        event text not null,
                        created timestamptz not null,
                        status text not null,
                        reason text not null,
                        received_at timestamptz not null default now(),
                        is_waiting boolean not null,
                        run_began_at timestamptz,
                        run_ended_at timestamptz,
                        exit_code integer,
                        primary key (connection_id, sync_id, event, created)
                    )
                    """
                ).format(self._table)
            )

    def take(self, event: Event) -> Taken:
        """Remembers an event; `known` where it was remembered before."""
        taken = self.conn.execute(
            sql.SQL(
                """
                insert into {} (connection_id, sync_id, event, created, status, reason, is_waiting)
                values (%s, %s, %s, %s, %s, %s, %s)
                on conflict do nothing
                """
            ).format(self._table),
            [
                event.connection_id, event.sync_id, event.name, event.created, event.status, event.reason,
                event.starts_run,
            ],
        )  # fmt: skip
        if taken.rowcount == 0:
            return "known"
        if event.starts_run:
            return "starts a run"
        return "told" if event.is_failure else "noted"

    def waiting(self) -> int:
        """How many events wait for a run."""
        row = self.conn.execute(sql.SQL("select count(*) from {} where is_waiting").format(self._table)).fetchone()
        return int(row[0]) if row else 0

    def begin_run(self) -> datetime:
        """Notes that a run begins, and returns when, by the database's clock."""
        row = self.conn.execute(
            sql.SQL(
                """
                with moment as (select clock_timestamp() as at),
                begun as (
                    update {} as events set run_began_at = moment.at, run_ended_at = null, exit_code = null
                    from moment where events.is_waiting
                )
                select at from moment
                """
            ).format(self._table)
        ).fetchone()
        if row is None:
            raise ProhandelError("The database gave no time.")
        return row[0]  # type: ignore[no-any-return]

    def end_run(self, began: datetime, exit_code: int) -> None:
        """Notes that the run has ended which saw all events that waited when it began."""
        self.conn.execute(
            sql.SQL(
                """
                update {} set is_waiting = false, run_ended_at = clock_timestamp(), exit_code = %s
                where is_waiting and run_began_at = %s
                """
            ).format(self._table),
            [exit_code, began],
        )

    def failing(self) -> list[Failing]:
        """The connections whose syncs fail: no later one has ended well."""
        found = self.conn.execute(
            sql.SQL(
                """
                with ended as (
                    select
                        connection_id,
                        created,
                        status,
                        reason,
                        max(created) filter (where status = %(well)s) over (partition by connection_id) as last_success
                    from {}
                    where event = %(end)s and status = any(%(ends)s)
                )
                select
                    connection_id,
                    min(created),
                    count(*),
                    (array_agg(status order by created desc))[1],
                    (array_agg(reason order by created desc))[1]
                from ended
                where last_success is null or created > last_success
                group by connection_id
                order by connection_id
                """
            ).format(self._table),
            {"well": SUCCESSFUL, "end": SYNC_END, "ends": [SUCCESSFUL, *FAILURES]},
        )
        return [Failing(*row) for row in found]

    def newest(self, count: int = 10) -> list[dict[str, Any]]:
        """The newest events as plain values."""
        cursor = self.conn.execute(
            sql.SQL(
                "select connection_id, sync_id, event, created, status, reason, received_at, is_waiting, run_began_at,"
                " run_ended_at, exit_code from {} order by received_at desc, created desc limit %s"
            ).format(self._table),
            [count],
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]
