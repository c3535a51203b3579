"""One landing with every trap that staging handles; what each row has to become is worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from tests.python.staging.staging import Staging

SALE_COLUMNS = {
    "id": "text",
    "receipt_number": "double precision",
    "date": "text",
    "sale_date": "timestamptz",
    "branch_number": "text",
    "branch_id": "bigint",
    "article_number": "text",
    "customer_number": "text",
    "quantity": "text",
    "purchase_price": "text",
    "sale_price": "text",
    "label_price": "double precision",
    "type": "text",
    "status": "text",
    "is_deleted": "text",
    "updated_at": "text",
    "last_change": "timestamptz",
    "note": "text",
    "_fivetran_deleted": "boolean",
}
GOOD = {"date": "2025-03-10", "branch_number": "0901", "article_number": "007", "quantity": "1", "sale_price": "12.90"}
SALES: dict[str, dict[str, Any]] = {
    "plain": {"receipt_number": 4711, "type": "0", "is_deleted": "nein", "label_price": 19.9},
    "german": {"quantity": "1.234,5", "sale_price": "-1.234,50 €", "purchase_price": "7,5", "is_deleted": "N"},
    "no price": {"sale_price": None},
    "blank price": {"sale_price": " "},
    "odd price": {"sale_price": "gratis", "purchase_price": "?"},
    "return": {"quantity": "-2", "sale_price": "-25,80", "type": "0"},
    "typed return": {"type": "1,0"},
    "widened type": {"type": "0.0"},
    "no type": {"type": ""},
    "deleted": {"is_deleted": "J"},
    "soft-deleted": {"_fivetran_deleted": True},
    "voided": {"status": "Storniert"},
    "cancelled": {"status": "CANCELLED"},
    "paid": {"status": "paid"},
    "utc": {"date": "2025-02-28T23:30:00Z"},
    "local midnight": {"date": "2025-03-01T00:00:00"},
    "local evening": {"date": "2025-03-01T23:30:00"},
    "summer": {"date": None, "sale_date": "2025-03-09 23:30:00+00"},
    "both dates": {"date": "2025-03-02 10:15", "sale_date": "2025-03-05 12:00:00+00"},
    "blank date": {"date": "  ", "sale_date": "2025-03-05 12:00:00+00"},
    "other branch": {"branch_number": " ", "branch_id": 17},
    "both branches": {"branch_number": "0902", "branch_id": 17},
    "no branch": {"branch_number": None},
    " spaced ": {"article_number": " aB-01\t", "customer_number": " 0 "},
    "changed": {"updated_at": None, "last_change": "2025-03-09 10:00:00+00"},
    "local change": {"updated_at": "2025-03-09T10:00:00"},
    "today": {"date": "2025-03-10"},
    "tomorrow": {"date": "2025-03-11"},
    "tonight": {"date": "2025-03-11", "_fivetran_synced": "2025-03-10 23:30:00+00"},
    "impossible": {"date": "2025-02-30"},
    "no date": {"date": None},
    "no quantity": {"quantity": None},
    "odd quantity": {"quantity": "zwei"},
    "no article": {"article_number": "  "},
    "all wrong": {"date": "x", "quantity": "x", "article_number": None},
    "never synced": {"_fivetran_synced": None, "date": "2031-01-01"},
}
# Rows whose key cannot be read: each is rejected on its own, two equal ones too.
KEYLESS = [{"id": None, "note": "a"}, {"id": " ", "note": "b"}, {"id": None}, {"id": None}]
# One key under two landed ids, as after a re-sync with a changed key: the newer row holds.
REPEATED = [
    {"id": "twice", "quantity": "1", "_fivetran_synced": "2025-03-10 11:00:00+00"},
    {"id": " twice", "quantity": "2", "_fivetran_synced": "2025-03-10 11:30:00+00"},
    {"id": "twice ", "quantity": "3", "_fivetran_synced": "2025-03-10 10:00:00+00"},
    {"id": "worse", "quantity": "1", "_fivetran_synced": "2025-03-10 10:00:00+00"},
    {"id": "worse ", "quantity": "x", "_fivetran_synced": "2025-03-10 11:00:00+00"},
]


@pytest.fixture(scope="module")
def built(module_staging: Staging) -> Staging:
    staging = module_staging
    rows = [{"id": name, **GOOD, **row} for name, row in SALES.items()]
    staging.land("sale", SALE_COLUMNS, [*rows, *({**GOOD, **row} for row in (*KEYLESS, *REPEATED))])
    staging.land(
        "article",
        {
            "id": "double precision",
            "article_number": "text",
            "number": "text",
            "price": "text",
            "cost": "numeric",
            "purchase_price": "double precision",
            "category": "text",
            "supplier": "integer",
            "is_active": "text",
            "inactive_flag": "boolean",
            "ean": "double precision",
            "stock_quantity": "boolean",
            "created_at": "timestamp",
        },
        [
            {
                "id": 1,
                "article_number": "007",
                "price": "19,90",
                "cost": 7.5,
                "category": " Hosen ",
                "supplier": 70,
                "is_active": "Ja",
                "ean": 4006381333931,
            },
            {"id": 2, "article_number": "", "number": "7", "cost": None, "purchase_price": 8.25, "inactive_flag": True},
            {
                "id": 3,
                "article_number": "A",
                "price": "Infinity",
                "is_active": "vielleicht",
                "created_at": "2025-07-01 08:00",
            },
            {"id": 4, "article_number": None, "number": None},
            {"id": float("nan"), "article_number": "B"},
            {"id": 5, "article_number": "C", "is_active": "", "inactive_flag": None, "stock_quantity": True},
        ],
    )
    staging.land(
        "customer",
        {
            "id": "bigint",
            "customer_number": "bigint",
            "number": "text",
            "name": "text",
            "first_name": "text",
            "last_name": "text",
            "email": "text",
            "street": "text",
            "postal_code": "integer",
            "birthday": "date",
            "created_at": "text",
            "creation_date": "date",
        },
        [
            {"id": 1, "customer_number": 1234567, "first_name": "Ada", "last_name": " Lovelace ", "postal_code": 4109},
            {"id": 2, "number": "0000815", "name": "  ", "first_name": "Bo", "creation_date": "2024-02-29"},
            {"id": 3, "name": "Company", "first_name": "Ada", "created_at": "nie"},
            {"id": None, "name": "Ada", "email": "ada@example.com", "birthday": "1815-12-10"},
        ],
    )
    staging.land(
        "shop",
        {
            "id": "text",
            "number": "text",
            "name1": "text",
            "name2": "text",
            "name3": "text",
            "is_webshop": "text",
            "shop_type": "text",
            "is_online": "boolean",
            "is_active": "double precision",
        },
        [
            {"id": "1", "number": "0901", "name1": "Mode", "name2": " ", "name3": "Leipzig", "shop_type": "RETAIL"},
            {"id": "2", "number": "0902", "is_webshop": "ja"},
            {"id": "3", "number": "0903", "shop_type": "Popup", "is_active": 0},
            {"id": "4", "number": "0904", "shop_type": "Outlet", "is_online": True, "is_active": 7},
            {"id": "5", "number": "0905", "is_webshop": "0"},
            {"id": "6", "number": None},
        ],
    )
    staging.land(
        "inventory",
        {
            "id": "text",
            "branch_number": "text",
            "article_number": "text",
            "article_id": "text",
            "article_size_number": "text",
            "quantity": "double precision",
        },
        [
            {"id": "1", "branch_number": "0901", "article_number": "007", "article_size_number": "38", "quantity": -2},
            {"id": "1", "branch_number": "0901", "article_number": "007", "article_size_number": "40", "quantity": 2.5},
            {"id": "1", "branch_number": "0901", "article_number": " ", "article_id": "9", "quantity": 0},
            {"id": "2", "branch_number": "", "article_number": "007", "quantity": 1},
            {"id": "3", "branch_number": "0901", "quantity": 1},
            {"id": "4", "branch_number": "0901", "article_number": "007", "quantity": float("nan")},
            {"id": "5", "branch_number": "0901", "article_number": "007"},
        ],
    )
    staging.land(
        "order",
        {"id": "text", "customer_id": "text", "order_date": "text", "total_amount": "text"},
        [
            {"id": "1", "customer_id": "0000815", "order_date": "2025-03-01T23:30:00Z", "total_amount": "99,90"},
            {"id": "2", "order_date": "soon"},
            {"id": "3"},
        ],
    )
    staging.land(
        "daily_sales_agg",
        {"sale_date": "text", "sale_count": "text", "total_quantity": "numeric", "total_amount": "numeric"},
        [
            {"sale_date": "2025-03-02", "sale_count": "1.0", "total_quantity": 1, "total_amount": 12.9},
            {"sale_date": "2025-03-05", "sale_count": "1,5", "total_quantity": 9, "total_amount": 9},
            # Apart from the lines in the amount alone, and in the units alone.
            {"sale_date": "2025-03-01", "sale_count": "3", "total_quantity": 3, "total_amount": 38},
            {"sale_date": "2025-03-11", "sale_count": "1", "total_quantity": 2, "total_amount": 12.9},
            {"sale_date": "2025-02-30"},
            {"sale_date": None},
        ],
    )
    staging.build()
    return staging


@pytest.fixture(scope="module")
def sales(built: Staging) -> dict[str, dict[str, Any]]:
    return built.staged("sales", "sale_line_id")


@pytest.fixture(scope="module")
def rejected(built: Staging) -> set[tuple[str, str, str]]:
    return built.rejected()


def test_numbers_of_the_plain_line(sales: dict[str, dict[str, Any]]) -> None:
    line = sales["plain"]
    assert (line["receipt_number"], line["article_number"], line["quantity"]) == ("4711", "007", Decimal(1))
    assert (line["sale_price"], line["label_price"], line["sale_type"]) == (Decimal("12.9"), Decimal("19.9"), "0")
    assert (line["is_deleted"], line["unreadable_columns"], line["source_relation"]) == (False, None, "prohandel")
    assert line["synced_at"] == datetime(2025, 3, 10, 12, tzinfo=UTC)


def test_fact_4_returns_and_fractions_stay_as_they_are(sales: dict[str, dict[str, Any]]) -> None:
    assert (sales["return"]["quantity"], sales["return"]["sale_price"]) == (Decimal(-2), Decimal("-25.8"))
    assert sales["german"]["quantity"] == Decimal("1234.5")


def test_fact_4_a_missing_price_is_unknown_and_the_line_stays(sales: dict[str, dict[str, Any]]) -> None:
    for name in ("no price", "blank price"):
        assert sales[name]["sale_price"] is None
        assert sales[name]["unreadable_columns"] is None


def test_fact_4_deleted_and_voided_lines_are_marked(sales: dict[str, dict[str, Any]]) -> None:
    marked = {name for name, line in sales.items() if line["is_deleted"]}
    assert marked == {"deleted", "soft-deleted", "voided", "cancelled"}


def test_fact_4_types_of_lines(sales: dict[str, dict[str, Any]]) -> None:
    found = {name: sales[name]["sale_type"] for name in ("typed return", "widened type", "no type", "return")}
    assert found == {"typed return": "1", "widened type": "0", "no type": "0", "return": "0"}


def test_fact_5_business_days(sales: dict[str, dict[str, Any]]) -> None:
    names = ("utc", "local midnight", "local evening", "summer")
    assert {name: (sales[name]["sale_date"], sales[name]["sold_at"]) for name in names} == {
        "utc": (date(2025, 3, 1), datetime(2025, 2, 28, 23, 30, tzinfo=UTC)),
        "local midnight": (date(2025, 3, 1), None),
        "local evening": (date(2025, 3, 1), datetime(2025, 3, 1, 22, 30, tzinfo=UTC)),
        "summer": (date(2025, 3, 10), datetime(2025, 3, 9, 23, 30, tzinfo=UTC)),
    }


def test_both_generations_of_a_column_the_first_that_is_filled_wins(sales: dict[str, dict[str, Any]]) -> None:
    assert sales["both dates"]["sale_date"] == date(2025, 3, 2)
    assert sales["both dates"]["sold_at"] == datetime(2025, 3, 2, 9, 15, tzinfo=UTC)
    assert sales["blank date"]["sale_date"] == date(2025, 3, 5)
    assert (sales["other branch"]["branch_ref"], sales["both branches"]["branch_ref"]) == ("17", "0902")
    assert sales["changed"]["updated_at"] == datetime(2025, 3, 9, 10, tzinfo=UTC)
    assert sales["local change"]["updated_at"] == datetime(2025, 3, 9, 9, tzinfo=UTC)


def test_fact_6_german_numbers_and_booleans(sales: dict[str, dict[str, Any]]) -> None:
    line = sales["german"]
    assert (line["sale_price"], line["purchase_price"]) == (Decimal("-1234.5"), Decimal("7.5"))
    assert line["is_deleted"] is False


def test_fact_7_and_13_numbers_are_trimmed_text(sales: dict[str, dict[str, Any]]) -> None:
    assert (sales["spaced"]["article_number"], sales["spaced"]["customer_ref"]) == ("aB-01", "0")


def test_fact_9_lines_without_parents_stay(sales: dict[str, dict[str, Any]]) -> None:
    assert sales["no branch"]["branch_ref"] is None
    assert sales["both branches"]["branch_ref"] == "0902"


def test_unreadable_values_are_null_and_named(sales: dict[str, dict[str, Any]]) -> None:
    line = sales["odd price"]
    assert (line["sale_price"], line["purchase_price"]) == (None, None)
    assert line["unreadable_columns"] == "purchase_price,sale_price"
    assert {name for name, other in sales.items() if other["unreadable_columns"]} == {"odd price"}


def test_fact_8_of_a_repeated_key_the_newest_row_holds(
    sales: dict[str, dict[str, Any]], rejected: set[tuple[str, str, str]]
) -> None:
    assert sales["twice"]["quantity"] == Decimal(2)
    assert "worse" not in sales
    assert ("sale", "worse", "unreadable_quantity") in rejected


def test_rejected_lines_and_their_reasons(
    sales: dict[str, dict[str, Any]], rejected: set[tuple[str, str, str]]
) -> None:
    reasons = {(key, reason) for table, key, reason in rejected if table == "sale" and not key.startswith("row ")}
    assert reasons == {
        ("tomorrow", "future_date"),
        ("impossible", "unreadable_date"),
        ("no date", "missing_date"),
        ("no quantity", "missing_quantity"),
        ("odd quantity", "unreadable_quantity"),
        ("no article", "missing_article"),
        ("all wrong", "unreadable_date"),
        ("all wrong", "unreadable_quantity"),
        ("all wrong", "missing_article"),
        ("worse", "unreadable_quantity"),
    }
    assert not {key for key, _ in reasons} & sales.keys()


def test_a_line_of_the_day_of_its_sync_in_berlin_is_good(sales: dict[str, dict[str, Any]]) -> None:
    assert {"today", "tonight"} <= sales.keys()


def test_rows_without_a_key_are_rejected_each_on_its_own(rejected: set[tuple[str, str, str]]) -> None:
    keyless = [(key, reason) for table, key, reason in rejected if table == "sale" and key.startswith("row ")]
    assert len(keyless) == len(KEYLESS)
    assert {reason for _, reason in keyless} == {"missing_key"}


def test_a_row_without_time_of_sync_is_not_lost(built: Staging, sales: dict[str, dict[str, Any]]) -> None:
    assert sales["never synced"]["sale_date"] == date(2031, 1, 1)
    assert sales["never synced"]["synced_at"] == datetime(1970, 1, 1, tzinfo=UTC)
    base = built.staged("sales", "sale_line_id", "base")
    assert [name for name, line in base.items() if not line["is_synced_at_known"]] == ["never synced"]


def test_articles(built: Staging) -> None:
    articles = built.staged("articles", "article_id")
    assert set(articles) == {"1", "2", "3", "5"}
    first, second, third, last = (articles[key] for key in ("1", "2", "3", "5"))
    assert (first["article_number"], first["list_price_gross"], first["unit_cost"]) == (
        "007",
        Decimal("19.9"),
        Decimal("7.5"),
    )
    assert (first["ean"], first["is_active"]) == ("4006381333931", True)
    assert (first["category_ref"], first["supplier_ref"]) == ("Hosen", "70")
    assert (second["article_number"], second["unit_cost"], second["is_active"]) == ("7", Decimal("8.25"), False)
    assert (third["list_price_gross"], third["is_active"]) == (None, True)
    assert third["unreadable_columns"] == "list_price_gross,is_active"
    assert third["created_at"] == datetime(2025, 7, 1, 6, tzinfo=UTC)
    assert (last["is_active"], last["stock_quantity"], last["description"]) == (True, Decimal(1), None)


def test_rejected_articles(rejected: set[tuple[str, str, str]]) -> None:
    reasons = {
        (key if not key.startswith("row ") else "row", reason) for table, key, reason in rejected if table == "article"
    }
    assert reasons == {("4", "missing_article"), ("row", "unreadable_key")}


def test_customers(built: Staging) -> None:
    customers = built.staged("customers", "customer_id")
    assert {key: row["name"] for key, row in customers.items()} == {"1": "Ada Lovelace", "2": "Bo", "3": "Company"}
    assert (customers["1"]["customer_number"], customers["1"]["postal_code"]) == ("1234567", "4109")
    assert customers["2"]["customer_number"] == "0000815"
    assert customers["2"]["created_at"] == datetime(2024, 2, 28, 23, tzinfo=UTC)
    assert customers["3"]["unreadable_columns"] == "created_at"


def test_personal_values_of_a_rejected_row_are_hashed(built: Staging) -> None:
    (rejected,) = built.rows("select row from quality.rejected_rows where table_name = 'customer'")
    row = rejected["row"]

    def hashed(text: str) -> str:
        return sha256(f"test-key{text}".encode()).hexdigest()

    assert (row["name"], row["email"]) == (hashed("Ada"), hashed("ada@example.com"))
    # Nobody has said what this column holds, so nobody may read it.
    assert row["birthday"] == hashed("1815-12-10")
    assert (row["last_name"], row["creation_date"]) == (None, None)
    assert row["_fivetran_synced"] == "2025-03-10T12:00:00.000000Z"


def test_a_rejected_line_is_kept_as_it_landed(built: Staging) -> None:
    (found,) = built.rows("select row from quality.rejected_rows where row_key = 'odd quantity'")
    assert {name: found["row"][name] for name in ("id", "quantity", "sale_price", "note")} == {
        "id": "odd quantity",
        "quantity": "zwei",
        "sale_price": "12.90",
        "note": None,
    }


def test_fact_16_shop_types(built: Staging, rejected: set[tuple[str, str, str]]) -> None:
    shops = built.staged("shops", "branch_number")
    assert {key: (row["shop_type"], row["is_online"], row["is_active"]) for key, row in shops.items()} == {
        "0901": ("retail", False, True),
        "0902": ("online", True, True),
        "0903": ("other", False, False),
        "0904": ("outlet", True, True),
        "0905": ("retail", False, True),
    }
    assert (shops["0901"]["name"], shops["0904"]["unreadable_columns"]) == ("Mode Leipzig", "is_active")
    assert ("shop", "6", "missing_branch") in rejected


def test_fact_10_and_14_stock_by_size(built: Staging, rejected: set[tuple[str, str, str]]) -> None:
    stock = built.staged("inventory", "inventory_key")
    assert {key: (row["article_ref"], row["article_size_number"], row["quantity"]) for key, row in stock.items()} == {
        "1|0901|007|38": ("007", "38", Decimal(-2)),
        "1|0901|007|40": ("007", "40", Decimal("2.5")),
        "1|0901|9|unknown": ("9", "unknown", Decimal(0)),
    }
    reasons = [
        (key if not key.startswith("row ") else "row", reason)
        for table, key, reason in rejected
        if table == "inventory"
    ]
    assert sorted(reasons) == [
        ("4|0901|007|unknown", "unreadable_quantity"),
        ("5|0901|007|unknown", "missing_quantity"),
        ("row", "missing_article"),
        ("row", "missing_branch"),
    ]


def test_orders(built: Staging, rejected: set[tuple[str, str, str]]) -> None:
    orders = built.staged("orders", "order_id")
    assert {key: (row["order_date"], row["customer_ref"], row["total_amount"]) for key, row in orders.items()} == {
        "1": (date(2025, 3, 2), "0000815", Decimal("99.9"))
    }
    assert {("order", "2", "unreadable_date"), ("order", "3", "missing_date")} <= rejected


def test_fact_1_landed_aggregates_are_staged_and_only_compared(
    built: Staging, rejected: set[tuple[str, str, str]]
) -> None:
    days = built.staged("daily_sales_agg", "sale_date")
    assert {day: (row["sale_count"], row["unreadable_columns"]) for day, row in days.items()} == {
        date(2025, 3, 2): (1, None),
        date(2025, 3, 5): (None, "sale_count"),
        date(2025, 3, 1): (3, None),
        date(2025, 3, 11): (1, None),
    }
    reasons = sorted(reason for table, _, reason in rejected if table == "daily_sales_agg")
    assert reasons == ["missing_key", "unreadable_key"]
    checks = {row["check_name"]: row for row in built.rows("select * from quality.reconciliation")}
    agreeing = checks["days of daily_sales_agg that agree with sale"]
    assert (agreeing["left_value"], agreeing["right_value"], agreeing["is_ok"]) == (Decimal(4), Decimal(1), True)


def test_no_row_vanishes(built: Staging) -> None:
    checks = {row["check_name"]: row for row in built.rows("select * from quality.reconciliation")}
    landed = {
        name: (row["left_value"], row["right_value"]) for name, row in checks.items() if name.startswith("rows of ")
    }
    total_sales = len(SALES) + len(KEYLESS) + len(REPEATED)
    assert landed == {
        "rows of sale": (total_sales, total_sales),
        "rows of article": (6, 6),
        "rows of customer": (4, 4),
        "rows of shop": (6, 6),
        "rows of inventory": (7, 7),
        "rows of order": (3, 3),
        "rows of daily_sales_agg": (6, 6),
    }
    assert all(checks[name]["is_ok"] for name in landed)
    held = len(built.staged("sales", "sale_line_id", "base"))
    assert held == total_sales - 3  # three older versions of the two repeated keys


def test_tables_that_have_not_landed_are_empty_and_typed(built: Staging) -> None:
    assert built.rows("select * from staging.stg_prohandel__suppliers") == []
    types = built.rows(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'staging' and table_name = 'stg_prohandel__suppliers'"
    )
    assert {(row["column_name"], row["data_type"]) for row in types} >= {
        ("supplier_id", "text"),
        ("lead_time_days", "numeric"),
        ("created_at", "timestamp with time zone"),
        ("is_deleted", "boolean"),
    }


def test_what_is_odd_is_reported_and_what_is_wrong_is_not(built: Staging) -> None:
    """The data tests of staging warn of everything above, and of nothing do they fail."""
    built.upsert("article", [{"id": 6, "article_number": "c"}, {"id": 7, "article_number": "C"}])
    built.build("base_prohandel__articles", "stg_prohandel__articles")
    absent = [f"source:prohandel.{name.removeprefix('using_')}" for name, is_used in built.using.items() if not is_used]
    selection = ("--select", "path:models/staging", "landed_rows_are_accounted_for", "--exclude", *absent)
    selection = (*selection, "--indirect-selection", "cautious")
    result = built.invoke("test", *selection, nightly=True)
    # Tests that read seeds or models beyond staging find none here.
    statuses = {
        row.node.name: str(row.status)
        for row in result.result.results
        if row.node.resource_type == "test"
        and all(node.startswith("source.") or "_prohandel__" in node for node in row.node.depends_on.nodes)
    }
    assert {name: status for name, status in statuses.items() if status not in {"pass", "warn"}} == {}
    warned = {name for name, status in statuses.items() if status == "warn"}
    expected = {
        "no_rejected_rows_base_prohandel__sales_",
        "no_rejected_rows_base_prohandel__customers_",
        "no_unreadable_values_stg_prohandel__sales_",
        "no_unreadable_values_stg_prohandel__shops_",
        "not_only_case_apart_stg_prohandel__articles_article_number",
        "unique_stg_prohandel__articles_article_number",
        "source_not_null_prohandel_sale_id",
    }
    assert expected <= warned
    beginnings = (
        "accepted_values_stg_prohandel__shops_shop_type",
        "relationships_stg_prohandel__sales_article_number",
        "refers_to_any_stg_prohandel__sales_branch_ref",
        "refers_to_any_stg_prohandel__inventory_article_ref",
    )
    assert [start for start in beginnings if not any(name.startswith(start) for name in warned)] == []
    assert not any(name.startswith("refers_to_any_stg_prohandel__sales_customer_ref") for name in warned)
