"""German business days: public holidays by federal state, opening days, local time and UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl

from prohandel.landing.simulate.config import BERLIN, BoolArray, IntArray

STATES = ("BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH")


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (anonymous algorithm; Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)


@cache
def public_holidays(year: int, state: str) -> frozenset[date]:
    """Public holidays of a whole federal state in a year from 2018 on (days of single towns are left out).

    Args:
        state: two letters, e.g. "BY".
    """
    sunday = easter(year)

    def after_easter(days: int) -> date:
        return sunday + timedelta(days=days)

    days = {
        date(year, 1, 1),
        after_easter(-2),
        after_easter(1),
        date(year, 5, 1),
        after_easter(39),
        after_easter(50),
        date(year, 10, 3),
        date(year, 12, 25),
        date(year, 12, 26),
    }
    fixed = [on(year) for states, since, on in _STATE_DAYS if state in states and year >= since]
    return frozenset(days | {day for day in fixed if day is not None})


def _repentance_day(year: int) -> date:
    """The Wednesday before 23 November."""
    last = date(year, 11, 22)
    return last - timedelta(days=(last.weekday() - 2) % 7)


def _berlin_only_once(year: int) -> date | None:
    return {2020: date(2020, 5, 8), 2025: date(2025, 5, 8), 2028: date(2028, 6, 17)}.get(year)


_STATE_DAYS: tuple[tuple[frozenset[str], int, Callable[[int], date | None]], ...] = (
    (frozenset({"BW", "BY", "ST"}), 0, lambda year: date(year, 1, 6)),
    (frozenset({"BE"}), 2019, lambda year: date(year, 3, 8)),
    (frozenset({"MV"}), 2023, lambda year: date(year, 3, 8)),
    (frozenset({"BB"}), 0, easter),
    (frozenset({"BB"}), 0, lambda year: easter(year) + timedelta(days=49)),
    (frozenset({"BW", "BY", "HE", "NW", "RP", "SL"}), 0, lambda year: easter(year) + timedelta(days=60)),
    (frozenset({"SL"}), 0, lambda year: date(year, 8, 15)),
    (frozenset({"TH"}), 2019, lambda year: date(year, 9, 20)),
    (
        frozenset({"BB", "HB", "HH", "MV", "NI", "SH", "SN", "ST", "TH"}),
        0,
        lambda year: date(year, 10, 31),
    ),
    (frozenset({"BW", "BY", "NW", "RP", "SL"}), 0, lambda year: date(year, 11, 1)),
    (frozenset({"SN"}), 0, _repentance_day),
    (frozenset({"BE"}), 0, _berlin_only_once),
)
"""(states, first year, day) of the holidays that not every state has."""


def open_days(first: date, days: int, state: str) -> BoolArray:
    """Which of the `days` days from `first` on a store in that state opens: neither Sunday nor public holiday."""
    dates = [first + timedelta(days=d) for d in range(days)]
    return np.array([day.weekday() != 6 and day not in public_holidays(day.year, state) for day in dates])


def next_open_day(is_open: BoolArray) -> IntArray:
    """For each day the first open day on or after it; past the end, the last day."""
    last = len(is_open) - 1
    candidates = np.where(is_open, np.arange(len(is_open)), last)
    return np.minimum.accumulate(candidates[::-1])[::-1].astype(np.int64)


def has_clock_change(day: date) -> bool:
    """Whether the clocks in Germany change on that day; its hour from 2 to 3 is missing or comes twice."""
    return _offset(day - timedelta(days=1)) != _offset(day)


def _offset(day: date) -> timedelta | None:
    return datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN).utcoffset()


def to_utc(local: pl.Expr) -> pl.Expr:
    """A naive Berlin timestamp as an aware one in UTC; nothing is ever dated within a clock change."""
    return local.dt.replace_time_zone("Europe/Berlin", ambiguous="earliest", non_existent="null").dt.convert_time_zone(
        "UTC"
    )
