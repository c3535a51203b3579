"""What is on order, and what buyers may still order.

Readings chosen:
    * An order is open while units of it have not come, unless it is deleted, cancelled or closed, in
      English or German. What came beyond the order is on no order.
    * The running month is that of A. Orders without a day, and those expected before it, are late.
    * Opening stock of the running month is the value of positive stock; 0 of a category without any.
    * The month before is that of the calendar: a gap in the plan leaves the opening stock unknown.
    * What has no cost is worth nothing here; cost of goods sold is that of all lines of merchandise, returns taken off.

Source: M. Levy, B. Weitz, D. Grewal, Retailing Management, 10th ed. 2019, chapter 12 (open-to-buy).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pandas as pd

from .cleaning import EPOCH_DAY, divide, scaled
from .facts import Facts
from .shown import Mart, shown
from .stock import serving

_DONE = ("cancelled", "canceled", "closed", "storniert", "abgeschlossen", "geschlossen")


def marts(facts: Facts) -> dict[str, Mart]:
    """open_to_buy."""
    return {
        "open_to_buy": shown(
            open_to_buy(facts),
            ["month", "category"],
            dates={"as_of_date": "as_of_day"},
            money=[
                "opening_stock_cost",
                "plan_sales_cost",
                "plan_closing_stock_cost",
                "on_order_cost",
                "open_to_buy_cost",
                "sold_cost_to_date",
                "open_to_buy_rest_cost",
            ],
            flags=["is_on_order_known"],
        )
    }


def open_orders(facts: Facts) -> pd.DataFrame:
    """Orders with units open: article_number, branch_number (that holds the stock), expected_day, open_units."""
    orders = facts.staged.purchase_orders
    status = orders["status"].str.strip().str.lower()
    orders = orders.assign(open_units=orders["quantity"] - orders["received_quantity"])
    orders = orders[~orders["is_deleted"] & ~status.isin(_DONE).fillna(False) & orders["open_units"].gt(0)]
    servers = serving(facts.core)
    return orders.assign(
        branch_number=facts.core.branch_of(orders["branch_ref"]).map(servers),
        article_number=facts.core.article_of(orders["article_number"]),
    )


def open_to_buy(facts: Facts) -> pd.DataFrame:
    """Every month of the plan from the running one on, by category."""
    now = _month(facts.as_of)
    stock = facts.own.groupby("category")["inventory_value_cost"].sum()
    months = facts.goods["day"].map(_month)
    sold = facts.goods[months.eq(now)].groupby("category")["cogs"].sum()
    on_order = _on_order(facts, now)
    plan = {
        (str(row.month), str(row.category)): (
            scaled(str(row.plan_sales_cost), 6),
            scaled(str(row.plan_closing_stock_cost), 6),
        )
        for row in facts.seeds.purchase_plan.itertuples()
    }
    rows: list[dict[str, Any]] = []
    for (month, category), (sales, closing) in plan.items():
        if month < now:
            continue
        is_running = month == now
        before = plan.get((_month_before(month), category))
        planned = None if before is None else before[1]
        rows.append(
            {
                "month": month,
                "category": category,
                "opening_stock_cost": stock.get(category, 0) if is_running else planned,
                "plan_sales_cost": sales,
                "plan_closing_stock_cost": closing,
                "on_order_cost": on_order[month, category],
                "is_on_order_known": facts.variables.using_purchase_order,
                "sold_cost_to_date": sold.get(category, 0) if is_running else 0,
                "as_of_day": facts.as_of,
            }
        )
    columns = ["month", "category", "is_on_order_known", *_COLUMNS, "as_of_day"]
    limits = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(_COLUMNS, "Int64"))
    limits["open_to_buy_cost"] = (
        limits["plan_sales_cost"]
        + limits["plan_closing_stock_cost"]
        - limits["opening_stock_cost"]
        - limits["on_order_cost"]
    )
    limits["open_to_buy_rest_cost"] = limits["open_to_buy_cost"] - limits["sold_cost_to_date"]
    return limits


def _on_order(facts: Facts, now: str) -> defaultdict[tuple[str, str], int]:
    """Cost (whole 1e-6) of open orders by the month in which they should come, and category."""
    orders = open_orders(facts)
    every = facts.core.articles.set_index("article_number")
    cost = divide(orders["open_units"] * orders["article_number"].map(every["unit_cost"]).astype("Int64"), 100)
    category = orders["article_number"].map(every["category"])
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for day, name, value in zip(orders["expected_day"], category, cost.fillna(0), strict=True):
        found[now if pd.isna(day) else max(now, _month(int(day))), str(name)] += int(value)
    return found


def _month(day: int) -> str:
    return f"{date.fromordinal(int(day) + EPOCH_DAY):%Y-%m}"


def _month_before(month: str) -> str:
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"


_COLUMNS = [
    "opening_stock_cost",
    "plan_sales_cost",
    "plan_closing_stock_cost",
    "on_order_cost",
    "sold_cost_to_date",
]
