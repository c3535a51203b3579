"""Every measure of the marts, in the units that the marts show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from . import (
    anomalies,
    buying,
    cohorts,
    markdowns,
    ordering,
    planning,
    products,
    ranges,
    sales,
    season,
    sizes,
    stockouts,
    trade,
    warehouses,
)
from . import core as members
from . import stock as stocks
from .facts import Facts
from .landing import Landing, Staged, stage
from .seeds import Seeds
from .shown import Mart, shown
from .variables import Variables

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Marts:
    """All computed marts.

    Attributes:
        marts: by name.
        newest_day: N; None without a line.
        as_of_date: A; None without a line and without the variable.
    """

    marts: dict[str, Mart]
    newest_day: date | None
    as_of_date: date | None


def compute(
    landing: Landing,
    seeds: Seeds,
    variables: Variables,
    hash_key: str,
    inbound: Mapping[tuple[str, str], float] | None = None,
) -> Marts:
    """Compute every mart from landed rows (text frames by table name).

    Args:
        inbound: units that other branches are to send, by branch and article: what is recommended is tested apart.
    """
    staged = stage(landing, variables)
    core = members.build(staged, seeds, variables)
    lines = sales.sale_lines(staged, core, seeds, variables, hash_key)
    newest = sales.newest_day(lines)
    as_of = sales.as_of_day(newest, staged.last_sale_sync, variables)
    if as_of is not None and not variables.prices_include_vat:
        core = members.with_vat(core, seeds, as_of)
    marts = _core_marts(staged, core, lines, variables, hash_key, as_of) | _sales_marts(lines)
    if newest is not None and as_of is not None:
        stock = stocks.build(staged, core, seeds, lines, variables, newest, as_of)
        profit = products.product_profitability(lines, core, seeds, stock, variables, as_of)
        levels = stocks.stock_levels(stock, core, seeds)
        marts |= _stock_marts(stock, levels, profit, as_of)
        facts = Facts(staged, core, seeds, variables, lines, stock, profit, levels, newest, as_of, inbound or {})
        trading = (trade, ranges, cohorts, sizes, stockouts, warehouses, anomalies)
        for subject in (*trading, planning, markdowns, buying, ordering):
            marts |= subject.marts(facts)
        marts |= season.marts(facts, first_label_prices(core, lines))
    return Marts(marts, _as_date(newest), _as_date(as_of))


def _core_marts(
    staged: Staged, core: members.Core, lines: pd.DataFrame, variables: Variables, hash_key: str, as_of: int | None
) -> dict[str, Mart]:
    people = sales.dim_customers(staged, variables, hash_key)
    return {
        "dim_articles": _dim_articles(core, lines, as_of),
        "dim_shops": shown(
            core.branches, ["branch_number"], ["shop_type", "state", "supplied_from"], flags=["is_online"]
        ),
        "dim_customers": shown(people, ["customer_key"]),
        "fct_orders": shown(
            sales.orders(staged, variables, hash_key),
            ["order_id"],
            ["customer_key", "status"],
            dates={"order_date": "order_day"},
            units=["total_amount"],
            counts=["delivery_days"],
        ),
    }


def _dim_articles(core: members.Core, lines: pd.DataFrame, as_of: int | None) -> Mart:
    """First and last sale are demand lines on or before A."""
    until = lines[lines["is_demand"] & lines["day"].le(as_of if as_of is not None else -1)]
    sold = until.groupby("article_number")["day"].agg(["min", "max"])
    numbers = core.articles["article_number"]
    articles = core.articles.assign(
        first_sale_day=numbers.map(sold["min"]).astype("Int64"),
        last_sale_day=numbers.map(sold["max"]).astype("Int64"),
        list_price_gross=core.articles["list_price"],
        first_list_price_gross=numbers.map(first_label_prices(core, lines)),
    )
    return shown(
        articles,
        ["article_number"],
        ["name", "category", "supplier", "brand", "season", "assortment_type"],
        dates={"first_sale_date": "first_sale_day", "last_sale_date": "last_sale_day"},
        units=["list_price_gross", "first_list_price_gross", "unit_cost"],
    )


def first_label_prices(core: members.Core, lines: pd.DataFrame) -> pd.Series[Any]:
    """The first label price of any line by article number, else the list price (whole 1e-4).

    Of several label prices on the first day the one sold first counts, lines without a time last, then by line id.
    """
    labelled = lines[lines["list_price_gross"].notna()].sort_values(["day", "sold_at", "sale_line_id"], kind="stable")
    list_price = core.articles.set_index("article_number")["list_price"]
    first = labelled.groupby("article_number")["list_price_gross"].first()
    return first.reindex(list_price.index).astype("Int64").fillna(list_price)


def _sales_marts(lines: pd.DataFrame) -> dict[str, Mart]:
    return {
        "fct_sale_lines": shown(
            lines,
            ["sale_line_id"],
            ["branch_number", "article_number", "article_size_number", "customer_key", "receipt_number"],
            dates={"sale_date": "day"},
            units=["quantity", "list_price_gross"],
            money=sales.MONEY,
            flags=["is_return", "is_adjustment", "is_price_missing"],
        ),
        "fct_sales_daily": shown(
            sales.summed(lines, ["day", "branch_number", "article_number"]),
            ["date_day", "branch_number", "article_number"],
            units=sales.UNITS,
            money=sales.MONEY,
        ),
        "sales_performance": shown(
            sales.sales_performance(lines),
            ["date_day", "branch_number", "category"],
            units=["demand_units", "return_units"],
            money=sales.MONEY,
            counts=["receipts"],
            floats=["margin_pct", "cost_coverage", "return_rate"],
        ),
    }


def _stock_marts(stock: stocks.Stock, levels: pd.DataFrame, profit: pd.DataFrame, as_of: int) -> dict[str, Mart]:
    classes = profit[["article_number", "abc_class"]]
    status = stock.pairs.merge(classes, on="article_number", how="left").assign(as_of_day=as_of)
    sums = {column: f"{column}_365d" for column in ("net_revenue", "cogs", "gross_margin")}
    return {
        "fct_inventory_daily": shown(
            stock.daily,
            ["date_day", "branch_number", "article_number"],
            units=["closing_stock", "demand_units", "net_units", "inferred_receipts", "inferred_issues"],
            money=["stock_value_cost"],
            floats=["stockout_hours"],
            flags=["is_ranged", "is_in_stock", "is_observed"],
        ),
        "stock_levels": shown(
            levels,
            ["date_day", "branch_number", "category"],
            units=["stock_units"],
            money=["stock_value_cost"],
            counts=["ranged_articles", "stocked_out_articles"],
            floats=["stockout_rate"],
        ),
        "inventory_status": shown(
            status,
            ["branch_number", "article_number"],
            ["stock_status", "assortment_type", "abc_class"],
            dates={"as_of_date": "as_of_day"},
            units=["on_hand", "negative_stock_units"],
            money=["inventory_value_cost", "inventory_value_retail"],
            counts=["stockout_days_90d", "days_since_last_sale"],
            floats=[
                "avg_daily_demand_30d",
                "avg_daily_demand_90d",
                "days_of_supply",
                "turnover_rate",
                "stockout_frequency",
                "size_availability_rate",
                "excess_units",
                "excess_value_cost",
            ],
            flags=["is_slow_moving", "is_dead_stock", "is_stock_history_complete"],
        ),
        "product_profitability": shown(
            profit.rename(columns=sums),
            ["article_number"],
            ["abc_class", "xyz_class"],
            money=list(sums.values()),
            floats=[
                "margin_pct",
                "cost_coverage",
                "markup",
                "gmroi",
                "sell_through_rate_90d",
                "return_rate",
                "discount_rate",
            ],
        ),
    }


def _as_date(day: int | None) -> date | None:
    return None if day is None else _EPOCH + timedelta(days=day)
