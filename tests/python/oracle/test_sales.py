"""Measures of sales, by hand."""

from __future__ import annotations

import hashlib

import pytest

from .small import HASH_KEY, built, frame, rows, sale, seeds

COAT = {
    "id": "1",
    "article_number": "COAT",
    "price": "119,00",
    "cost": "40",
    "category": "Coats",
    "_fivetran_synced": "2025-01-01 00:00:00+00",
}


def test_a_line_of_each_kind() -> None:
    marts = built(
        [
            sale("demand", "2025-06-02", "COAT", "2", sale_price="202,30", label_price="119", purchase_price="50"),
            sale("return", "2025-06-02", "COAT", "-1", sale_price="-119", purchase_price="50"),
            sale("typed return", "2025-06-02", "COAT", "1", sale_price="59.50", type="3"),
            sale("written off", "2025-06-02", "COAT", "-3", sale_price="0"),
            sale("no price", "2025-06-02", "COAT", "1", label_price="119"),
            sale("nothing moved", "2025-06-02", "COAT", "0", sale_price="-11.90"),
            sale("voided", "2025-06-02", "COAT", "9", sale_price="1", is_deleted="ja"),
            sale("cancelled", "2025-06-02", "COAT", "9", sale_price="1", status="VOID"),
        ],
        articles=[COAT],
    )
    lines = rows(marts, "fct_sale_lines")
    assert set(lines) == {"demand", "return", "typed return", "written off", "no price", "nothing moved"}
    demand = lines["demand"]
    # 202.30 / 1.19 = 170; 2 x 50 = 100; 2 x 119 - 202.30 = 35.70
    assert (demand["gross_revenue"], demand["net_revenue"], demand["cogs"]) == (202.3, 170.0, 100.0)
    assert (demand["gross_margin"], demand["discount_amount"]) == (70.0, 35.7)
    back = lines["return"]
    assert (back["is_return"], back["quantity"], back["net_revenue"], back["cogs"]) == (True, -1.0, -100.0, -50.0)
    assert back["discount_amount"] is None
    typed = lines["typed return"]
    assert (typed["is_return"], typed["quantity"], typed["gross_revenue"], typed["cogs"]) == (True, -1.0, -59.5, -40.0)
    written = lines["written off"]
    assert (written["is_adjustment"], written["is_return"], written["cogs"]) == (True, False, -120.0)
    assert written["gross_margin"] is None
    unpriced = lines["no price"]
    assert (unpriced["is_price_missing"], unpriced["gross_revenue"], unpriced["gross_margin"]) == (True, None, None)
    still = lines["nothing moved"]
    assert (still["is_return"], still["gross_revenue"], still["cogs"]) == (False, -11.9, 0.0)

    daily = rows(marts, "fct_sales_daily")["2025-06-02/B1/COAT"]
    assert (daily["demand_units"], daily["return_units"], daily["adjustment_units"]) == (3.0, 2.0, -3.0)
    assert daily["gross_revenue"] == pytest.approx(202.3 - 119 - 59.5 - 11.9)
    assert daily["net_revenue"] == pytest.approx(170 - 100 - 50 - 10)
    assert daily["cogs"] == pytest.approx(100 - 50 - 40 - 120 + 40 + 0)
    performance = rows(marts, "sales_performance")["2025-06-02/B1/Coats"]
    # margins: 70 - 50 - 10 - 10 = 0 of net 170 - 100 - 50 - 10 = 10
    assert performance["gross_margin"] == pytest.approx(0.0)
    assert performance["cost_coverage"] == pytest.approx(1.0)
    assert performance["return_rate"] == pytest.approx(2 / 3)
    assert performance["receipts"] == 6


def test_vat_follows_the_day_and_is_rounded_to_six_decimals() -> None:
    marts = built(
        [
            sale("before", "2020-06-30", "X", "1", sale_price="10"),
            sale("within", "2020-12-31", "X", "1", sale_price="10"),
            sale("after", "2020-12-31T23:00:00Z", "X", "1", sale_price="10"),
        ]
    )
    net = {key: row["net_revenue"] for key, row in rows(marts, "fct_sale_lines").items()}
    assert net == {"before": 8.403361, "within": 8.62069, "after": 8.403361}


def test_prices_per_unit_and_without_vat() -> None:
    marts = built(
        [sale("a", "2025-06-02", "X", "3", sale_price="10", label_price="36", purchase_price="12")],
        sale_price_per="unit",
        label_price_per="line",
        purchase_price_per="line",
        prices_include_vat=False,
    )
    line = rows(marts, "fct_sale_lines")["a"]
    assert (line["net_revenue"], line["gross_revenue"]) == (30.0, 35.7)
    assert (line["cogs"], line["list_price_gross"]) == (12.0, 14.28)
    # 36 without VAT are 42.84, paid were 35.70
    assert line["discount_amount"] == pytest.approx(7.14)


def test_an_unknown_cost_is_no_margin() -> None:
    marts = built(
        [
            sale("known", "2025-06-02", "X", "1", sale_price="119", purchase_price="60"),
            sale("zero", "2025-06-02", "X", "1", sale_price="119", purchase_price="0"),
            sale("other", "2025-06-03", "X", "1", sale_price="119"),
        ]
    )
    performance = rows(marts, "sales_performance")
    first = performance["2025-06-02/B1/unknown"]
    assert (first["cogs"], first["gross_margin"]) == (60.0, 40.0)
    assert first["margin_pct"] == pytest.approx(0.4)
    assert first["cost_coverage"] == pytest.approx(0.5)
    second = performance["2025-06-03/B1/unknown"]
    assert (second["cogs"], second["gross_margin"], second["margin_pct"]) == (None, None, None)
    assert second["cost_coverage"] == 0.0


def test_receipts_count_once_per_branch_day_and_number() -> None:
    marts = built(
        [
            sale("1", "2025-06-02", "X", "1", receipt_number="R1"),
            sale("2", "2025-06-02", "Y", "1", receipt_number="R1"),
            sale("3", "2025-06-02", "X", "1", receipt_number="R2"),
            sale("4", "2025-06-02", "X", "1"),
            sale("5", "2025-06-02", "X", "1", receipt_number="R1", branch_number=None),
            sale("6", "2025-06-02", "X", "1", receipt_number="R3", is_deleted="1"),
        ]
    )
    counted = {key: row["receipts"] for key, row in rows(marts, "sales_performance").items()}
    assert counted == {"2025-06-02/B1/unknown": 3, "2025-06-02/unknown/unknown": 1}


def test_unreadable_superseded_and_future_rows() -> None:
    marts = built(
        [
            sale("1", "2025-06-02", "X", "1", _fivetran_synced="2025-06-02 10:00:00+00"),
            sale(" 1", "2025-06-02", "X", "4", _fivetran_synced="2025-06-02 11:00:00+00"),
            sale("2", "2025-06-03", "X", "1", _fivetran_synced="2025-06-02 21:59:59+00"),
            sale("3", "2025-06-03", "X", "2", _fivetran_synced="2025-06-02 22:00:00+00"),
            sale("4", "2025-06-02", "X", "some"),
            sale("5", "2025-06-02", "", "1"),
            sale("6", "", "X", "1"),
        ]
    )
    assert {key: row["quantity"] for key, row in rows(marts, "fct_sale_lines").items()} == {"1": 4.0, "3": 2.0}


def test_as_of_is_the_last_complete_day() -> None:
    open_day = built([sale("1", "2025-06-02", "X", "1", _fivetran_synced="2025-06-02 21:00:00+00")])
    closed = built([sale("1", "2025-06-02", "X", "1", _fivetran_synced="2025-06-02 22:00:00+00")])
    assert str(open_day.as_of_date) == "2025-06-01"
    assert str(closed.as_of_date) == "2025-06-02"
    assert str(built([sale("1", "2025-06-02", "X", "1")], as_of_date="2025-05-01").as_of_date) == "2025-05-01"


def test_references_and_newest_articles() -> None:
    synced = "2025-01-01 00:00:00+00"
    marts = built(
        [
            sale("by number", "2025-06-02", "X", "1", customer_number="0001234", branch_number="7"),
            sale("by id", "2025-06-02", "X", "1", customer_number="c9", branch_number="s7"),
            sale("walk-in", "2025-06-02", "X", "1", customer_number="0000000"),
            sale("staff", "2025-06-02", "X", "1", customer_number="123456"),
        ],
        articles=[
            {"id": "1", "number": "X", "category": "Old", "purchase_price": "1", "_fivetran_synced": synced},
            {"id": "2", "number": "X", "category": "New", "purchase_price": "2,5", "_fivetran_synced": synced},
            {
                "id": "3",
                "number": "X",
                "category": "Gone",
                "_fivetran_synced": "2025-02-01 00:00:00+00",
                "is_deleted": "t",
            },
        ],
        tables={
            "shop": [{"id": "s7", "branch_number": "7", "is_webshop": "ja", "_fivetran_synced": synced}],
            "customer": [{"id": "c9", "number": "9999999", "_fivetran_synced": synced}],
        },
    )
    lines = rows(marts, "fct_sale_lines")
    assert lines["by number"]["customer_key"] == hashlib.sha256(f"{HASH_KEY}:0001234".encode()).hexdigest()
    assert lines["by id"]["customer_key"] == hashlib.sha256(f"{HASH_KEY}:9999999".encode()).hexdigest()
    assert (lines["walk-in"]["customer_key"], lines["staff"]["customer_key"]) == (None, None)
    assert lines["by id"]["branch_number"] == "7"
    assert lines["by id"]["cogs"] == 2.5
    assert rows(marts, "dim_articles")["X"]["category"] == "New"
    assert rows(marts, "dim_shops")["7"]["shop_type"] == "online"
    assert len(rows(marts, "dim_customers")) == 2


def test_orders() -> None:
    order = {"id": "1", "order_date": "2025-03-29", "delivery_date": "2025-04-01", "total_amount": "12,5"}
    synced = "2025-04-02 00:00:00+00"
    marts = built(
        [sale("1", "2025-06-02", "X", "1")],
        tables={
            "order": [
                {**order, "status": "sent", "_fivetran_synced": synced},
                {**order, "id": "2", "_fivetran_synced": synced, "_fivetran_deleted": "true"},
                {**order, "id": "3", "order_date": None, "_fivetran_synced": synced},
            ]
        },
    )
    assert rows(marts, "fct_orders") == {
        "1": {
            "order_id": "1",
            "customer_key": None,
            "status": "sent",
            "order_date": "2025-03-29",
            "total_amount": 12.5,
            "delivery_days": 3,
        }
    }


def test_policies_of_vat_by_precedence() -> None:
    policy = frame(
        [
            {"scope": "default", "scope_value": None, "vat_class": "standard"},
            {"scope": "branch", "scope_value": "B2", "vat_class": "reduced"},
            {"scope": "category", "scope_value": "Coats", "vat_class": "standard"},
            {"scope": "article", "scope_value": "BOOK", "vat_class": "reduced"},
        ]
    )
    marts = built(
        [
            sale("default", "2025-06-02", "HAT", "1", sale_price="119"),
            sale("branch", "2025-06-02", "HAT", "1", sale_price="107", branch_number="B2"),
            sale("category", "2025-06-02", "COAT", "1", sale_price="119", branch_number="B2"),
            sale("article", "2025-06-02", "BOOK", "1", sale_price="107"),
        ],
        articles=[COAT],
        given_seeds=seeds(vat_classes=policy),
    )
    assert {row["net_revenue"] for row in rows(marts, "fct_sale_lines").values()} == {100.0}


def test_of_equally_new_versions_the_highest_raw_key_counts() -> None:
    marts = built([sale("1", "2025-06-02", "X", "4"), sale(" 1", "2025-06-02", "X", "1")])
    assert rows(marts, "fct_sale_lines")["1"]["quantity"] == 4.0
