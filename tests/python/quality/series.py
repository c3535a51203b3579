"""Rows by branch and hour of arrival, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import polars as pl

from prohandel.quality.volume import BERLIN, Drop, drops

Change = Callable[[str, datetime], float]
"""The factor on the rows of a branch in the hour that begins at a time in Berlin."""


@dataclass(frozen=True)
class Branch:
    """What arrives of a branch from ten to twenty o'clock.

    Attributes:
        number: of the branch.
        per_hour: rows.
        sells_on_sunday: as a web shop does.
        opened_on: first day.
    """

    number: str
    per_hour: float = 20.0
    sells_on_sunday: bool = False
    opened_on: date = date.min

    def usual(self, at: datetime) -> float:
        """Rows of the hour that begins at a time in Berlin."""
        is_open = at.hour in range(10, 20) and (self.sells_on_sunday or at.weekday() < 6)
        return self.per_hour if is_open and at.date() >= self.opened_on else 0.0


STORES = tuple(Branch(str(number)) for number in range(1, 7))
WEB = Branch("900", sells_on_sunday=True)


def berlin(text: str) -> datetime:
    """A time in Berlin, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def as_ever(_branch: str, _at: datetime) -> float:
    """No hour is other than usual."""
    return 1.0


def silent(branches: Collection[str] | None, begin: str, end: str = "2999-01-01", *, share: float = 0.0) -> Change:
    """Branches, or all of them, bring only a share from one time in Berlin to another."""
    first, last = berlin(begin), berlin(end)

    def change(branch: str, at: datetime) -> float:
        return share if (branches is None or branch in branches) and first <= at < last else 1.0

    return change


def arrivals(branches: Sequence[Branch], now: datetime, change: Change = as_ever, days: int = 70) -> pl.DataFrame:
    """The days up to now; an hour that brings nothing has no row."""
    hours = [now - timedelta(hours=back) for back in range(24 * days)]
    rows = [
        (branch.number, at, count)
        for at, local in ((at, at.astimezone(BERLIN)) for at in reversed(hours))
        for branch in branches
        if (count := round(branch.usual(local) * change(branch.number, local)))
    ]
    return pl.DataFrame(
        rows,
        schema={"branch_number": pl.String, "arrived_at": pl.Datetime("us", "UTC"), "rows": pl.Float64},
        orient="row",
    )


@dataclass(frozen=True)
class Series:
    """What arrives over two months, and what is said of it.

    Attributes:
        change: what is other than usual.
        branches: whose rows they are.
        until: the last hour, a time in Berlin; none may be asked for after it.
    """

    change: Change = as_ever
    branches: Sequence[Branch] = STORES
    until: str = "2026-03-10 23:00"

    @cached_property
    def rows(self) -> pl.DataFrame:
        return arrivals(self.branches, berlin(self.until), self.change)

    def drops(
        self,
        now: str,
        closed: Mapping[str, Collection[date]] | None = None,
        ignored: Mapping[str, Collection[datetime]] | None = None,
        quiet: Mapping[str, Collection[date]] | None = None,
    ) -> list[Drop]:
        """The drops at a time in Berlin."""
        return drops(self.rows, berlin(now), closed or {}, quiet=quiet, ignored=ignored)

    def named(
        self,
        now: str,
        closed: Mapping[str, Collection[date]] | None = None,
        ignored: Mapping[str, Collection[datetime]] | None = None,
    ) -> list[str]:
        """The branches of the drops."""
        return [drop.branch for drop in self.drops(now, closed, ignored)]


def hours_between(begin: str, end: str) -> frozenset[datetime]:
    """Begins of the hours from one time in Berlin to before another."""
    first, last = berlin(begin), berlin(end)
    return frozenset(first + timedelta(hours=hour) for hour in range(int((last - first) / timedelta(hours=1))))
