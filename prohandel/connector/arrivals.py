"""What has arrived in the landed tables, and how fast it arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import psycopg
from psycopg import sql

from prohandel.landing.tables import SYNCED

_MINUTE = timedelta(minutes=1)
_BUCKET = timedelta(minutes=2)
_BUCKETS = 5
_UNEVEN = 3.0
"""A pace whose slowest and fastest two minutes differ by more says nothing about the time to come."""


@dataclass(frozen=True)
class TableCount:
    """One landed table at one moment.

    Attributes:
        rows: in it.
        arrived: rows written since watching began: new ones and those that were written again.
        newest: the newest `_fivetran_synced`; None where it was not read.
        is_estimate: counting took too long, and these are the database's own statistics.
    """

    rows: int
    arrived: int
    newest: datetime | None
    is_estimate: bool = False


Counts = Mapping[str, TableCount]
"""By table; a table that has not landed is not in it."""


@dataclass
class Counter:
    """Counts the landed tables of a schema again and again.

    Attributes:
        schema: where they land.
        tables: that are expected.
        seconds: that counting one table may take; where it takes longer, the database's statistics are taken from then
            on.
    """

    schema: str
    tables: Sequence[str]
    seconds: float = 2.0
    _first: dict[str, datetime | None] = field(default_factory=dict)
    _written: dict[str, int] = field(default_factory=dict)
    _large: set[str] = field(default_factory=set)
    _is_begun: bool = False

    def count(self, conn: psycopg.Connection) -> dict[str, TableCount]:
        """Counts once; the first call sets what later ones compare with.

        Args:
            conn: on which each statement is its own transaction.
        """
        counted = {}
        for table in self.tables:
            found = self._count(conn, table)
            if found is not None:
                counted[table] = found
        self._is_begun = True
        return counted

    def _count(self, conn: psycopg.Connection, table: str) -> TableCount | None:
        relation = sql.Identifier(self.schema, table)
        statistics = conn.execute(
            """
            select n_live_tup, n_tup_ins + n_tup_upd from pg_stat_all_tables
            where schemaname = %s and relname = %s
            """,
            [self.schema, table],
        ).fetchone()
        if statistics is None:
            self._start(table, None, 0)
            return None
        live, written = int(statistics[0]), int(statistics[1])
        if table in self._large:
            return TableCount(live, max(written - self._written[table], 0), None, is_estimate=True)
        begun = self._first.get(table)
        query = sql.SQL(
            "select count(*), max({synced}), count(*) filter (where %(first)s::timestamptz is null "
            "or {synced} > %(first)s::timestamptz) from {relation}"
        ).format(synced=sql.Identifier(SYNCED), relation=relation)
        try:
            with conn.transaction():
                conn.execute(sql.SQL("set local statement_timeout = {}").format(int(self.seconds * 1000)))
                row = conn.execute(query, {"first": begun}).fetchone()
        except psycopg.errors.QueryCanceled:
            self._start(table, None, written)
            self._large.add(table)
            return TableCount(live, max(written - self._written[table], 0), None, is_estimate=True)
        except psycopg.errors.UndefinedTable:
            return None
        if row is None:
            return None
        rows, newest, arrived = row
        is_first = table not in self._first
        self._start(table, newest, written)
        return TableCount(int(rows), 0 if is_first else int(arrived), newest)

    def _start(self, table: str, newest: datetime | None, written: int) -> None:
        """Keeps what the table was at the first look; one that comes later begins empty."""
        self._first.setdefault(table, None if self._is_begun else newest)
        self._written.setdefault(table, 0 if self._is_begun else written)


@dataclass(frozen=True)
class Sample:
    """The tables at one moment."""

    at: datetime
    counts: Counts

    @property
    def arrived(self) -> int:
        """Rows of all tables since watching began."""
        return sum(count.arrived for count in self.counts.values())


def arrived_until(samples: Sequence[Sample], at: datetime, table: str | None = None) -> float:
    """Rows that had arrived at a moment, of one table or of all; between two samples in proportion to the time.

    Args:
        samples: in the order of their time.
        at: the moment.
        table: None for all of them.
    """

    def of(sample: Sample) -> int:
        if table is None:
            return sample.arrived
        return sample.counts[table].arrived if table in sample.counts else 0

    before: Sample | None = None
    for sample in samples:
        if sample.at >= at:
            if before is None or sample.at == before.at:
                return of(sample)
            share = (at - before.at) / (sample.at - before.at)
            return of(before) + share * (of(sample) - of(before))
        before = sample
    return of(before) if before else 0


def per_minute(samples: Sequence[Sample], table: str | None = None, window: timedelta = _BUCKET) -> float | None:
    """Rows a minute over the newest part of what was seen; None before half a minute was."""
    if not samples:
        return None
    end = samples[-1].at
    begin = max(end - window, samples[0].at)
    if end - begin < _MINUTE / 2:
        return None
    rows = arrived_until(samples, end, table) - arrived_until(samples, begin, table)
    return max(rows, 0) / ((end - begin) / _MINUTE)


def paces(samples: Sequence[Sample], table: str, count: int, width: timedelta) -> list[float]:
    """Rows of a table in each of the newest intervals, the oldest first; fewer where less was seen.

    Args:
        samples: in the order of their time.
        table: its name.
        count: how many intervals.
        width: of one.
    """
    if not samples:
        return []
    end, first = samples[-1].at, samples[0].at
    edges = [end - width * index for index in range(count, -1, -1) if end - width * index >= first]
    at = [arrived_until(samples, edge, table) for edge in edges]
    return [max(after - before, 0.0) for before, after in pairwise(at)]


@dataclass(frozen=True)
class Estimate:
    """How long it may still take.

    Attributes:
        soonest: at the fastest pace of the last ten minutes.
        latest: at the slowest.
        rows: that are still to come.
    """

    soonest: timedelta
    latest: timedelta
    rows: int


def estimate(samples: Sequence[Sample], expected: Mapping[str, int]) -> tuple[Estimate | None, str]:
    """How long it may still take, if that can be said honestly.

    Args:
        samples: in the order of their time.
        expected: rows that are to arrive since watching began, by table.

    Returns:
        The estimate, or None with the reason why there is none.
    """
    if not expected:
        return None, "no estimate: Fivetran does not say how many rows are to come"
    if not samples or samples[-1].at - samples[0].at < _BUCKETS * _BUCKET:
        return None, "no estimate before ten minutes have been watched"
    newest = samples[-1]
    left = {
        table: max(rows - (newest.counts[table].arrived if table in newest.counts else 0), 0)
        for table, rows in expected.items()
    }
    rows = sum(left.values())
    if rows == 0:
        return None, "no estimate: as many rows as expected have arrived"
    edges = [newest.at - _BUCKET * index for index in range(_BUCKETS, -1, -1)]
    at = [sum(arrived_until(samples, edge, table) for table in expected) for edge in edges]
    found = [(after - before) / (_BUCKET / _MINUTE) for before, after in pairwise(at)]
    slowest, fastest = min(found), max(found)
    if slowest <= 0:
        return None, "no estimate: for two of the last ten minutes nothing arrived"
    if fastest > _UNEVEN * slowest:
        return None, "no estimate: rows arrive too unevenly"
    return Estimate(_MINUTE * (rows / fastest), _MINUTE * (rows / slowest), rows), ""
