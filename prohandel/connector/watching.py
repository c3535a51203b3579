"""Follows a sync while it runs: what Fivetran says, what arrives in the tables, and what the Lambda logs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from prohandel.connector.answers import FivetranError
from prohandel.connector.arrivals import Counts, Estimate, Sample, estimate
from prohandel.connector.snapshot import Snapshot, snapshot_of
from prohandel.connector.syncing import Clock, Look, Outcome, says
from prohandel.connector.waiting import Ending, Limits, Wait, look, onlook
from prohandel.errors import ProhandelError

CountTables = Callable[[], Counts]
ReadLog = Callable[[], Sequence[str]]
"""Lines of the Lambda's log that are new since the last call, the oldest first, secrets masked."""

_SAMPLES = 120
_LOG_LINES = 8
WATCH_LIMITS = Limits(total=timedelta(days=3))
"""A first sync goes through the whole history, a hundred and eighty seconds of the Lambda at a time."""


@dataclass(frozen=True)
class Intervals:
    """How often is looked, in seconds."""

    fivetran: float = 15
    tables: float = 20
    log: float = 15
    screen: float = 1


@dataclass(frozen=True)
class View:
    """What is to be seen at one moment.

    Attributes:
        seen: the connection as it was last described.
        says: what is waited for.
        elapsed: since watching began.
        tables: expected ones, in order.
        samples: counts of the tables, the newest last.
        estimate: how long it may still take; None where nobody can say honestly.
        why_no_estimate: the reason then.
        log: newest lines of the Lambda; None where nobody reads it.
        problems: what cannot be read at the moment.
    """

    seen: Snapshot
    says: str
    elapsed: timedelta
    tables: tuple[str, ...]
    samples: Sequence[Sample]
    estimate: Estimate | None
    why_no_estimate: str
    log: tuple[str, ...] | None
    problems: tuple[str, ...]

    @property
    def counts(self) -> Counts:
        """The newest counts."""
        return self.samples[-1].counts if self.samples else {}


@dataclass
class Sources:
    """Where a watcher looks.

    Attributes:
        fivetran: describes the connection.
        tables: counts the landed tables.
        log: the Lambda's log; None where nobody reads it.
    """

    fivetran: Look
    tables: CountTables
    log: ReadLog | None = None


@dataclass
class _Watching:
    sources: Sources
    clock: Clock
    began: datetime
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=_SAMPLES))
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))
    problems: dict[str, str] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)

    def is_due(self, what: str, every: float) -> bool:
        now = self.clock.now()
        if now < self.due.get(what, now):
            return False
        self.due[what] = now + timedelta(seconds=every)
        return True

    def count(self) -> None:
        try:
            counts = self.sources.tables()
        except (psycopg.Error, ProhandelError) as error:
            self.problems["tables"] = f"The tables cannot be counted: {str(error).strip().splitlines()[0]}"
            return
        self.problems.pop("tables", None)
        self.samples.append(Sample(self.clock.now(), counts))

    def read_log(self) -> None:
        if self.sources.log is None:
            return
        try:
            self.lines.extend(self.sources.log())
        except ProhandelError as error:
            self.problems["log"] = error.message
            return
        self.problems.pop("log", None)


def watch_sync(
    sources: Sources,
    tables: Sequence[str],
    clock: Clock,
    show: Callable[[View], None],
    *,
    expected: Mapping[str, int] | None = None,
    limits: Limits = WATCH_LIMITS,
    intervals: Intervals = Intervals(),
) -> Outcome:
    """Watches until the sync has ended; starts nothing.

    Args:
        sources: where to look.
        tables: expected ones, by their landed names.
        clock: time and waiting.
        show: is given what is to be seen, about once a second.
        expected: rows that are to arrive, by table, where somebody knows.
        limits: when to give up.
        intervals: how often is looked.

    Raises:
        FivetranError: Fivetran refuses for good, or cannot be reached at the beginning.
    """
    began = clock.now()
    state = _Watching(sources, clock, began)
    seen = snapshot_of(sources.fivetran())
    state.is_due("fivetran", intervals.fivetran)
    wait = settled(seen, began) or onlook(seen, began, limits)
    while True:
        if state.is_due("tables", intervals.tables) or wait.ending is not None:
            state.count()
        if state.is_due("log", intervals.log) or wait.ending is not None:
            state.read_log()
        show(_view(state, wait, seen, tables, expected or {}))
        if wait.ending is not None:
            return Outcome(wait.ending, seen, wait.asks, (clock.now() - began).total_seconds())
        clock.sleep(intervals.screen)
        if state.is_due("fivetran", intervals.fivetran):
            seen = _described(state, seen)
            wait, _ = look(wait, seen, clock.now())


def settled(seen: Snapshot, now: datetime) -> Wait | None:
    """How it has ended already, where the first sync is complete and nothing runs; None where there is more to see."""
    if seen.is_syncing or seen.is_historical or seen.ended_at is None or seen.sync_state == "rescheduled":
        return None
    ending = Ending.succeeded
    if seen.is_broken:
        ending = Ending.broken
    elif seen.has_failed_last:
        ending = Ending.failed_with_task if seen.tasks else Ending.failed
    return Wait(now, Limits(), may_ask=False, ending=ending)


def _described(state: _Watching, before: Snapshot) -> Snapshot:
    try:
        seen = snapshot_of(state.sources.fivetran())
    except FivetranError as error:
        if not error.is_fault and error.status != 429:
            raise
        state.problems["fivetran"] = error.message
        return before
    state.problems.pop("fivetran", None)
    return seen


def _view(state: _Watching, wait: Wait, seen: Snapshot, tables: Sequence[str], expected: Mapping[str, int]) -> View:
    found, why = estimate(state.samples, expected)
    return View(
        seen=seen,
        says=says(wait, seen) if wait.ending is None else f"Ended: {wait.ending.value}",
        elapsed=state.clock.now() - state.began,
        tables=tuple(tables),
        samples=tuple(state.samples),
        estimate=found,
        why_no_estimate=why,
        log=None if state.sources.log is None else tuple(state.lines),
        problems=tuple(state.problems.values()),
    )
