"""Reorder points.

Readings chosen:
    * Without two ranged days in stock there is no deviation, so no safety stock and no reorder point.
    * A presentation minimum raises the order-up-to level where there is a reorder point to raise.
    * Nothing is on order where purchase orders do not land.

Source: Silver, Pyke, Thomas, Inventory and Production Management in Supply Chains, 4th ed. 2017, chapter 6.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from .buying import open_orders
from .facts import Facts
from .shown import Mart, shown

_PAIR = ["branch_number", "article_number"]


def marts(facts: Facts) -> dict[str, Mart]:
    """reorder_points."""
    return {
        "reorder_points": shown(
            reorder_points(facts),
            _PAIR,
            units=["on_hand"],
            floats=[
                "on_order_units",
                "avg_daily_demand_90d",
                "demand_sd_90d",
                "service_level",
                "z",
                "protection_days",
                "safety_stock",
                "expected_demand",
                "reorder_point",
                "order_up_to_level",
            ],
            from_rounded=["safety_stock", "expected_demand", "reorder_point", "order_up_to_level"],
        )
    }


def reorder_points(facts: Facts) -> pd.DataFrame:
    """Every pair with stock of its own."""
    pairs = facts.own.reset_index(drop=True)
    named = pairs[_PAIR].assign(
        **{column: facts.of_article(pairs, column) for column in ("brand", "category", "category_ref")}
    )
    policy = facts.seeds.replenishment(named)
    points = pairs.assign(
        on_order_units=_on_order(facts, pairs),
        demand_sd_90d=_deviation(facts, pairs),
        service_level=policy["service_level"],
        z=policy["service_level"].map(NormalDist().inv_cdf),
        protection_days=policy["lead_time_days"] + policy["review_period_days"],
    )
    points["safety_stock"] = points["z"] * points["demand_sd_90d"] * np.sqrt(points["protection_days"])
    points["expected_demand"] = points["avg_daily_demand_90d"] * points["protection_days"]
    points["reorder_point"] = points["expected_demand"] + points["safety_stock"]
    floor = facts.seeds.presentation_minimum(named)
    level = points["reorder_point"]
    return points.assign(order_up_to_level=level.where(floor.isna() | level.isna() | level.ge(floor), floor))


def _deviation(facts: Facts, pairs: pd.DataFrame) -> pd.Series[Any]:
    found: dict[tuple[str, str], float] = {}
    for branch, grid in facts.stock.grids.items():
        span = grid.window(facts.as_of, 90)
        counted = (grid.ranged & grid.in_stock)[:, span]
        demand = np.where(counted, grid.demand[:, span] / 1e4, np.nan)
        for at in np.flatnonzero(counted.sum(axis=1) >= 2):
            found[branch, str(grid.articles[at])] = float(np.nanstd(demand[at]))
    keys = zip(pairs["branch_number"], pairs["article_number"], strict=True)
    return pd.Series([found.get(key, np.nan) for key in keys], index=pairs.index, dtype="float64")


def _on_order(facts: Facts, pairs: pd.DataFrame) -> pd.Series[Any]:
    units = open_orders(facts).groupby(_PAIR)["open_units"].sum().to_dict()
    keys = zip(pairs["branch_number"], pairs["article_number"], strict=True)
    return pd.Series([units.get(key, 0) / 1e4 for key in keys], index=pairs.index, dtype="float64")
