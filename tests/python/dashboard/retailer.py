"""A retailer small enough to add up by hand: two branches, a warehouse, three articles, as of Friday 2026-02-27.

Money of a day: branch 0901 sells 100 EUR net (119 gross) in 2 receipts, branch 0902 50 EUR net (59.50) in 1 receipt; on
comparable days last year 80 and 50. On the as-of date 0901 sold 200 net. 0903 sold on every Friday but the last one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from tests.python.dashboard import planned
from tests.python.dashboard.conftest import fill

AS_OF = date(2026, 2, 27)
RUN_AT = datetime.fromisoformat("2026-02-28T17:30:00+00:00")
SYNCED_AT = datetime.fromisoformat("2026-02-28T17:00:00+00:00")

_ARTICLES: tuple[tuple[str, str, str, str, str, str, float, float], ...] = (
    ("A1", "Hemd weiß", "Hemden", "Alster", "unknown", "nos", 49.90, 15.0),
    ("A2", "Kleid rot", "Kleider", "Tannen", "FS26", "one_shot", 89.90, 30.0),
    ("A3", "Gürtel braun", "Gürtel", "Alster", "unknown", "nos", 29.90, 8.0),
)


def land(conn: psycopg.Connection[Any]) -> None:
    """Fills the marts that the pages read."""
    _masters(conn)
    _days(conn)
    _stock(conn)
    _plans(conn)
    planned.land(conn, AS_OF, RUN_AT, SYNCED_AT)


def _masters(conn: psycopg.Connection[Any]) -> None:
    for number, name, kind in (
        ("0901", "München", "retail"), ("0902", "Berlin", "retail"), ("0903", "Köln", "retail"),
        ("0912", "Lager", "warehouse"),
    ):  # fmt: skip
        fill(conn, "dim_shops", [{"branch_number": number, "name": name, "shop_type": kind, "supplied_from": number,
                                  "is_online": False}])  # fmt: skip
    for number, name, category, brand, season, kind, price, cost in _ARTICLES:
        fill(conn, "dim_articles", [{
            "article_number": number, "name": name, "category": category, "brand": brand, "season": season,
            "supplier": "Lieferant", "assortment_type": kind, "list_price_gross": price, "unit_cost": cost,
            "ean": f"400000000000{number[1]}", "is_merchandise": True, "is_active": True,
        }])  # fmt: skip
    day = AS_OF - timedelta(days=400)
    while day <= AS_OF + timedelta(days=10):
        fill(conn, "dim_dates", [{
            "date_day": day, "week_start_date": day - timedelta(days=day.weekday()),
            "comparable_day_last_year": day - timedelta(days=364),
        }])  # fmt: skip
        day += timedelta(days=1)


def _days(conn: psycopg.Connection[Any]) -> None:
    for back in range(60):
        day = AS_OF - timedelta(days=back)
        money = {"0901": 200.0 if back == 0 else 100.0, "0902": 50.0}
        if day.weekday() == 4 and back > 0:
            money["0903"] = 10.0
        for branch, net in money.items():
            receipts = 2 if branch == "0901" else 1
            fill(conn, "branch_day_performance", [
                {"date_day": day, "branch_number": branch, "receipts": receipts, "net_units": receipts * 2,
                 "net_revenue": net, "gross_revenue": net * 1.19, "is_complete": True},
                {"date_day": day - timedelta(days=364), "branch_number": branch, "receipts": 1, "net_units": 1,
                 "net_revenue": 80 if branch == "0901" else net, "is_complete": True,
                 "gross_revenue": 95.2 if branch == "0901" else net * 1.19},
            ])  # fmt: skip
            fill(conn, "sales_performance", [{"date_day": day, "branch_number": branch, "category": "Hemden",
                                              "net_revenue": net, "cogs": 40.0}])  # fmt: skip
            fill(conn, "fct_sales_daily", [{"date_day": day, "branch_number": branch, "article_number": "A1",
                                            "demand_units": 2, "net_units": 2, "net_revenue": net, "cogs": 40.0,
                                            "gross_revenue": net * 1.19}])  # fmt: skip


def _stock(conn: psycopg.Connection[Any]) -> None:
    pairs = (
        # branch, article, on hand, cost, retail, demand a day, excess, dead, slow, status
        ("0901", "A1", 10, 150.0, 499.0, 1.0, 0.0, False, False, "healthy"),
        ("0901", "A2", 4, 120.0, 359.6, None, 120.0, True, True, "dead"),
        ("0902", "A1", 0, 0.0, 0.0, 0.5, 0.0, False, False, "out_of_stock"),
        ("0912", "A3", 100, 800.0, 2990.0, 0.5, 320.0, False, True, "excess"),
    )
    for branch, article, on_hand, cost, retail, demand, excess, dead, slow, status in pairs:
        fill(conn, "inventory_status", [{
            "branch_number": branch, "article_number": article, "on_hand": on_hand, "inventory_value_cost": cost,
            "inventory_value_retail": retail, "avg_daily_demand_90d": demand, "excess_value_cost": excess,
            "is_dead_stock": dead, "is_slow_moving": slow, "stock_status": status, "abc_class": "A",
            "days_of_supply": on_hand / demand if demand else None, "as_of_date": AS_OF, "negative_stock_units": 0,
            "days_since_last_sale": 200 if dead else 1,
        }])  # fmt: skip
        fill(conn, "reorder_points", [{
            "branch_number": branch, "article_number": article, "on_hand": on_hand, "reorder_point": 5.0,
            "order_up_to_level": 12.0, "on_order_units": 0,
        }])  # fmt: skip
        for size, share in (("S", 0.2), ("M", 0.5), ("L", 0.3)):
            fill(conn, "size_availability", [{
                "branch_number": branch, "article_number": article, "article_size_number": size,
                "on_hand": 0 if size == "M" else on_hand / 2, "size_share_of_sales": share, "is_core_size": size != "S",
                "is_in_stock": size != "M" and on_hand > 0,
            }])  # fmt: skip
    for back in range(60):
        day = AS_OF - timedelta(days=back)
        # 1,000 EUR and 100 units a day; in the last 28 days one of four rated articles is out, before that none.
        fill(conn, "stock_levels", [{
            "date_day": day, "branch_number": "0901", "category": "Hemden", "stock_units": 100,
            "stock_value_cost": 1000, "ranged_articles": 4, "rated_articles": 4,
            "rated_stocked_out_articles": 1 if back < 28 else 0, "stocked_out_articles": 1 if back < 28 else 0,
        }])  # fmt: skip
        fill(conn, "fct_inventory_daily", [{
            "date_day": day, "branch_number": "0901", "article_number": "A1", "closing_stock": 10, "is_ranged": True,
            "stock_value_cost": 150,
        }])  # fmt: skip
    fill(conn, "stockout_events", [{
        "branch_number": "0902", "article_number": "A1", "started_on": AS_OF - timedelta(days=9), "stockout_days": 10,
        "assortment_type": "nos", "estimated_lost_units": 5, "estimated_lost_net_revenue": 209.66,
    }])  # fmt: skip
    fill(conn, "stock_age", [
        {"article_number": "A1", "age_bucket": "0-30", "category": "Hemden",
         "stock_units": 10, "stock_value_cost": 150},
        {"article_number": "A2", "age_bucket": "181-365", "category": "Kleider",
         "stock_units": 4, "stock_value_cost": 120},
    ])  # fmt: skip
    fill(conn, "stock_anomalies", [
        {"branch_number": "0901", "article_number": "A2", "kind": "phantom", "since": AS_OF, "units": 4,
         "value_cost": 120},
        {"branch_number": "0902", "article_number": "A1", "kind": "negative", "since": AS_OF, "units": -2,
         "value_cost": -30},
        {"branch_number": "0902", "article_number": "A3", "kind": "no_cost", "since": AS_OF, "units": 0},
    ])  # fmt: skip


def _plans(conn: psycopg.Connection[Any]) -> None:
    for number, revenue, xyz in (("A1", 9000.0, "X"), ("A2", 600.0, None), ("A3", 400.0, "Z")):
        fill(conn, "abc_classification", [{"article_number": number, "net_revenue_365d": revenue, "abc_class": "A",
                                           "xyz_class": xyz}])  # fmt: skip
        fill(conn, "product_profitability", [{
            "article_number": number, "net_revenue_365d": revenue, "margin_pct": 0.6, "sell_through_rate_90d": 0.4,
            "abc_class": "A", "xyz_class": xyz,
        }])  # fmt: skip
    fill(conn, "transfer_recommendations", [{
        "article_number": "A1", "from_branch": "0901", "to_branch": "0902", "units": 3, "value": 61.5,
        "is_sender_emptied": False, "from_on_hand": 10, "from_avg_daily_demand_90d": 1.0, "to_on_hand": 0,
        "to_avg_daily_demand_90d": 0.5, "to_order_up_to_level": 12.0,
    }])  # fmt: skip
    fill(conn, "markdown_candidates", [{"article_number": "A2", "on_hand": 4, "price_step_rate": 0.3}])
    for branch, revenue, turns in (("0901", 36500.0, 7.5), ("0902", 18250.0, 6.0), ("0912", 0.0, 1.4)):
        fill(conn, "warehouse_performance", [{
            "branch_number": branch, "name": branch, "shop_type": "retail", "net_revenue_365d": revenue,
            "gross_margin_365d": revenue * 0.6, "inventory_value_cost": 500.0, "excess_value_cost": 100.0,
            "turnover_rate": turns, "gmroi": 2.0, "broken_size_runs": 2, "size_run_pairs": 8,
            "stockout_rate_90d": 0.25, "sell_through_rate_90d": 0.5, "days_of_supply": 30.0, "margin_pct": 0.6,
            "dead_value_cost": 10.0,
        }])  # fmt: skip
    fill(conn, "warehouse_performance", [{"branch_number": "0903", "name": "Köln", "shop_type": "retail",
                                          "net_revenue_365d": 520.0, "gross_margin_365d": 312.0}])  # fmt: skip
