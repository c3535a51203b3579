"""Asks for a sync, waits for its end, and says what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prohandel.connector.answers import FivetranError
from prohandel.connector.snapshot import Snapshot, snapshot_of
from prohandel.connector.waiting import Ending, Limits, Phase, Step, Wait, asked, begin, look, refused
from prohandel.errors import EXIT_GOOD, EXIT_SOURCE_STALE, EXIT_TESTS_FAILED

Look = Callable[[], dict[str, Any]]
"""GET /connections/{id}: the API's `data`."""

_BUSY = 409
_SOON = timedelta(minutes=2)
_LATER = timedelta(minutes=20)


@dataclass(frozen=True)
class Clock:
    """Time, and waiting; tests put their own in its place.

    Attributes:
        now: the time in UTC.
        sleep: waits so many seconds.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Outcome:
    """What became of a sync.

    Attributes:
        ending: how waiting for it ended.
        seen: the connection at that moment.
        asks: how often it was asked for.
        seconds: from the beginning of the command.
    """

    ending: Ending
    seen: Snapshot
    asks: int
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 it succeeded, 3 it may still succeed later, 1 it did not succeed."""
        if self.ending is Ending.succeeded:
            return EXIT_GOOD
        late = (Ending.time_limit, Ending.rescheduled)
        return EXIT_SOURCE_STALE if self.ending in late else EXIT_TESTS_FAILED

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`."""
        return {
            "ending": self.ending.value,
            "what": self.what,
            "remedy": self.remedy,
            "asks": self.asks,
            "seconds": round(self.seconds, 1),
            "connection": self.seen.as_json(),
        }

    @property
    def what(self) -> str:
        """What became of it, in one sentence."""
        return what_became(self.ending, self.seen)

    @property
    def remedy(self) -> str:
        """What to do; empty where there is nothing to do."""
        return _REMEDIES.get(self.ending, "")


_REMEDIES = {
    Ending.failed: "See the log: prohandel logs --errors. Fivetran tries again by its schedule.",
    Ending.failed_with_task: "Do what the task says, then: prohandel connector test",
    Ending.broken: "Repair what the task names, then: prohandel connector test, prohandel connector sync --wait",
    Ending.paused: "Nothing syncs before: prohandel connector resume",
    Ending.cancelled: "Somebody stopped it, in Fivetran or by asking with --force. Start another one.",
    Ending.not_started: "See prohandel connector status: is the account's limit reached, or the destination paused?",
    Ending.rescheduled: "Ask for it after that time: prohandel connector sync --wait",
    Ending.time_limit: "It goes on in Fivetran. Wait on: prohandel connector watch",
}


def what_became(ending: Ending, seen: Snapshot) -> str:
    """The ending in one sentence."""
    tasks = "; ".join(str(task) for task in seen.tasks)
    match ending:
        case Ending.succeeded:
            rest = ", and rows of the first sync are still to come" if seen.is_historical else ""
            return f"The sync has succeeded at {_time(seen.succeeded_at)}{rest}."
        case Ending.failed:
            return f"The sync has failed at {_time(seen.failed_at)}."
        case Ending.failed_with_task:
            return (
                f"The sync has failed at {_time(seen.failed_at)}, and Fivetran asks for something to be done: {tasks}"
            )
        case Ending.broken:
            return "The connection is broken: no sync can succeed" + (f": {tasks}" if tasks else ".")
        case Ending.paused:
            return "The connection is paused."
        case Ending.cancelled:
            return "The sync was stopped before its end."
        case Ending.not_started:
            return "The sync was asked for and did not begin."
        case Ending.rescheduled:
            return f"The sync is rescheduled for {_time(seen.rescheduled_for)}, which is too late to wait for."
        case Ending.time_limit:
            return f"The time for waiting is over; the connection is {', '.join(seen.states)}."


def wait_for_sync(
    read: Look,
    ask: Callable[[], object],
    clock: Clock,
    *,
    limits: Limits | None = None,
    force: bool = False,
    say: Callable[[str], None],
) -> Outcome:
    """Asks for a sync and waits for its end.

    Faults of the API while waiting are no end of the sync: it is looked at again until the time is over.

    Args:
        read: describes the connection.
        ask: asks for the sync; raises a FivetranError of status 409 where one runs already.
        clock: time and waiting.
        limits: when to give up.
        force: asking stops a sync that runs.
        say: is told what changes.

    Raises:
        FivetranError: the API refuses, or did not answer once within the whole time.
    """
    started = clock.now()
    wait = begin(started, limits, force=force)
    told = ""
    seen: Snapshot | None = None
    while True:
        try:
            seen = snapshot_of(read())
        except FivetranError as error:
            wait, seen = _unreadable(wait, seen, error, clock.now())
            if seen is not None and wait.ending is not None:
                return Outcome(wait.ending, seen, wait.asks, (clock.now() - started).total_seconds())
            say(f"{error.message} Looking again.")
            clock.sleep(interval(clock.now() - started))
            continue
        wait, step = look(wait, seen, clock.now())
        if wait.ending is not None:
            return Outcome(wait.ending, seen, wait.asks, (clock.now() - started).total_seconds())
        if (now_said := says(wait, seen)) != told and step is not Step.ask:
            told = now_said
            say(told)
        if step is Step.ask:
            wait = _asked(wait, ask, clock, say)
        clock.sleep(interval(clock.now() - started))


def _asked(wait: Wait, ask: Callable[[], object], clock: Clock, say: Callable[[str], None]) -> Wait:
    at = clock.now()
    try:
        ask()
    except FivetranError as error:
        if error.status == _BUSY:
            say("Another sync runs: this one is asked for when that one has ended")
            return refused(wait, clock.now())
        if error.status == 429:
            # The client has waited as long as it does; nothing was started.
            say(f"{error.message} Asking again.")
            return refused(wait, clock.now())
        if not error.is_fault:
            raise
        say(f"{error.message} It may have begun all the same.")
    else:
        say("Asked for the sync" + (" again" if wait.asks else ""))
    return asked(wait, at)


def _unreadable(wait: Wait, seen: Snapshot | None, error: FivetranError, now: datetime) -> tuple[Wait, Snapshot | None]:
    """What a look without an answer means: nothing, unless the API refuses for good or the time is over."""
    if not error.is_fault and error.status != 429:
        raise error
    if now < wait.deadline:
        return wait, seen
    if seen is None:
        raise error
    return look(wait, seen, now)[0], seen


def interval(elapsed: timedelta) -> float:
    """Seconds until the next look: short at first, so that a short sync is told at once."""
    if elapsed < _SOON:
        return 5
    return 15 if elapsed < _LATER else 30


def says(wait: Wait, seen: Snapshot) -> str:
    """What is waited for, and what is odd about the connection."""
    delayed = "; Fivetran calls it delayed" if seen.update_state == "delayed" else ""
    match wait.phase:
        case Phase.before:
            return f"Another sync runs and is waited for first{delayed}"
        case Phase.asked:
            return f"Waiting for the sync to begin{delayed}"
        case Phase.rescheduled:
            by_whom = "asked for again then" if seen.schedule_type == "manual" else "started by Fivetran then"
            return f"Rescheduled for {_time(seen.rescheduled_for)}, and {by_whom}{delayed}"
        case Phase.running:
            kind = "The historical sync runs" if seen.is_historical else "The sync runs"
            if wait.quiet_since:
                return f"It no longer runs; waiting for its end to be told{delayed}"
            return f"{kind}{delayed}"


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "a time that is not told"
