"""Measures and classes of articles, company-wide.

Readings chosen:
    * Every article has a row. Articles that are no merchandise have sums of money, but no class and no figure of stock.
    * Windows without a suffix in the column's name are the last 365 days, like their neighbours.
    * A company day has known stock once one branch has; stock adds the branches with known stock. gmroi and
      sell-through take all sales of the article on those days, wherever they were made.
    * Company receipts come from the company's stock: transfers between branches on one day do not count.
    * markup takes the list price and the known unit cost of the article and the VAT rate of A; null at cost 0.
    * A week counts since range_start when its first day is not before it; its days ranged and in stock are days on
      which some pair of the article is both; its demand is all demand of the week. Without any demand in 13 weeks or
      more the coefficient is null and the class Z ("else").
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .core import Core
from .sales import ratio, summed, with_rates
from .seeds import Seeds
from .stock import Stock
from .variables import Variables

_WEEKS, _MIN_WEEKS, _MIN_DAYS = 52, 13, 4
_NEVER = np.int64(2**40)


def product_profitability(
    lines: pd.DataFrame, core: Core, seeds: Seeds, stock: Stock, variables: Variables, as_of: int
) -> pd.DataFrame:
    """One row per article; money whole 1e-6, rates floats."""
    window = lines[lines["day"].between(as_of - 364, as_of)]
    rated = with_rates(summed(window, ["article_number"]))
    columns = ["article_number", "is_merchandise", "list_price", "unit_cost", "vat_class"]
    products = core.articles[columns].merge(rated, on="article_number", how="left", validate="one_to_one")
    products["net_revenue"] = products["net_revenue"].astype("Int64").fillna(0)
    products["markup"] = _markup(products, seeds, as_of)
    products = products.merge(_stock_rates(lines, core, stock, variables, as_of), on="article_number", how="left")
    classes = abc_classes(products).merge(xyz_classes(lines, core, stock, as_of), on="article_number", how="left")
    return products.merge(classes, on="article_number", how="left", validate="one_to_one")


def abc_classes(products: pd.DataFrame) -> pd.DataFrame:
    """abc_class and shares per article of merchandise from `net_revenue` (whole 1e-6) of the last 365 days."""
    goods = products[products["is_merchandise"]].sort_values(
        ["net_revenue", "article_number"], ascending=[False, True], kind="stable"
    )
    revenue = [max(0, int(value)) for value in goods["net_revenue"]]
    total, before, classes, cumulated = sum(revenue), 0, [], []
    for value in revenue:
        # Whole numbers, because a share on the edge must not fall to either side by rounding.
        classes.append(
            "C" if value == 0 else "A" if before * 100 < total * 80 else "B" if before * 100 < total * 95 else "C"
        )
        before += value
        cumulated.append(before)
    frame = pd.DataFrame({"article_number": goods["article_number"].to_numpy(), "abc_class": classes})
    base = pd.Series(total, index=frame.index)
    frame["revenue_share"] = ratio(pd.Series(revenue, index=frame.index, dtype="int64"), base)
    frame["cumulative_share"] = ratio(pd.Series(cumulated, index=frame.index, dtype="int64"), base)
    return frame


def xyz_classes(lines: pd.DataFrame, core: Core, stock: Stock, as_of: int) -> pd.DataFrame:
    """xyz_class, weekly_demand_cv and the first range_start per article of merchandise.

    Demand is that of 52 blocks of seven days ending at A.
    """
    articles = pd.Index(core.articles.loc[core.articles["is_merchandise"], "article_number"].astype("object"))
    first = as_of - _WEEKS * 7 + 1
    demand = np.zeros((len(articles), _WEEKS * 7), dtype=np.int64)
    available = np.zeros(demand.shape, dtype=np.bool_)
    range_start = np.full(len(articles), _NEVER, dtype=np.int64)
    for grid in stock.grids.values():
        at = articles.get_indexer(grid.articles)
        np.minimum.at(range_start, at, grid.range_start)
        low, high = max(first, grid.first_day), min(as_of, grid.first_day + grid.closing.shape[1] - 1)
        if low > high:
            continue
        source = slice(low - grid.first_day, high - grid.first_day + 1)
        target = slice(low - first, high - first + 1)
        available[at, target] |= (grid.ranged & grid.in_stock)[:, source]
    sold = lines[lines["is_merchandise"] & lines["is_demand"] & lines["day"].between(first, as_of)]
    rows = articles.get_indexer(pd.Index(sold["article_number"]))
    columns = sold["day"].to_numpy(dtype=np.int64) - first
    np.add.at(demand, (rows, columns), sold["demand_units"].to_numpy(dtype=np.int64))
    blocks = demand.reshape(len(articles), _WEEKS, 7).sum(axis=2)
    days = available.reshape(len(articles), _WEEKS, 7).sum(axis=2)
    starts = first + 7 * np.arange(_WEEKS)
    counted = (days >= _MIN_DAYS) & (starts[None, :] >= range_start[:, None])
    n = counted.sum(axis=1)
    units = np.where(counted, blocks, 0) / 10_000
    total, squares = units.sum(axis=1), (units**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Compared as squares, so that a coefficient on the edge of a class stays exact.
        squared = np.where(total > 0, (n * squares - total**2) / total**2, np.nan)
    label = np.where(squared <= 0.25, "X", np.where(squared <= 1.0, "Y", "Z")).astype(object)
    label[n < _MIN_WEEKS] = None
    cv = np.where(n < _MIN_WEEKS, np.nan, np.sqrt(np.maximum(squared, 0)))
    known = pd.Series(range_start).astype("Int64").mask(pd.Series(range_start >= _NEVER))
    return pd.DataFrame(
        {"article_number": articles, "weekly_demand_cv": cv, "xyz_class": label, "first_ranged_day": known.array}
    )


def _markup(products: pd.DataFrame, seeds: Seeds, as_of: int) -> pd.Series[Any]:
    day = pd.Series(as_of, index=products.index, dtype="Int64")
    rate = seeds.vat_rate(products["vat_class"], day).astype("Float64") / 1_000_000
    cost = products["unit_cost"].astype("Float64") / 10_000
    net_label = products["list_price"].astype("Float64") / 10_000 / (1 + rate)
    return ratio(net_label - cost, cost)


def _stock_rates(lines: pd.DataFrame, core: Core, stock: Stock, variables: Variables, as_of: int) -> pd.DataFrame:
    """gmroi and sell_through_rate_90d per article of merchandise, and what the stock of known days was and cost.

    Adds stock_value_days (money x days, NaN where turnover is null) and known_cogs (money, NaN where unknown).
    """
    goods = core.articles[core.articles["is_merchandise"]]
    articles = pd.Index(goods["article_number"].astype("object"))
    known_from = min(
        (int(grid.known_from.min()) for grid in stock.grids.values() if len(grid.articles)), default=int(_NEVER)
    )
    value_units, opening, change_low = _company_stock(articles, stock, as_of)
    since = max(known_from, as_of - 364)
    known_days = max(0, as_of - since + 1)
    merchandise = lines[lines["is_merchandise"]]
    on_known_days = merchandise[merchandise["day"].between(since, as_of)]
    margin = _by_article(on_known_days, "gross_margin", articles)
    cogs = _by_article(on_known_days, "cogs", articles)
    cost = goods["unit_cost"].to_numpy(dtype=np.float64, na_value=np.nan) / 10_000
    value_days = np.where(value_units > 0, value_units / 10_000 * cost, np.nan)
    if known_days < variables.min_stock_days:
        value_days = np.full(len(articles), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        gmroi = np.where(value_days > 0, margin / 1e6 * 365 / value_days, np.nan)

    first = as_of - 89
    recent = merchandise[merchandise["day"].between(first, as_of)]
    net_by_day = np.zeros((len(articles), 90), dtype=np.int64)
    at = articles.get_indexer(pd.Index(recent["article_number"]))
    net = (recent["demand_units"] - recent["return_units"]).to_numpy(dtype=np.int64)
    np.add.at(net_by_day, (at, recent["day"].to_numpy(dtype=np.int64) - first), net)
    receipts = np.maximum(change_low + net_by_day, 0).sum(axis=1)
    base = opening + receipts
    known = known_from <= as_of - 90
    with np.errstate(divide="ignore", invalid="ignore"):
        through = np.where((base > 0) & known, net_by_day.sum(axis=1) / base, np.nan)
    return pd.DataFrame(
        {
            "article_number": articles,
            "gmroi": gmroi,
            "sell_through_rate_90d": through,
            "stock_value_days": np.where(value_days > 0, value_days, np.nan),
            "known_cogs": cogs / 1e6,
        }
    )


def _company_stock(
    articles: pd.Index[str], stock: Stock, as_of: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Unit-days of stock in 365 days, stock at the end of A - 90, and its change on each of the 90 days after."""
    unit_days = np.zeros(len(articles), dtype=np.int64)
    levels = np.zeros((len(articles), 91), dtype=np.int64)
    for grid in stock.grids.values():
        at = articles.get_indexer(grid.articles)
        end = as_of - grid.first_day + 1
        year = grid.closing[:, max(0, end - 365) : max(0, end)]
        np.add.at(unit_days, at, np.maximum(year, 0).sum(axis=1))
        recent = grid.closing[:, max(0, end - 91) : max(0, end)]
        if recent.shape[1]:
            levels[at, 91 - recent.shape[1] :] += recent
    return unit_days, levels[:, 0], np.diff(levels, axis=1)


def _by_article(lines: pd.DataFrame, column: str, articles: pd.Index[str]) -> npt.NDArray[np.float64]:
    """The sum per article; 0 without lines, NaN where lines exist and none is known."""
    grouped = lines.groupby("article_number")[column]
    sums = grouped.sum().astype("Int64").mask(grouped.count().eq(0))
    without = ~articles.isin(sums.index)
    values = sums.reindex(articles).to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(without, 0.0, values)
