"""Runs of stockout days, and what they cost.

Readings chosen:
    * A branch's weekdays count from the first line (of any article) of the branch or of those that it serves; a weekday
      that did not occur since has the factor 1.
    * The factor is that of the window that ends at A, also for a stockout of long ago.
    * Lost units are worth the article's net revenue per net unit of 365 days (company, all branches).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .core import Core
from .facts import Facts
from .grid import Bools, Grid
from .hours import opening_hours, stockout_hours
from .observations import observations
from .shown import Mart, shown
from .stock import serving

Floats = npt.NDArray[np.float64]

_KEY = ["branch_number", "article_number", "started_on"]
_BEFORE = 28


def marts(facts: Facts) -> dict[str, Mart]:
    """stockout_events."""
    return {
        "stockout_events": shown(
            stockout_events(facts),
            _KEY,
            ["assortment_type"],
            dates={"started_on": "started_on", "ended_on": "ended_on"},
            counts=["stockout_days"],
            floats=[
                "stockout_hours",
                "demand_per_day_before",
                "estimated_lost_units",
                "estimated_lost_net_revenue",
            ],
        )
    }


def stockout_events(facts: Facts) -> pd.DataFrame:
    """One row per run of stockout days."""
    events = observations(facts.staged, facts.core)
    worth = revenue_per_unit(facts)
    rows: list[dict[str, Any]] = []
    for branch, grid in facts.stock.grids.items():
        until = grid.window(facts.as_of, facts.as_of + 1).stop
        out = (grid.ranged & grid.known & (grid.closing <= 0))[:, :until]
        if not out.any():
            continue
        hours = stockout_hours(branch, grid, events, facts.core, facts.seeds)
        rate = expected_share(facts, branch, grid)
        for article, start, end in runs(out):
            before = slice(max(0, start - _BEFORE), start)
            counted = (grid.ranged & grid.in_stock)[article, before]
            demand = float(grid.demand[article, before][counted].sum()) / 1e4
            per_day = demand / counted.sum() if counted.any() else np.nan
            sold = grid.demand[article, start:end] / 1e4
            lost = np.maximum(0.0, per_day * rate[start:end] - sold).sum()
            number = str(grid.articles[article])
            rows.append(
                {
                    "branch_number": branch,
                    "article_number": number,
                    "started_on": grid.first_day + start,
                    "ended_on": None if end == until else grid.first_day + end - 1,
                    "stockout_days": end - start,
                    "assortment_type": grid.assortment_types.iloc[article],
                    "stockout_hours": hours[article, start:end].sum(),
                    "demand_per_day_before": per_day,
                    "estimated_lost_units": lost,
                    "estimated_lost_net_revenue": lost * worth.get(number, np.nan),
                }
            )
    columns = ["assortment_type", "stockout_days", "stockout_hours", "demand_per_day_before"]
    columns += ["ended_on", "estimated_lost_units", "estimated_lost_net_revenue"]
    return pd.DataFrame(rows, columns=[*_KEY, *columns])


def runs(flags: Bools) -> list[tuple[int, int, int]]:
    """Row, first column and the column after the last of every maximal run of true values."""
    edges = np.diff(flags.astype(np.int8), axis=1, prepend=0, append=0)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    return [(int(row), int(start), int(end)) for row, start, end in zip(rows, starts, ends, strict=True)]


def expected_share(facts: Facts, branch: str, grid: Grid) -> Floats:
    """Per day of the grid: the weekday's factor, 0 where the branch is closed."""
    first = first_line(facts.core, facts.lines, branch)
    weekday = (grid.days + 3) % 7
    factors = np.ones(7)
    if first is not None:
        inside = (grid.days > facts.as_of - 365) & (grid.days <= facts.as_of) & (grid.days >= first)
        demand = grid.demand.sum(axis=0)
        total, days = float(demand[inside].sum()), int(inside.sum())
        for number in range(7):
            such = inside & (weekday == number)
            if total > 0 and such.any():
                factors[number] = (demand[such].sum() / such.sum()) / (total / days)
    opens, closes = opening_hours(branch, grid.days, facts.core, facts.seeds)
    share: Floats = np.where(closes > opens, factors[weekday], 0.0)
    return share


def first_line(core: Core, lines: pd.DataFrame, branch: str) -> int | None:
    """The day of the first line of a branch or of those that it serves."""
    servers = serving(core)
    members = [member for member, server in servers.items() if server == branch] or [branch]
    sold = lines.loc[lines["branch_number"].isin([branch, *members]), "day"]
    return int(sold.min()) if len(sold) else None


def revenue_per_unit(facts: Facts) -> dict[str, float]:
    """Net revenue of a unit by article of merchandise: of the last 365 days, else the list price without VAT."""
    sold = facts.window(365).groupby("article_number")[["demand_units", "return_units", "net_revenue"]].sum()
    units = (sold["demand_units"] - sold["return_units"]).astype("float64") / 1e4
    revenue = sold["net_revenue"].astype("Float64").astype("float64") / 1e6
    earned = (revenue / units).where((units > 0) & (revenue > 0))
    priced = facts.list_price_net.where(earned.reindex(facts.articles.index).isna(), earned).dropna()
    return {str(article): float(price) for article, price in priced.items()}
