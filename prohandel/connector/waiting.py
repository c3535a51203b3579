"""Waits for a sync to end, and says how, without taking another sync for it and without waiting for ever.

The API gives a sync no name: a started one can only be told by what the connection looks like afterwards. What counts
as the end of *the* sync is therefore an end of a sync that began after it was asked for:

- a sync that runs already is waited for first, and its end does not count;
- the newest end told before asking is the baseline, and an older or equal one does not count;
- an end that is told after asking, before a sync was seen to run, and that bears a time before the asking, moves the
  baseline.

`look` decides from one description of the connection to the next; it reads no clock and sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from prohandel.connector.snapshot import Snapshot


class Ending(StrEnum):
    """How waiting ended."""

    succeeded = "succeeded"
    failed = "failed"
    failed_with_task = "failed with a task"
    broken = "broken"
    paused = "paused"
    cancelled = "cancelled"
    not_started = "not started"
    rescheduled = "rescheduled"
    time_limit = "time limit"


class Phase(StrEnum):
    """What is waited for."""

    before = "before"
    """Nothing has been asked for yet; another sync may have to end first."""
    asked = "asked"
    """The sync was asked for, or is expected by its schedule, and was not seen to begin."""
    running = "running"
    rescheduled = "rescheduled"


class Step(StrEnum):
    """What to do next."""

    ask = "ask"
    look_again = "look again"
    stop = "stop"


@dataclass(frozen=True)
class Limits:
    """When waiting is given up.

    Attributes:
        total: for the whole of it.
        start: for a sync that was asked for to begin; then it is asked for again.
        asks: how often it is asked for.
        quiet: how long a connection may be without a sync and without its end before the sync counts as cancelled:
            the end is told a moment after the state.
        pause: between two requests for the same sync.
    """

    total: timedelta = timedelta(hours=6)
    start: timedelta = timedelta(minutes=10)
    asks: int = 3
    quiet: timedelta = timedelta(minutes=1)
    pause: timedelta = timedelta(minutes=1)


@dataclass(frozen=True)
class Wait:
    """What is known while waiting.

    Attributes:
        deadline: end of the whole time.
        limits: see `Limits`.
        may_ask: False for an onlooker, who starts nothing.
        force: the request stops a sync that runs, so that none has to be waited for.
        until_complete: the success of a sync that leaves the first sync unfinished is not the end of it.
        phase: what is waited for.
        baseline: the newest end that does not count.
        since: when the phase began.
        asked_at: when the sync was last asked for; None where it was not.
        asks: how often it was asked for.
        asked_for: the time that a rescheduled sync was set to when it was last asked for.
        quiet_since: since when neither a sync nor its end is to be seen.
        ending: how it ended; None before.
    """

    deadline: datetime
    limits: Limits
    may_ask: bool = True
    force: bool = False
    until_complete: bool = False
    phase: Phase = Phase.before
    baseline: datetime | None = None
    since: datetime | None = None
    asked_at: datetime | None = None
    asks: int = 0
    asked_for: datetime | None = None
    quiet_since: datetime | None = None
    ending: Ending | None = None


def begin(now: datetime, limits: Limits | None = None, *, force: bool = False) -> Wait:
    """Waiting for a sync that is still to be asked for.

    Args:
        now: by the clock that every later look uses.
        limits: when to give up.
        force: the asking stops a sync that runs, so that none has to be waited for.
    """
    given = limits or Limits()
    return Wait(now + given.total, given, force=force, since=now)


def onlook(seen: Snapshot, now: datetime, limits: Limits | None = None) -> Wait:
    """Waiting as an onlooker: for what runs, or for what the schedule will start."""
    given = limits or Limits()
    return Wait(
        now + given.total,
        given,
        may_ask=False,
        until_complete=True,
        phase=Phase.running if seen.is_syncing else Phase.asked,
        baseline=seen.ended_at,
        since=now,
    )


def asked(wait: Wait, now: datetime) -> Wait:
    """The request was taken, or may have been."""
    return replace(wait, phase=Phase.asked, since=now, asked_at=now, asks=wait.asks + 1, quiet_since=None)


def refused(wait: Wait, now: datetime) -> Wait:
    """The request was refused because a sync runs: that one has to end first."""
    return replace(wait, phase=Phase.before, since=now, quiet_since=None)


def look(wait: Wait, seen: Snapshot, now: datetime) -> tuple[Wait, Step]:
    """Decides from what the connection looks like now.

    Args:
        wait: what was known before.
        seen: the connection.
        now: by the clock of `begin`.

    Returns:
        What is known then, and what to do: ask for the sync, look again later, or stop, with an ending.
    """
    wait = _without_older(wait, seen)
    if wait.phase is not Phase.before and (ending := _end_of(wait, seen)):
        if ending is not Ending.succeeded or not (wait.until_complete and seen.is_historical):
            return _stop(wait, ending)
        wait = replace(wait, baseline=seen.ended_at, phase=Phase.asked, since=now, quiet_since=None)
    if now >= wait.deadline:
        return _stop(wait, Ending.time_limit)
    if wait.phase is Phase.before:
        return _to_be_asked(wait, seen)
    if seen.is_syncing:
        return _running(wait, now), Step.look_again
    if wait.phase is Phase.running and seen.sync_state != "rescheduled":
        return _gone_quiet(wait, seen, now)
    if _is_paused(seen):
        return _stop(wait, Ending.paused)
    if seen.sync_state == "rescheduled":
        return _rescheduled(wait, seen, now)
    return _not_begun(wait, seen, now)


def _without_older(wait: Wait, seen: Snapshot) -> Wait:
    """Moves the baseline where an end is told only now that came before the asking.

    Once the sync was seen to run no clock is asked any more: ours may differ from Fivetran's.
    """
    ended_at = seen.ended_at
    if wait.phase is Phase.running or wait.asked_at is None or ended_at is None or ended_at >= wait.asked_at:
        return wait
    return replace(wait, baseline=ended_at)


def _end_of(wait: Wait, seen: Snapshot) -> Ending | None:
    """How the sync ended, if one has ended that counts."""
    ended_at = seen.ended_at
    if ended_at is None or (wait.baseline is not None and ended_at <= wait.baseline):
        return None
    if not seen.has_failed_last:
        return Ending.succeeded
    if seen.is_broken:
        return Ending.broken
    return Ending.failed_with_task if seen.tasks else Ending.failed


def _to_be_asked(wait: Wait, seen: Snapshot) -> tuple[Wait, Step]:
    if seen.is_syncing and not wait.force:
        return wait, Step.look_again
    return _stop(wait, Ending.paused) if _is_paused(seen) else _ask(wait, seen)


def _ask(wait: Wait, seen: Snapshot) -> tuple[Wait, Step]:
    return replace(wait, baseline=seen.ended_at, asked_for=seen.rescheduled_for), Step.ask


def _running(wait: Wait, now: datetime) -> Wait:
    since = wait.since if wait.phase is Phase.running else now
    return replace(wait, phase=Phase.running, since=since, quiet_since=None)


def _gone_quiet(wait: Wait, seen: Snapshot, now: datetime) -> tuple[Wait, Step]:
    """It ran, it runs no longer, and no end of it is told."""
    since = wait.quiet_since or now
    if now < since + wait.limits.quiet:
        return replace(wait, quiet_since=since), Step.look_again
    if seen.is_broken:
        return _stop(wait, Ending.broken)
    return _stop(wait, Ending.paused if _is_paused(seen) else Ending.cancelled)


def _rescheduled(wait: Wait, seen: Snapshot, now: datetime) -> tuple[Wait, Step]:
    """Fivetran will start it later by itself; under a manual schedule somebody has to ask for it."""
    if wait.phase is not Phase.rescheduled:
        wait = replace(wait, phase=Phase.rescheduled, since=now, quiet_since=None)
    due = seen.rescheduled_for
    if due is None or due == wait.asked_for:
        # Not told, or told before it was asked for last.
        due = (wait.since or now) + wait.limits.start
    if due >= wait.deadline:
        return _stop(wait, Ending.rescheduled)
    if seen.schedule_type == "manual":
        if not wait.may_ask:
            return _stop(wait, Ending.rescheduled)
        if wait.asked_at:
            due = max(due, wait.asked_at + wait.limits.pause)
        return _ask(wait, seen) if now >= due else (wait, Step.look_again)
    if now < due + wait.limits.start:
        return wait, Step.look_again
    return _ask_or_stop(wait, seen)


def _not_begun(wait: Wait, seen: Snapshot, now: datetime) -> tuple[Wait, Step]:
    """It was asked for, or is due, and has not begun."""
    since = wait.since or now
    if wait.phase is Phase.rescheduled:
        # The state is "scheduled" again for the moment before it begins.
        since, wait = now, replace(wait, phase=Phase.asked, since=now)
    if now < since + _patience(wait, seen):
        return wait, Step.look_again
    if seen.is_broken:
        return _stop(wait, Ending.broken)
    return _ask_or_stop(wait, seen)


def _ask_or_stop(wait: Wait, seen: Snapshot) -> tuple[Wait, Step]:
    """Asks once more, unless it was asked for often enough."""
    if wait.may_ask and wait.asks < wait.limits.asks:
        return _ask(wait, seen)
    return _stop(wait, Ending.not_started)


def _is_paused(seen: Snapshot) -> bool:
    return seen.is_paused or seen.sync_state == "paused"


def _patience(wait: Wait, seen: Snapshot) -> timedelta:
    """How long a sync may take to begin: an onlooker waits for the schedule as well."""
    if wait.may_ask or seen.schedule_type == "manual":
        return wait.limits.start
    return wait.limits.start + timedelta(minutes=seen.sync_frequency or 60)


def _stop(wait: Wait, ending: Ending) -> tuple[Wait, Step]:
    return replace(wait, ending=ending), Step.stop
