"""Metrics of every pair as of A.

Readings chosen:
    * Days with known stock do not start at range_start: they are the n of turnover_rate.
    * Without any line in the window cogs is 0, with lines but no cost null.
    * "Within W days" and "no demand for W days" mean the window (A - W, A]; "older than W days" is A - date > W; "at
      least W days ago" is A - date >= W. Excess without demand is never below 0.
    * Flags of a pair without stock metrics are false, its numbers and its stock_status null.
    * is_stock_history_complete is false where a ranged day of the last 90 had unknown stock (of the server, for a
      served branch without stock of its own).
    * A size is in stock when its quantity is above 0.
    * on_hand adds the landed inventory rows that can be read, by the law that they are equal; closing stock goes on
      with the last readable observation of a row.
    * A pair that only returns, write-offs or stock of zero name, of an article without created_at, has no range_start
      and no row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import observations
from .cleaning import divide
from .core import Core
from .grid import NEVER, Bools, Grid, Ints
from .landing import UNKNOWN, Staged
from .sales import ratio
from .variables import Variables

PAIR = ["branch_number", "article_number"]


def pair_metrics(branch: str, grid: Grid, server: Grid, merchandise: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """What follows from the grid of one branch (and of the branch that serves it); one row per pair."""
    article = merchandise.loc[grid.articles]
    frame = pd.DataFrame(
        {
            "branch_number": branch,
            "article_number": grid.articles.to_numpy(),
            "assortment_type": grid.assortment_types.to_numpy(),
            "list_price": article["list_price"].to_numpy(),
            "unit_cost": article["unit_cost"].to_numpy(),
            "range_start": _nullable(grid.range_start),
            "known_from": _nullable(grid.known_from),
        }
    )
    frame["list_price"] = frame["list_price"].astype("Int64")
    frame["unit_cost"] = frame["unit_cost"].astype("Int64")
    for window in (30, 90):
        span = grid.window(as_of, window)
        counted = grid.ranged[:, span] & grid.in_stock[:, span]
        units = pd.Series((grid.demand[:, span] * counted).sum(axis=1))
        days = pd.Series(counted.sum(axis=1))
        frame[f"avg_daily_demand_{window}d"] = ratio(units, days) / 10_000
        frame[f"demand_{window}d"], frame[f"demand_days_{window}d"] = units, days
    span = grid.window(as_of, 90)
    ranged = grid.ranged[:, span]
    ranged_known = ranged & grid.known[:, span]
    out = (ranged_known & (grid.closing[:, span] <= 0)).sum(axis=1)
    has_stock = pd.Series(grid.known_from <= as_of)
    frame["stockout_days_90d"] = pd.Series(out).astype("Int64").mask(~has_stock)
    frame["observed_ranged_days_90d"] = pd.Series(ranged_known.sum(axis=1)).astype("Int64")
    frame["stockout_frequency"] = ratio(pd.Series(out), pd.Series(ranged_known.sum(axis=1)))
    source_known = grid.known if server is grid else _aligned_known(grid, server)
    frame["is_stock_history_complete"] = pd.Series(np.all(~ranged | source_known[:, span], axis=1))
    past = grid.days <= as_of
    last = np.where((grid.demand > 0) & past[None, :], grid.days[None, :], -NEVER).max(axis=1, initial=-NEVER)
    frame["days_since_last_sale"] = pd.Series(as_of - last).astype("Int64").mask(pd.Series(last == -NEVER))
    end = as_of - grid.first_day + 1
    if 0 < end <= grid.closing.shape[1]:
        frame["closing_at_as_of"] = pd.Series(grid.closing[:, end - 1]).astype("Int64").mask(~has_stock)
    else:
        frame["closing_at_as_of"] = pd.array([pd.NA] * len(frame), dtype="Int64")
    return frame[frame["range_start"].notna()]


def with_on_hand(
    status: pd.DataFrame, staged: Staged, core: Core, events: pd.DataFrame, variables: Variables, as_of: int
) -> pd.DataFrame:
    """Add on_hand (the newest observation, or the stock at the end of a given A) and size_availability_rate."""
    if variables.as_of_date is None:
        current = observations.current_stock(staged, core)
        observed = status["branch_number"].isin(core.branches.loc[core.branches["has_own_stock"], "branch_number"])
        if not variables.inventory_is_complete:
            ever = pd.MultiIndex.from_frame(observations.landed_sizes(staged, core)[PAIR])
            observed = pd.Series(pd.MultiIndex.from_frame(status[PAIR]).isin(ever), index=status.index)
        totals = current.groupby(PAIR)["quantity"].sum().rename("on_hand").reset_index()
        status = status.merge(totals, on=PAIR, how="left", validate="one_to_one")
        status["on_hand"] = status["on_hand"].astype("Int64").fillna(0).mask(~observed.to_numpy())
    else:
        status["on_hand"] = status["closing_at_as_of"]
    sizes = size_stock(staged, core, events, variables, as_of)
    rate = sizes.groupby(PAIR)["is_in_stock"].mean().rename("size_availability_rate").reset_index()
    return status.merge(rate, on=PAIR, how="left", validate="one_to_one")


def size_stock(staged: Staged, core: Core, events: pd.DataFrame, variables: Variables, as_of: int) -> pd.DataFrame:
    """What every pair holds of every size that it ever held: pair, article_size_number, quantity, is_in_stock."""
    ever = observations.landed_sizes(staged, core)
    if variables.as_of_date is None:
        current = observations.current_stock(staged, core)
    else:
        until = events[events["day"].le(as_of)]
        current = until.groupby(observations.KEY, sort=False)["quantity"].last().reset_index()
    keys = [*PAIR, "article_size_number"]
    held = current.groupby(keys)["quantity"].sum().rename("quantity").reset_index()
    sizes = ever[ever["article_size_number"].ne(UNKNOWN)].merge(held, on=keys, how="left")
    sizes["quantity"] = sizes["quantity"].astype("Int64").fillna(0)
    return sizes.assign(is_in_stock=sizes["quantity"].gt(0).astype(bool))


def with_turnover(
    status: pd.DataFrame,
    grids: dict[str, Grid],
    servers: dict[str, str],
    sold: pd.DataFrame,
    merchandise: pd.DataFrame,
    variables: Variables,
    as_of: int,
) -> pd.DataFrame:
    """turnover_rate, and what it is made of: sales and stock at cost on the days with known stock of the last 365.

    Adds known_days, value_days (whole 1e-8 of money x days), cogs_365d and gross_margin_365d (whole 1e-6) on them.
    """
    own = sold.assign(branch_number=sold["branch_number"].map(lambda branch: servers.get(branch, branch)))
    known_from = status.set_index(PAIR)["known_from"]
    window = own[own["day"].between(as_of - 364, as_of)]
    starts = known_from.reindex(pd.MultiIndex.from_frame(window[PAIR])).reset_index(drop=True)
    kept = window[window["day"].reset_index(drop=True).ge(starts).fillna(False).to_numpy(dtype=bool)]
    grouped = kept.groupby(PAIR)
    sums = {f"{name}_365d": grouped[name].sum() for name in ("cogs", "gross_margin")}
    counts = {f"{name}_365d": grouped[name].count() for name in ("cogs", "gross_margin")}
    earned = pd.DataFrame(sums).mask(pd.DataFrame(counts).eq(0)).assign(lines=grouped.size()).reset_index()
    values = []
    for branch, grid in grids.items():
        span = grid.window(as_of, 365)
        known = grid.known[:, span]
        units = (np.maximum(grid.closing[:, span], 0) * known).sum(axis=1)
        cost = merchandise["unit_cost"].reindex(grid.articles).to_numpy()
        values.append(
            pd.DataFrame(
                {
                    "branch_number": branch,
                    "article_number": grid.articles.to_numpy(),
                    "known_days": known.sum(axis=1),
                    "value_days": pd.Series(units).astype("Int64") * pd.Series(cost).astype("Int64"),
                }
            )
        )
    status = status.merge(pd.concat(values, ignore_index=True), on=PAIR, how="left", validate="one_to_one")
    status = status.merge(earned, on=PAIR, how="left", validate="one_to_one")
    for column in sums:
        status[column] = status[column].mask(status["lines"].isna(), 0).astype("Int64")
    enough = status["known_days"].ge(variables.min_stock_days) & status["value_days"].gt(0).fillna(False)
    base = status["value_days"].mask(~enough).astype("Float64") / 1e8
    status["turnover_rate"] = ratio(status["cogs_365d"].astype("Float64") / 1e6 * 365, base)
    return status.drop(columns=["lines"])


def with_classes(status: pd.DataFrame, variables: Variables, as_of: int) -> pd.DataFrame:
    """Add cover, values, excess, slow, dead and stock_status."""
    on_hand = status["on_hand"]
    held = on_hand.gt(0).fillna(False).astype(bool)
    empty = on_hand.le(0).fillna(False).astype(bool)
    age = as_of - status["range_start"]
    demand, days = status["demand_90d"], status["demand_days_90d"]
    with_demand = demand.gt(0)
    # Whole numbers on both sides of every limit: a pair on the edge must not fall to either side by rounding.
    unit_days = on_hand * days
    supply = ratio(unit_days, demand.where(with_demand, 0))
    status["days_of_supply"] = supply.mask(with_demand & empty, 0.0)
    status["negative_stock_units"] = (-on_hand).clip(lower=0)
    positive = on_hand.clip(lower=0)
    status["inventory_value_cost"] = divide(positive * status["unit_cost"], 100)
    status["inventory_value_retail"] = divide(positive * status["list_price"], 100)
    grown = age.gt(variables.new_article_days).fillna(False).astype(bool)
    beyond = (unit_days - demand * variables.max_cover_days).clip(lower=0)
    all_of_it = positive.where(grown | on_hand.isna(), 0).astype("Float64")
    excess = all_of_it.mask(with_demand, beyond.astype("Float64") / days.where(with_demand, 1)) / 10_000
    status["excess_units"] = excess
    status["excess_value_cost"] = excess * status["unit_cost"].astype("Float64") / 10_000
    since = status["days_since_last_sale"]
    idle = since.isna() | since.ge(variables.slow_after_days).fillna(True).astype(bool)
    covered = (with_demand & unit_days.gt(demand * variables.slow_cover_days)).fillna(False).astype(bool)
    status["is_slow_moving"] = held & grown & (idle | covered)
    long_idle = since.isna() | since.ge(variables.dead_after_days).fillna(True).astype(bool)
    old = age.ge(variables.dead_after_days).fillna(False).astype(bool)
    status["is_dead_stock"] = held & old & long_idle
    low = (with_demand & unit_days.lt(demand * variables.low_cover_days)).fillna(False)
    choices = [
        ("sold_out", empty & status["assortment_type"].eq("one_shot")),
        ("out_of_stock", empty),
        ("dead", status["is_dead_stock"]),
        ("excess", status["excess_units"].gt(0).fillna(False)),
        ("low", low),
        ("healthy", on_hand.notna()),
    ]
    label: pd.Series[Any] = pd.Series(pd.NA, index=status.index, dtype="string")
    for name, holds in reversed(choices):
        label = label.mask(holds.astype(bool), name)
    status["stock_status"] = label
    return status


def _aligned_known(grid: Grid, server: Grid) -> Bools:
    at = server.articles.get_indexer(grid.articles)
    known: Bools = server.known[at] & (at >= 0)[:, None]
    return known


def _nullable(days: Ints) -> Any:
    return pd.Series(days).astype("Int64").mask(pd.Series(days >= NEVER)).array
