"""Stock by pair and day, and by category and day.

Units are whole 1e-4, money whole 1e-6, days count from 1970-01-01.

Readings chosen:
    * The business days reach to A, or to the newest day where that is later; later observations count in on_hand only.
    * A day on which stock fell to 0 has a row, or its issues would be lost and the law of stock broken.
    * stock_value_cost takes negative stock as 0; null without a known unit cost.
    * stock_units adds closing stock with its sign. stocked_out_articles counts stockout days of every assortment type,
      stockout_rate those of nos and reorderable pairs over their ranged days with known stock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import observations
from .cleaning import divide
from .core import Core
from .grid import NEVER, Grid, grid_of
from .hours import Floats, stockout_hours
from .landing import Staged
from .sales import ratio
from .seeds import Seeds
from .status import PAIR, pair_metrics, with_classes, with_on_hand, with_turnover
from .variables import Variables


@dataclass(frozen=True)
class Stock:
    """What is computed per branch.

    Attributes:
        daily: fct_inventory_daily: day, branch_number, article_number, category, closing_stock, stock_value_cost,
            assortment_type, demand_units, net_units, inferred_receipts, inferred_issues, stockout_hours, is_ranged,
            is_in_stock, is_observed.
        pairs: inventory_status without abc_class.
        grids: the grid of every branch.
    """

    daily: pd.DataFrame
    pairs: pd.DataFrame
    grids: dict[str, Grid]


def build(
    staged: Staged, core: Core, seeds: Seeds, lines: pd.DataFrame, variables: Variables, newest: int, as_of: int
) -> Stock:
    """Grids, daily facts and pair metrics of every branch.

    Args:
        lines: `sales.sale_lines`.
        newest: the newest day N.
        as_of: the day A.
    """
    merchandise = core.articles[core.articles["is_merchandise"]].set_index("article_number")
    all_events = observations.observations(staged, core)
    observed_from = all_events.groupby("branch_number")["day"].min()
    events = all_events[all_events["article_number"].isin(merchandise.index)]
    sold = lines[lines["is_merchandise"]]
    last_day = max(newest, as_of)
    starts = [int(frame["day"].min()) for frame in (events, sold) if len(frame)]
    first_day = min([*starts, last_day])
    servers = serving(core)
    groups: dict[str, list[str]] = {}
    for branch, server in servers.items():
        groups.setdefault(server, []).append(branch)

    grids: dict[str, Grid] = {}
    stock_rows = pd.concat(
        [frame[PAIR] for frame in (events, observations.landed_sizes(staged, core))], ignore_index=True
    ).drop_duplicates()
    named = sorted(set(stock_rows["branch_number"]) | set(sold["branch_number"]) | set(servers.values()))
    # Servers first: a branch that they serve takes its in-stock state from them.
    for branch in sorted(named, key=lambda number: servers.get(number, number) != number):
        members = [branch] if servers.get(branch, branch) != branch else groups.get(branch, [branch])
        server = servers.get(branch, branch)
        grids[branch] = grid_of(
            merchandise,
            branch,
            seeds,
            events[events["branch_number"].eq(branch)],
            stock_rows.loc[stock_rows["branch_number"].eq(branch), "article_number"],
            sold[sold["branch_number"].isin(members)],
            grids.get(server) if server != branch else None,
            int(observed_from.get(branch, NEVER)),
            variables,
            first_day,
            last_day,
        )
    daily = [
        _daily(branch, grid, merchandise, stockout_hours(branch, grid, all_events, core, seeds))
        for branch, grid in grids.items()
    ]
    pairs = [
        pair_metrics(branch, grid, grids.get(servers.get(branch, branch), grid), merchandise, as_of)
        for branch, grid in grids.items()
    ]
    status = pd.concat(pairs, ignore_index=True)
    status = with_on_hand(status, staged, core, events, variables, as_of)
    status = with_turnover(status, grids, servers, sold, merchandise, variables, as_of)
    return Stock(pd.concat(daily, ignore_index=True), with_classes(status, variables, as_of), grids)


def stock_levels(stock: Stock, core: Core, seeds: Seeds) -> pd.DataFrame:
    """Stock by business day, branch and category."""
    daily = stock.daily
    season = daily["article_number"].map(core.articles.set_index("article_number")["season"])
    out = daily["is_ranged"] & daily["is_observed"] & daily["closing_stock"].le(0).fillna(False).astype(bool)
    counted = daily["assortment_type"].isin(["nos", "reorderable"]) & daily["is_ranged"] & daily["is_observed"]
    counted &= seeds.in_season(season, daily["day"])
    frame = daily[["day", "branch_number", "category", "closing_stock", "stock_value_cost"]].assign(
        ranged_articles=daily["is_ranged"].astype(int),
        stocked_out_articles=out.astype(int),
        rated=counted.astype(int),
        rated_out=(counted & out).astype(int),
        units_known=daily["closing_stock"].notna().astype(int),
        value_known=daily["stock_value_cost"].notna().astype(int),
    )
    levels = frame.groupby(["day", "branch_number", "category"], sort=False).sum().reset_index()
    levels["stock_units"] = levels["closing_stock"].mask(levels["units_known"].eq(0))
    levels["stock_value_cost"] = levels["stock_value_cost"].mask(levels["value_known"].eq(0))
    levels["stockout_rate"] = ratio(levels["rated_out"], levels["rated"])
    return levels


def serving(core: Core) -> dict[str, str]:
    """The server of every branch; a branch with stock of its own serves itself."""
    return {
        str(row.branch_number): str(row.branch_number if row.has_own_stock else row.supplied_from)
        for row in core.branches.itertuples()
    }


def _daily(branch: str, grid: Grid, merchandise: pd.DataFrame, hours: Floats) -> pd.DataFrame:
    days, known = grid.days, grid.known
    started = days[None, :] >= grid.range_start[:, None]
    # Before the grid nothing of merchandise was ever there.
    change = np.diff(grid.closing, axis=1, prepend=0)
    moved = (grid.closing != 0) | (change != 0)
    rows, columns = np.nonzero(started & (grid.ranged | moved | grid.has_line))
    unexplained = change + grid.net
    follows = days[None, :] > grid.known_from[:, None]
    article = merchandise.loc[grid.articles]
    cost = article["unit_cost"].to_numpy(dtype=np.int64, na_value=0)[rows]
    costless = article["unit_cost"].isna().to_numpy()[rows]
    observed = known[rows, columns]
    closing = grid.closing[rows, columns]
    frame = pd.DataFrame(
        {
            "day": days[columns],
            "branch_number": branch,
            "article_number": grid.articles.to_numpy()[rows],
            "category": article["category"].to_numpy()[rows],
            "assortment_type": grid.assortment_types.to_numpy()[rows],
            "closing_stock": pd.array(closing, dtype="Int64"),
            "stock_value_cost": divide(pd.Series(np.maximum(closing, 0) * cost), 100),
            "demand_units": grid.demand[rows, columns],
            "net_units": grid.net[rows, columns],
            "inferred_receipts": pd.array(np.maximum(unexplained, 0)[rows, columns], dtype="Int64"),
            "inferred_issues": pd.array(np.maximum(-unexplained, 0)[rows, columns], dtype="Int64"),
            "stockout_hours": hours[rows, columns],
            "is_ranged": grid.ranged[rows, columns],
            "is_in_stock": grid.in_stock[rows, columns],
            "is_observed": observed,
        }
    )
    frame["closing_stock"] = frame["closing_stock"].mask(~observed)
    frame["stock_value_cost"] = frame["stock_value_cost"].mask(~observed | costless)
    unknown = ~follows[rows, columns]
    for column in ("inferred_receipts", "inferred_issues"):
        frame[column] = frame[column].mask(unknown)
    return frame
