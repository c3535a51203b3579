"""Branches: what their stock is worth, turns and lacks.

Readings chosen:
    * A branch has a row if inventory_status has a pair of it or any line up to A that is not deleted names it.
    * Figures of stock are null for a branch without stock of its own, and where nobody had seen it by A; what is known
      is added, 0 where nothing is.
    * stock_units adds positive stock; what is below zero stands in negative_stock_units.
    * Sell-through adds all pairs of inventory_status; its rate is null unless the branch was observed at A - 90. It
      adds what fct_inventory_daily shows: returns before a pair's range_start count in nothing.
    * Excess adds the figures that inventory_status shows, rounded as they are.
    * size_run_pairs are the pairs with a row in size_availability.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .facts import Facts
from .sales import ratio, summed, with_rates
from .shown import Mart, shown
from .sizes import size_availability

_KEY = ["branch_number"]
_VALUES = ["inventory_value_cost", "inventory_value_retail", "excess_value_cost"]
_STOCK = ["stock_units", "negative_stock_units", "excess_units", *_VALUES, "slow_moving_value_cost", "dead_value_cost"]
_COUNTS = ["broken_size_runs", "size_run_pairs"]


def marts(facts: Facts) -> dict[str, Mart]:
    """warehouse_performance."""
    return {
        "warehouse_performance": shown(
            warehouse_performance(facts),
            _KEY,
            units=["stock_units", "negative_stock_units"],
            money=[
                "inventory_value_cost",
                "inventory_value_retail",
                "slow_moving_value_cost",
                "dead_value_cost",
                "net_revenue_365d",
                "gross_margin_365d",
            ],
            counts=_COUNTS,
            floats=[
                "excess_units",
                "excess_value_cost",
                "turnover_rate",
                "gmroi",
                "days_of_supply",
                "stockout_rate_90d",
                "stockout_frequency_90d",
                "margin_pct",
                "sell_through_rate_90d",
            ],
            from_rounded=["excess_units", "excess_value_cost"],
        )
    }


def warehouse_performance(facts: Facts) -> pd.DataFrame:
    """One row per branch with a pair or a line."""
    until = facts.lines[facts.lines["day"].le(facts.as_of)]
    named = sorted({*facts.pairs["branch_number"], *until["branch_number"]})
    rows = pd.DataFrame(index=pd.Index(named, name="branch_number", dtype="object"))
    own = facts.own.assign(
        stock_units=facts.own["on_hand"].clip(lower=0),
        slow_moving_value_cost=facts.own["inventory_value_cost"].where(facts.own["is_slow_moving"]),
        dead_value_cost=facts.own["inventory_value_cost"].where(facts.own["is_dead_stock"]),
    )
    rows = rows.join(own[own["branch_number"].isin(facts.holders)].groupby("branch_number")[_STOCK].sum())
    rows = rows.join(_turned(facts, own)).join(_supplied(facts, own)).join(_sold_through(facts))
    sizes = size_availability(facts).drop_duplicates(["branch_number", "article_number"])
    runs = sizes.groupby("branch_number")["is_broken_size_run"].agg(["sum", "size"])
    has_stock = rows.index.isin(facts.holders)
    for name, source in zip(_COUNTS, ("sum", "size"), strict=True):
        rows[name] = runs[source].reindex(rows.index).fillna(0).where(has_stock)
    year = facts.lines[facts.lines["day"].between(facts.as_of - 364, facts.as_of)]
    money = with_rates(summed(year, _KEY)).set_index("branch_number")
    rows["net_revenue_365d"] = money["net_revenue"].reindex(rows.index).astype("Int64").fillna(0)
    rows["gross_margin_365d"] = money["gross_margin"].reindex(rows.index)
    rows["margin_pct"] = money["margin_pct"].reindex(rows.index)
    return rows.reset_index()


def _turned(facts: Facts, own: pd.DataFrame) -> pd.DataFrame:
    """turnover_rate and gmroi of pairs whose stock is known for long enough."""
    known = own[own["known_days"].ge(facts.variables.min_stock_days).fillna(False).astype(bool)]
    grouped = known.groupby("branch_number")
    value_days = grouped["value_days"].sum().astype("Float64").astype("float64") / 1e8
    rates = {}
    for name, source in (("turnover_rate", "cogs_365d"), ("gmroi", "gross_margin_365d")):
        amount = grouped[source].sum().mask(grouped[source].count().eq(0))
        rates[name] = ratio(amount.astype("Float64") / 1e6 * 365, value_days.where(value_days > 0))
    return pd.DataFrame(rates)


def _supplied(facts: Facts, own: pd.DataFrame) -> pd.DataFrame:
    """days_of_supply and both stockout rates."""
    levels = facts.levels[facts.levels["day"].between(facts.as_of - 89, facts.as_of)]
    rated = levels.groupby("branch_number")[["rated_out", "rated"]].sum()
    grouped = own.groupby("branch_number")
    units = grouped["stock_units"].sum().where(grouped["stock_units"].count().gt(0))
    demand = grouped["avg_daily_demand_90d"].sum()
    return pd.DataFrame(
        {
            "days_of_supply": ratio(units.astype("Float64") / 1e4, demand),
            "stockout_rate_90d": ratio(rated["rated_out"], rated["rated"]).reindex(demand.index),
            "stockout_frequency_90d": ratio(
                grouped["stockout_days_90d"].sum(), grouped["observed_ranged_days_90d"].sum()
            ),
        }
    )


def _sold_through(facts: Facts) -> pd.Series[Any]:
    rates = {}
    shows = facts.own.groupby("branch_number")["article_number"].agg(set)
    for branch, grid in facts.stock.grids.items():
        at = np.flatnonzero(grid.articles.isin(shows.get(branch, set())))
        end = grid.window(facts.as_of, 90).stop
        if not len(at) or int(grid.known_from[at].min()) > facts.as_of - 90:
            continue
        started = grid.days[None, :] >= grid.range_start[at][:, None]
        unexplained = np.diff(grid.closing[at], axis=1, prepend=0) + grid.net[at]
        follows = grid.days[None, :] > grid.known_from[at][:, None]
        window = grid.window(facts.as_of, 90)
        received = np.where(started & follows, np.maximum(0, unexplained), 0)[:, window].sum()
        # Before the grid nothing of merchandise was ever there, although the branch may have been observed.
        opening = (grid.closing[at] * started)[:, end - 91].sum() if end > 90 else 0
        base = opening + received
        if base > 0:
            rates[branch] = float((grid.net[at] * started)[:, window].sum() / base)
    return pd.Series(rates, name="sell_through_rate_90d", dtype="float64")
