"""Sizes: what they sell, what of them is there, and what is missing where a warehouse has it.

Readings chosen:
    * Demand of size 'unknown' is in no curve. A category's curve takes all its articles, whatever their sizes.
    * An article's sizes are those of its stock rows and demand lines of any day.
    * A size whose rows are gone, or were not there at A, holds 0.
    * The replenishing warehouse of a size is the warehouse that holds most of that size of the article; ties by number.
    * returns_by_size has a row where anything was sold or came back; the size may be 'unknown'.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .facts import Facts
from .landing import UNKNOWN
from .sales import ratio
from .shown import Mart, shown

_PAIR = ["branch_number", "article_number"]
_SIZE = [*_PAIR, "article_size_number"]
_OWN_CURVE_FROM = 30 * 10_000


def marts(facts: Facts) -> dict[str, Mart]:
    """size_availability, size_gaps and returns_by_size."""
    sizes = size_availability(facts)
    return {
        "size_availability": shown(
            sizes,
            _SIZE,
            units=["on_hand"],
            floats=["size_share_of_sales"],
            flags=["is_in_stock", "is_core_size", "is_broken_size_run"],
        ),
        "size_gaps": shown(size_gaps(facts, sizes), _SIZE, ["warehouse_branch"], units=["warehouse_units"]),
        "returns_by_size": shown(
            returns_by_size(facts),
            ["category", "article_size_number"],
            units=["demand_units_365d", "return_units_365d"],
            floats=["return_rate", "category_return_rate", "share_of_returns"],
        ),
    }


def size_shares(facts: Facts) -> pd.DataFrame:
    """Every article's sizes: article_number, article_size_number, share (NaN without demand), is_core_size."""
    year = facts.window(365)
    year = year[year["is_demand"] & year["article_size_number"].ne(UNKNOWN)]
    key = ["article_number", "article_size_number"]
    own = year.groupby(key)["demand_units"].sum()
    of_category = year.groupby(["category", "article_size_number"])["demand_units"].sum()
    total = year.groupby("article_number")["demand_units"].sum()
    ever = facts.lines[facts.lines["is_merchandise"] & facts.lines["is_demand"]]
    named = pd.concat([ever[key], facts.sizes[key]], ignore_index=True).drop_duplicates()
    named = named[named["article_number"].isin(facts.articles.index) & named["article_size_number"].ne(UNKNOWN)]
    rows = []
    for article, sizes in named.groupby("article_number")["article_size_number"]:
        has_curve = total.get(article, 0) >= _OWN_CURVE_FROM
        curve, name = (own, article) if has_curve else (of_category, facts.articles.at[article, "category"])
        weights = {str(size): int(curve.get((name, size), 0)) for size in sizes}
        base, before = sum(weights.values()), 0
        for size in sorted(weights, key=lambda size: (-weights[size], size)):
            rows.append((article, size, weights[size], base, base > 0 and before * 100 < base * 70))
            before += weights[size]
    frame = pd.DataFrame(rows, columns=[*key, "weight", "base", "is_core_size"])
    return frame.assign(size_share_of_sales=ratio(frame["weight"], frame["base"]))


def size_availability(facts: Facts) -> pd.DataFrame:
    """Every size that a pair with stock of its own ever held."""
    pairs = facts.own[_PAIR].astype("object")
    sizes = facts.sizes.astype(dict.fromkeys(_SIZE, "object")).merge(pairs, on=_PAIR)
    shares = size_shares(facts).astype({"article_number": "object", "article_size_number": "object"})
    sizes = sizes.merge(shares, on=["article_number", "article_size_number"], how="left")
    sizes["is_core_size"] = sizes["is_core_size"].fillna(False).astype(bool)
    sizes["gone"] = sizes["is_core_size"] & ~sizes["is_in_stock"]
    grouped = sizes.groupby(_PAIR)
    sizes["is_broken_size_run"] = grouped["gone"].transform("any") & grouped["is_in_stock"].transform("any")
    return sizes.rename(columns={"quantity": "on_hand"})


def size_gaps(facts: Facts, sizes: pd.DataFrame) -> pd.DataFrame:
    """Core sizes that a ranged pair lacks and a warehouse holds."""
    warehouses = facts.core.branches.loc[facts.core.branches["shop_type"].eq("warehouse"), "branch_number"]
    held = sizes[sizes["branch_number"].isin(set(warehouses)) & sizes["on_hand"].gt(0)]
    best = held.sort_values(["on_hand", "branch_number"], ascending=[False, True], kind="stable")
    best = best.drop_duplicates(["article_number", "article_size_number"])
    best = best.rename(columns={"branch_number": "warehouse_branch", "on_hand": "warehouse_units"})
    best = best[["article_number", "article_size_number", "warehouse_branch", "warehouse_units"]]
    ranged = set()
    for branch, grid in facts.stock.grids.items():
        today = grid.window(facts.as_of, 1)
        on = grid.ranged[:, today].any(axis=1)
        ranged |= {(branch, article) for article in grid.articles[on]}
    lacks = sizes[sizes["gone"]]
    is_ranged = [pair in ranged for pair in zip(lacks["branch_number"], lacks["article_number"], strict=True)]
    return lacks[np.array(is_ranged, dtype=bool)].merge(best, on=["article_number", "article_size_number"])


def returns_by_size(facts: Facts) -> pd.DataFrame:
    """Demand and returns of a year by category and size."""
    year = facts.window(365)
    columns = ["demand_units", "return_units"]
    sums = year.groupby(["category", "article_size_number"])[columns].sum().reset_index()
    sums = sums[sums[columns].ne(0).any(axis=1)].reset_index(drop=True)
    totals = sums.groupby("category")[columns].transform("sum")
    sums["return_rate"] = ratio(sums["return_units"], sums["demand_units"])
    sums["category_return_rate"] = ratio(totals["return_units"], totals["demand_units"])
    sums["share_of_returns"] = ratio(sums["return_units"], totals["return_units"])
    return sums.rename(columns={column: f"{column}_365d" for column in columns})
