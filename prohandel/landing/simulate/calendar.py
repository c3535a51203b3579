"""German business days: public holidays by federal state, opening days, local time and UTC."""

from __future__ import annotations

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
    if state in {"BW", "BY", "ST"}:
        days.add(date(year, 1, 6))
    if state in {"BW", "BY", "HE", "NW", "RP", "SL"}:
        days.add(after_easter(60))
    if state in {"BW", "BY", "NW", "RP", "SL"}:
        days.add(date(year, 11, 1))
    if state in {"BB", "HB", "HH", "MV", "NI", "SH", "SN", "ST", "TH"}:
        days.add(date(year, 10, 31))
    if state == "SL":
        days.add(date(year, 8, 15))
    if state == "SN":
        days.add(date(year, 11, 22) - timedelta(days=(date(year, 11, 22).weekday() - 2) % 7))
    if state == "BB":
        days |= {sunday, after_easter(49)}
    if state == "BE" and year >= 2019:
        days.add(date(year, 3, 8))
    if state == "BE" and year in {2020, 2025, 2028}:
        days.add({2020: date(2020, 5, 8), 2025: date(2025, 5, 8), 2028: date(2028, 6, 17)}[year])
    if state == "MV" and year >= 2023:
        days.add(date(year, 3, 8))
    if state == "TH" and year >= 2019:
        days.add(date(year, 9, 20))
    return frozenset(days)


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
