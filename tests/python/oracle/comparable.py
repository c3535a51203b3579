"""The day of last year to compare a day with.

364 days earlier, except that days bound to Easter meet the day at the same distance from last year's Easter. A day that
so loses its counterpart takes, in order and on the same weekday, one that the bound days of its year leave free.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from .cleaning import EPOCH_DAY

# Thursday before carnival to Ash Wednesday, Monday of Holy Week to Easter Monday, Ascension, the Saturday before
# Whitsun to Whit Monday, Corpus Christi.
_BOUND = (*range(-52, -45), *range(-6, 2), 39, 48, 49, 50, 60)
_YEAR = timedelta(days=364)
# What dim_dates covers.
FIRST_YEAR, LAST_YEAR = 2009, 2035


def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian algorithm (Nature, 20 April 1876; Meeus, Astronomical Algorithms)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def comparable_day(day: int) -> int:
    """The comparable day of last year of a day (days since 1970-01-01)."""
    on = date.fromordinal(day + EPOCH_DAY)
    return _exceptions(on.year).get(on, on - _YEAR).toordinal() - EPOCH_DAY


@cache
def days_compared_with() -> dict[int, int]:
    """The days of dim_dates by their comparable day."""
    first = date(FIRST_YEAR, 1, 1).toordinal() - EPOCH_DAY
    last = date(LAST_YEAR, 12, 31).toordinal() - EPOCH_DAY
    return {comparable_day(day): day for day in range(first, last + 1)}


@cache
def _exceptions(year: int) -> dict[date, date]:
    bound = {easter(year) + timedelta(days=offset): easter(year - 1) + timedelta(days=offset) for offset in _BOUND}
    lost = sorted(day + _YEAR for day in bound.values() if day + _YEAR not in bound)
    free = sorted(day - _YEAR for day in bound if day - _YEAR not in bound.values())
    taken = dict(bound)
    for weekday in range(7):
        losers = [day for day in lost if day.weekday() == weekday]
        left = [day for day in free if day.weekday() == weekday]
        taken |= dict(zip(losers, left, strict=True))
    return taken
