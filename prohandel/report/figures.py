"""The figures of a week's report, asked with the queries of the dashboard's pages, so that both show the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
from psycopg import sql

from prohandel.dashboard.database import Pool, Query, fetch
from prohandel.dashboard.filters import Filters, from_values
from prohandel.dashboard.queries import Freshness, freshness_of, relations_there
from prohandel.dashboard.sales_rates import RECEIPT_RATES, with_changes, with_rates
from prohandel.dashboard.sql import (
    forecast_reorder,
    product_performance,
    sales_analysis,
    stock_monitoring,
    today,
    warehouse_performance,
)
from prohandel.errors import ProhandelError

_DOUBTS = ["negative", "phantom"]
_UNCLEAR = ["below_cost_sale", "no_cost", "no_price"]

_BRANCHES = Query(sql.SQL("select branch_number, name from dim_shops"), {})

Ask = Callable[[Query], pd.DataFrame]


@dataclass(frozen=True)
class Figures:
    """What a report says.

    Attributes:
        monday: first day of the week.
        filters: of its days, up to the as-of date, against last year.
        freshness: what the marts are as of.
        branches: names by branch number.
        total: sums, rates and changes of the week.
        receipts: the same of receipts, with the plan.
        days: revenue, that of the comparable day and the plan, by day.
        by_branch: sales, receipts and plan by branch, the largest first.
        by_category: sales by category, the largest first.
        comparable_days: days of the week that have a comparable day in the data.
        tasks: by name, cases, articles, branches, units and value (EUR) of what is to be done.
        lists: the rows behind the tasks, the most valuable first.
        has_recommendations: do orders come from the forecast?
    """

    monday: date
    filters: Filters
    freshness: Freshness
    branches: dict[str, str]
    total: dict[str, Any]
    receipts: dict[str, Any]
    days: pd.DataFrame
    by_branch: pd.DataFrame
    by_category: pd.DataFrame
    comparable_days: int
    tasks: dict[str, dict[str, Any]]
    lists: dict[str, pd.DataFrame]
    has_recommendations: bool

    @property
    def as_of(self) -> date:
        """The last complete business day."""
        if self.freshness.as_of_date is None:
            raise ValueError("figures are of a warehouse with sales")
        return self.freshness.as_of_date


def week_of(name: str) -> date:
    """The Monday of an ISO week such as 2026-W12.

    Raises:
        ProhandelError: it is none.
    """
    try:
        year, number = name.upper().split("-W")
        return date.fromisocalendar(int(year), int(number), 1)
    except ValueError:
        raise ProhandelError(f"{name} is no ISO week.", "Write it like 2026-W12.") from None


def monday_of(as_of: date, *, is_whole: bool) -> date:
    """The Monday of the week that runs on a day; of the last week that is over by it, where a whole one is wanted."""
    if not is_whole:
        return as_of - timedelta(days=as_of.weekday())
    after = as_of + timedelta(days=1)
    return after - timedelta(days=after.weekday() + 7)


def read(pool: Pool, week: str | None, *, is_whole: bool) -> Figures:
    """Asks the warehouse for the figures of a week.

    Args:
        pool: of the warehouse.
        week: 2026-W12; None for the newest.
        is_whole: of the newest, the last that is over, not the one that runs.

    Raises:
        ProhandelError: there are no sales, or none in that week.
    """
    freshness = freshness_of(pool)
    as_of = freshness.as_of_date
    if as_of is None:
        raise ProhandelError("There is nothing to report on: the marts are not built yet, or empty.", "prohandel run")
    monday = week_of(week) if week else monday_of(as_of, is_whole=is_whole)
    values = {"period": "own", "from": monday, "to": monday + timedelta(days=6), "compare": "last_year"}
    filters = from_values(values, as_of)

    def ask(query: Query) -> pd.DataFrame:
        return fetch(pool, query)

    coverage = ask(sales_analysis.coverage(filters)).iloc[0]
    first_day = pd.Timestamp(coverage["first_day"]).date()
    if monday > as_of or monday + timedelta(days=6) < first_day:
        raise ProhandelError(
            f"The week from {monday} has no complete day in the warehouse.",
            f"Days with sales are those from {first_day} to {as_of}.",
        )
    has_recommendations = "reorder_recommendations" in relations_there(pool, ("reorder_recommendations",))
    branches = ask(_BRANCHES)
    tasks, lists = _to_do(ask, pool, filters, as_of, has_recommendations=has_recommendations)
    return Figures(
        monday=monday,
        filters=filters,
        freshness=freshness,
        branches={
            number: number if name in (None, "unknown") else f"{number} {name}"
            for number, name in zip(branches["branch_number"], branches["name"], strict=True)
        },
        total=_only(with_changes(with_rates(ask(sales_analysis.sales(filters))), "net_revenue")),
        receipts=_only(with_rates(ask(sales_analysis.receipts(filters)), RECEIPT_RATES)),
        days=ask(sales_analysis.receipts(filters, "day")),
        by_branch=_by_branch(ask, filters),
        by_category=_parts(ask, filters, "category"),
        comparable_days=int(coverage["comparable_days"]),
        tasks=tasks,
        lists=lists,
        has_recommendations=has_recommendations,
    )


def _parts(ask: Ask, filters: Filters, by: sales_analysis.Part) -> pd.DataFrame:
    found = with_changes(with_rates(ask(sales_analysis.sales(filters, by=by))), "net_revenue")
    difference = found["net_revenue_comparable"].fillna(0) - found["net_revenue_before"].fillna(0)
    has_sales = found[["net_revenue", "net_revenue_before"]].fillna(0).ne(0).any(axis=1)
    return found.assign(difference=difference)[has_sales].sort_values(
        "net_revenue", ascending=False, na_position="last"
    )


def _by_branch(ask: Ask, filters: Filters) -> pd.DataFrame:
    receipts = with_rates(ask(sales_analysis.receipts(filters, by="branch_number")), RECEIPT_RATES)
    wanted = receipts[["part", "receipts", "basket_gross", "units_per_receipt", "plan_net_revenue"]]
    found = _parts(ask, filters, "branch_number").merge(wanted, on="part", how="left")
    plan = pd.to_numeric(found["plan_net_revenue"])
    return found.assign(plan_rate=found["net_revenue"] / plan.where(plan != 0))


def _to_do(
    ask: Ask, pool: Pool, filters: Filters, as_of: date, *, has_recommendations: bool
) -> tuple[dict[str, dict[str, Any]], dict[str, pd.DataFrame]]:
    has_incidents = "incidents" in relations_there(pool, ("incidents",))
    incidents = int(ask(today.open_incidents())["incidents"].iloc[0]) if has_incidents else 0
    tasks = {
        "reorder": _only(ask(today.to_reorder(filters, has_recommendations=has_recommendations))),
        "transfer": _only(ask(today.to_transfer(filters))),
        "mark_down": _only(ask(today.to_mark_down(filters))),
        "count": _only(ask(today.anomalies(filters, _DOUBTS))),
        "investigate": {**_only(ask(today.anomalies(filters, _UNCLEAR))), "incidents": incidents},
    }
    anomalies = ask(stock_monitoring.anomalies(filters))
    lists = {
        "transfer": ask(warehouse_performance.transfers(filters)),
        "mark_down": ask(product_performance.markdown_candidates(filters)),
        "count": anomalies[anomalies["kind"].isin(_DOUBTS)],
        "investigate": anomalies[anomalies["kind"].isin(_UNCLEAR)],
        "silent": ask(today.silent_branches(filters, as_of)),
    }
    if has_recommendations:
        lists["reorder"] = ask(forecast_reorder.suppliers(filters))
    return tasks, lists


def _only(found: pd.DataFrame) -> dict[str, Any]:
    return {str(name): value for name, value in found.iloc[0].items()} if len(found) else {}
