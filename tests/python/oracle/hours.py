"""Opening hours without stock.

Readings chosen:
    * A branch opens as the row of `branch_calendar` for it, else for its shop type, else the default one says; on
      Sundays and on holidays of its state only where that row says so. A branch whose state is unknown keeps the
      holidays that all states share. Hours are Berlin's wall clock.
    * A day is observed by the hour once any stock was observed at or after closing and two of three clock hours that
      the opening hours touch saw stock change somewhere: a sync reads all branches. Other open days are null; on a day
      on which a branch is closed no hour is without stock.
    * A pair without a row is without stock from the first observation of its branch on.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .cleaning import BERLIN, EPOCH_DAY
from .core import Core
from .grid import Grid
from .seeds import Seeds

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_HOUR = 3_600_000_000


def stockout_hours(branch: str, grid: Grid, events: pd.DataFrame, core: Core, seeds: Seeds) -> Floats:
    """Hours without stock per article and day of a branch; NaN where unknown.

    Args:
        grid: the grid of the branch.
        events: observations of all branches.
    """
    opens, closes = opening_hours(branch, grid.days, core, seeds)
    is_open = closes > opens
    hours = _out(grid, events[events["branch_number"].eq(branch)], opens, closes) / _HOUR
    told = ~is_open | _observed(opens, closes, events)
    return np.where(grid.known & told[None, :], hours, np.nan)


def opening_hours(branch: str, days: Ints, core: Core, seeds: Seeds) -> tuple[Ints, Ints]:
    """Moments (microseconds) at which a branch opens and closes on each day; equal ones where it is closed."""
    row = (
        core.branches.set_index("branch_number").loc[branch] if branch in set(core.branches["branch_number"]) else None
    )
    calendar = seeds.branch_hours(branch, None if row is None else str(row["shop_type"]))
    holidays = seeds.holidays("" if row is None else str(row["state"]))
    opens, closes = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
    for at, day in enumerate(days):
        on = date.fromordinal(int(day) + EPOCH_DAY)
        opens[at], closes[at] = _moment(on, calendar.opens_at), _moment(on, calendar.closes_at)
        if not calendar.on_sundays and (on.weekday() == 6 or on in holidays):
            closes[at] = opens[at]
    return opens, closes


def _moment(on: date, clock: str) -> int:
    hour, minute = int(clock[:2]), int(clock[3:5])
    if hour == 24:
        on, hour = on + timedelta(days=1), 0
    return round(datetime.combine(on, time(hour, minute), BERLIN).timestamp()) * 1_000_000


def _observed(opens: Ints, closes: Ints, events: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if events.empty:
        return np.zeros(len(opens), np.bool_)
    changed = np.unique(events.loc[events["delta"].ne(0), "at"].to_numpy(dtype=np.int64) // _HOUR)
    first, beyond = opens // _HOUR, -(-closes // _HOUR)
    seen = np.searchsorted(changed, beyond) - np.searchsorted(changed, first)
    enough: npt.NDArray[np.bool_] = (3 * seen >= 2 * (beyond - first)) & (closes <= int(events["at"].max()))
    return enough


def _out(grid: Grid, events: pd.DataFrame, opens: Ints, closes: Ints) -> Ints:
    """Microseconds of opening hours without stock per article and day."""
    out: Ints = np.zeros(grid.closing.shape, np.int64)
    if events.empty or not len(grid.articles):
        return out
    rows, starts, ends = _empty_spells(grid, events)
    # A spell covers its first and last day in part and every day between them whole.
    edges = np.array([_moment(date.fromordinal(int(day) + EPOCH_DAY), "00:00") for day in grid.days], np.int64)
    first = np.searchsorted(edges, starts, side="right") - 1
    last = np.searchsorted(edges, ends, side="left") - 1
    kept = (last >= 0) & (first < len(edges))
    rows, starts, ends, first, last = rows[kept], starts[kept], ends[kept], np.maximum(first, 0)[kept], last[kept]

    def overlap(day: Ints) -> Ints:
        held: Ints = np.maximum(0, np.minimum(ends, closes[day]) - np.maximum(starts, opens[day]))
        return held

    np.add.at(out, (rows, first), overlap(first))
    several = last > first
    np.add.at(out, (rows[several], last[several]), overlap(last)[several])
    whole = np.zeros((len(grid.articles), len(grid.days) + 1), np.int64)
    np.add.at(whole, (rows[several], first[several] + 1), 1)
    np.add.at(whole, (rows[several], last[several]), -1)
    total: Ints = out + np.cumsum(whole, axis=1)[:, :-1] * (closes - opens)[None, :]
    return total


def _empty_spells(grid: Grid, events: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Row, start and end (microseconds) of every spell in which a pair has no stock."""
    end = _moment(date.fromordinal(int(grid.days[-1]) + 1 + EPOCH_DAY), "00:00")
    births = pd.DataFrame({"article_number": grid.articles, "at": int(events["at"].min()), "delta": 0})
    steps = pd.concat([births, events[["article_number", "at", "delta"]]], ignore_index=True)
    steps = steps.groupby(["article_number", "at"])["delta"].sum().reset_index()
    steps["level"] = steps.groupby("article_number")["delta"].cumsum()
    steps["until"] = steps.groupby("article_number")["at"].shift(-1).fillna(end)
    empty = steps[steps["level"].le(0)]
    at: Any = grid.articles.get_indexer(pd.Index(empty["article_number"]))
    inside = (at >= 0) & empty["at"].lt(end).to_numpy(dtype=bool)
    starts = empty["at"].to_numpy(dtype=np.int64)[inside]
    ends = np.minimum(empty["until"].to_numpy(dtype=np.int64)[inside], end)
    return at[inside].astype(np.int64), starts, ends
