"""What the Fivetran API says of a connection at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prohandel.errors import ProhandelError


@dataclass(frozen=True)
class Notice:
    """A task or a warning of a connection.

    Attributes:
        code: Fivetran's, e.g. "reconnect".
        message: Fivetran's words; empty where it has none.
    """

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code and self.message else self.message or self.code


@dataclass(frozen=True)
class Snapshot:
    """A connection as the API describes it.

    Attributes:
        connection_id: Fivetran's.
        schema: where it lands.
        is_paused: nothing starts by itself.
        schedule_type: auto or manual; under manual nothing starts unless it is asked for, not even a rescheduled sync.
        sync_frequency: minutes between two syncs of an automatic schedule; None where it is not told.
        setup_state: incomplete, connected or broken.
        sync_state: scheduled, syncing, paused or rescheduled.
        update_state: on_schedule or delayed.
        is_historical: the first sync, or a re-sync, is not complete yet.
        succeeded_at: end of the newest sync that succeeded; None before the first.
        failed_at: end of the newest sync that failed; None where none has.
        rescheduled_for: when a rescheduled sync is to start; None where it is not told.
        tasks: what somebody has to do before a sync can succeed.
        warnings: what Fivetran thinks is odd.
    """

    connection_id: str
    schema: str
    is_paused: bool
    schedule_type: str
    sync_frequency: int | None
    setup_state: str
    sync_state: str
    update_state: str
    is_historical: bool
    succeeded_at: datetime | None
    failed_at: datetime | None
    rescheduled_for: datetime | None
    tasks: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()

    @property
    def ended_at(self) -> datetime | None:
        """End of the newest sync, however it ended; None before the first."""
        return max((at for at in (self.succeeded_at, self.failed_at) if at), default=None)

    @property
    def is_syncing(self) -> bool:
        """Does a sync run?"""
        return self.sync_state == "syncing"

    @property
    def is_broken(self) -> bool:
        """Can no sync succeed before somebody has repaired the connection?"""
        return self.setup_state == "broken"

    @property
    def has_failed_last(self) -> bool:
        """Did the newest sync fail?"""
        return self.failed_at is not None and self.failed_at == self.ended_at

    @property
    def states(self) -> tuple[str, ...]:
        """What is to be said of it in a few words, the plainest first."""
        said = ["paused" if self.is_paused and not self.is_syncing else self.sync_state]
        said += [self.setup_state] if self.setup_state != "connected" else []
        said += ["delayed"] if self.update_state == "delayed" else []
        said += ["historical"] if self.is_historical else []
        return tuple(dict.fromkeys(said))

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {
            "connection_id": self.connection_id,
            "schema": self.schema,
            "paused": self.is_paused,
            "schedule_type": self.schedule_type,
            "sync_frequency": self.sync_frequency,
            "setup_state": self.setup_state,
            "sync_state": self.sync_state,
            "update_state": self.update_state,
            "is_historical_sync": self.is_historical,
            "succeeded_at": self.succeeded_at,
            "failed_at": self.failed_at,
            "rescheduled_for": self.rescheduled_for,
            "tasks": [str(task) for task in self.tasks],
            "warnings": [str(warning) for warning in self.warnings],
        }


def snapshot_of(connection: Mapping[str, Any]) -> Snapshot:
    """Reads `data` of GET /connections/{id}.

    Raises:
        ProhandelError: it has no id or no status, or a time in it is none.
    """
    status = connection.get("status")
    if not isinstance(status, Mapping) or not connection.get("id"):
        raise ProhandelError(
            "Fivetran described a connection without an id or without its status.",
            "Is FIVETRAN_API_URL the address of the Fivetran API, version 1? Unset it for the documented one.",
        )
    frequency = connection.get("sync_frequency")
    return Snapshot(
        connection_id=str(connection["id"]),
        schema=str(connection.get("schema") or ""),
        is_paused=bool(connection.get("paused")),
        schedule_type=str(connection.get("schedule_type") or "auto"),
        sync_frequency=int(frequency) if frequency else None,
        setup_state=str(status.get("setup_state") or "incomplete"),
        sync_state=str(status.get("sync_state") or "scheduled"),
        update_state=str(status.get("update_state") or "on_schedule"),
        is_historical=bool(status.get("is_historical_sync")),
        succeeded_at=time_of(connection.get("succeeded_at"), "succeeded_at"),
        failed_at=time_of(connection.get("failed_at"), "failed_at"),
        rescheduled_for=time_of(status.get("rescheduled_for"), "rescheduled_for"),
        tasks=_notices(status.get("tasks")),
        warnings=_notices(status.get("warnings")),
    )


def time_of(value: object, name: str) -> datetime | None:
    """A time of the API, in UTC where it names no zone; None where there is none.

    Raises:
        ProhandelError: it is no time.
    """
    if not value:
        return None
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ProhandelError(f"Fivetran gave {name} as {str(value)[:40]!r}, which is no time.") from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _notices(found: object) -> tuple[Notice, ...]:
    if not isinstance(found, Sequence) or isinstance(found, str):
        return ()
    return tuple(
        Notice(str(one.get("code") or ""), str(one.get("message") or "")) for one in found if isinstance(one, Mapping)
    )
