"""Articles by class, price band, assortment and rank.

Readings chosen:
    * An article is new while its first range_start is not older than `new_article_days`: A - date <= W, so that every
      article is either new or older.
    * A pair that inventory_status does not show has the assortment type of its article.
    * assortment_performance has a row where the branch sold such an article in the window, or has such a pair in
      inventory_status. Stock is null for branches without stock of their own, and where nobody had seen it by A.
    * Values at cost add what is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .facts import Facts
from .sales import ratio, summed, with_rates
from .shown import Mart, shown

_RANK_DAYS = 28


def marts(facts: Facts) -> dict[str, Mart]:
    """abc_classification, price_band_performance, assortment_performance and article_ranking."""
    return {
        "abc_classification": shown(
            classified(facts),
            ["article_number"],
            ["abc_class", "xyz_class"],
            money=["net_revenue_365d"],
            floats=["revenue_share", "cumulative_share", "weekly_demand_cv"],
            flags=["is_new_article"],
        ),
        "price_band_performance": shown(
            price_bands(facts),
            ["category", "price_band"],
            units=["net_units_90d", "stock_units"],
            money=["net_revenue_90d"],
            floats=["sales_share", "stock_share"],
        ),
        "assortment_performance": shown(
            assortments(facts),
            ["branch_number", "assortment_type", "is_new_article"],
            units=["demand_units_90d", "net_units_90d", "stock_units"],
            money=["net_revenue_90d", "gross_margin_90d", "net_revenue_with_cost_90d", "inventory_value_cost"],
            floats=["margin_pct", "revenue_share", "stock_share"],
        ),
        "article_ranking": shown(
            ranking(facts),
            ["article_number"],
            ["category"],
            units=["net_units_28d", "on_hand"],
            money=["net_revenue_28d", "gross_margin_28d"],
            counts=["rank_in_category", "articles_in_category"],
            floats=["weeks_of_cover"],
            flags=["is_renner", "is_penner"],
        ),
    }


def classified(facts: Facts) -> pd.DataFrame:
    """The classes of every article of merchandise."""
    products = facts.products
    goods = products[products["is_merchandise"].astype(bool)].rename(columns={"net_revenue": "net_revenue_365d"})
    age = facts.as_of - goods["first_ranged_day"].astype("Int64")
    is_new = age.le(facts.variables.new_article_days).fillna(False).astype(bool)
    return goods.assign(is_new_article=is_new).reset_index(drop=True)


def price_bands(facts: Facts) -> pd.DataFrame:
    """Sales of 90 days and stock by category and price band."""
    key = ["category", "price_band"]
    articles = facts.articles[["category"]].assign(price_band=facts.seeds.price_band(facts.articles["list_price"]))
    sold = facts.window(90).groupby("article_number")[["demand_units", "return_units", "net_revenue"]].sum()
    articles["net_units_90d"] = (sold["demand_units"] - sold["return_units"]).reindex(articles.index).fillna(0)
    articles["net_revenue_90d"] = sold["net_revenue"].reindex(articles.index).fillna(0)
    articles["stock_units"] = company_stock(facts).reindex(articles.index).fillna(0)
    bands = articles.groupby(key).sum().reset_index()
    totals = bands.groupby("category")[["net_units_90d", "stock_units"]].transform("sum")
    bands["sales_share"] = ratio(bands["net_units_90d"], totals["net_units_90d"])
    bands["stock_share"] = ratio(bands["stock_units"], totals["stock_units"])
    return bands


def assortments(facts: Facts) -> pd.DataFrame:
    """Sales of 90 days and stock by branch, assortment type and whether the article is new."""
    key = ["branch_number", "assortment_type", "is_new_article"]
    pair = ["branch_number", "article_number"]
    is_new = classified(facts).set_index("article_number")["is_new_article"]
    types = facts.pairs.set_index(pair)["assortment_type"]
    sold = facts.window(90)
    known = types.reindex(pd.MultiIndex.from_frame(sold[pair].astype("object"))).astype("string").array
    kind = pd.Series(known, index=sold.index).fillna(facts.of_article(sold, "assortment_type").astype("string"))
    sold = sold.assign(assortment_type=kind, is_new_article=_spelled(sold["article_number"].map(is_new)))
    sales = with_rates(summed(sold, key))
    sales["net_units"] = sales["demand_units"] - sales["return_units"]
    pairs = facts.pairs.assign(is_new_article=_spelled(facts.pairs["article_number"].map(is_new)))
    pairs = pairs.assign(stock_units=pairs["on_hand"].clip(lower=0))
    stock = pairs.groupby(key)[["stock_units", "inventory_value_cost"]].sum().reset_index()
    rows = stock.merge(sales, on=key, how="outer")
    for column in ("demand_units", "net_units", "net_revenue", "net_revenue_with_margin"):
        rows[column] = rows[column].astype("Int64").fillna(0)
    for column in ("stock_units", "inventory_value_cost"):
        rows[column] = rows[column].astype("Int64").fillna(0).mask(~rows["branch_number"].isin(facts.holders))
    totals = rows.groupby("branch_number")[["net_revenue", "stock_units"]].transform("sum")
    rows["revenue_share"] = ratio(rows["net_revenue"], totals["net_revenue"])
    rows["stock_share"] = ratio(rows["stock_units"], totals["stock_units"])
    names = {"net_revenue_with_margin": "net_revenue_with_cost"}
    rows = rows.rename(columns=names)
    windowed = ["net_revenue", "gross_margin", "net_revenue_with_cost", "demand_units", "net_units"]
    return rows.rename(columns={name: f"{name}_90d" for name in windowed})


def ranking(facts: Facts) -> pd.DataFrame:
    """Articles that sell, come back or lie in stock, ranked in their category by net revenue of 28 days."""
    sums = summed(facts.window(_RANK_DAYS), ["article_number"]).set_index("article_number")
    articles = facts.articles[["article_number", "category"]].join(
        sums[["demand_units", "return_units", "net_revenue", "gross_margin"]]
    )
    for column in ("demand_units", "return_units", "net_revenue"):
        articles[column] = articles[column].astype("Int64").fillna(0)
    articles["on_hand"] = company_stock(facts).reindex(articles.index).fillna(0)
    shows = articles["demand_units"].ne(0) | articles["return_units"].ne(0) | articles["on_hand"].gt(0)
    rows = articles[shows].sort_values(
        ["category", "net_revenue", "article_number"], ascending=[True, False, True], kind="stable"
    )
    rows["net_units"] = rows["demand_units"] - rows["return_units"]
    rows["weeks_of_cover"] = ratio(rows["on_hand"] * 4, rows["demand_units"])
    grouped = rows.groupby("category")
    rows["rank_in_category"] = grouped.cumcount() + 1
    rows["articles_in_category"] = grouped["article_number"].transform("size")
    tenth = -(-rows["articles_in_category"] // 10)
    rows["is_renner"] = rows["rank_in_category"].le(tenth) & rows["net_revenue"].gt(0)
    first = facts.products.set_index("article_number")["first_ranged_day"].astype("Int64")
    received_long_ago = (facts.as_of - rows["article_number"].map(first).astype("Int64")).gt(_RANK_DAYS)
    rows["is_penner"] = (
        rows["on_hand"].gt(0)
        & received_long_ago.fillna(False)
        & rows["rank_in_category"].gt(rows["articles_in_category"] - tenth)
        & ~rows["is_renner"]
    )
    windowed = ["net_units", "net_revenue", "gross_margin"]
    return rows.rename(columns={name: f"{name}_28d" for name in windowed})


def company_stock(facts: Facts) -> pd.Series[Any]:
    """Positive stock of all branches with stock of their own, by article (whole 1e-4)."""
    return facts.own.assign(on_hand=facts.own["on_hand"].clip(lower=0)).groupby("article_number")["on_hand"].sum()


def _spelled(flags: pd.Series[Any]) -> Any:
    """As the server spells booleans: the flag is part of the grain."""
    return np.where(flags.fillna(False).astype(bool), "t", "f")
