"""One landing with a good and a bad row for each rule that staging is tested by, and what its tests say of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.python.conftest import Server
from tests.python.scenarios.harness import Warehouse
from tests.python.staging.staging import Staging

# All rows are synced at noon UTC on Monday, 10 March 2025.
NEWS, LONG_AGO = "2025-03-10 09:00:00+00", "2025-01-05 09:00:00+00"
SELECTED = (
    *("path:models/staging", "+fct_sale_lines", "+dim_articles", "+int_inventory__stock_changes"),
    *("season_calendar", "test_results"),
)

SALE = {
    **dict.fromkeys(("id", "receipt_number", "date", "branch_number", "article_number", "staff_number"), "text"),
    **dict.fromkeys(("type", "status", "payment_method"), "text"),
    **dict.fromkeys(("quantity", "purchase_price", "sale_price", "label_price", "discount"), "numeric"),
    "created_at": "timestamptz",
}
# A line of article 1001 (list price 50.00, cost 15.00), if nothing else is said.
GOOD_LINE = {
    "date": "2025-03-10 10:00:00",
    "created_at": NEWS,
    "branch_number": "0901",
    "article_number": "1001",
    "staff_number": "17",
    "quantity": 1,
    "purchase_price": 15,
    "sale_price": 50,
    "label_price": 50,
    "discount": 0,
    "type": "0",
    "payment_method": "EC",
}
YESTERDAY, IN_JANUARY = "2025-03-09 10:00:00", "2025-01-05 10:00:00"
LINES: dict[str, dict[str, Any]] = {
    "good": {},
    "long ago": {"date": IN_JANUARY, "created_at": LONG_AGO},
    "price below zero": {"sale_price": -50},
    "label below zero": {"label_price": -50},
    "cost below zero": {"purchase_price": -15},
    "dearer by half": {"sale_price": 75},
    "dearer than that": {"sale_price": 90},
    "cost in cents": {"purchase_price": 1500},
    "fifty came back": {"type": "1", "quantity": -50, "sale_price": -2500},
    "fifty-one": {"quantity": 51, "sale_price": 2550},
    "tomorrow": {"date": "2025-03-11 10:00:00"},
    "in the afternoon": {"date": "2025-03-10 15:00:00"},
    "opened": {"branch_number": "0902", "date": "2025-03-06 10:00:00"},
    "not yet opened": {"branch_number": "0902", "date": "2025-03-01 10:00:00"},
    "paid without VAT": {"sale_price": 42.02},
    "discount that looks like VAT": {"sale_price": 42.02, "discount": 7.98},
    "label without VAT": {"sale_price": 42.02, "label_price": 42.02},
    "type that nobody knows": {"type": "7", "quantity": -1, "sale_price": -50},
    "new payment": {"payment_method": "KLARNA"},
    "new status": {"status": "geparkt"},
    "no receipt": {"receipt_number": None},
    "no branch": {"branch_number": None},
    "first of two": {"receipt_number": "R1"},
    "second of two": {"receipt_number": "R1", "article_number": "1004"},
    "same number in January": {"receipt_number": "R1", "date": IN_JANUARY, "created_at": LONG_AGO},
    "same number elsewhere": {"receipt_number": "R1", "branch_number": "0902", "staff_number": "18"},
    "half in one branch": {"receipt_number": "R2"},
    "half in another": {"receipt_number": "R2", "branch_number": "0902"},
    "half today": {"receipt_number": "R3"},
    "half yesterday": {"receipt_number": "R3", "date": YESTERDAY},
}

ARTICLE = {
    **dict.fromkeys(("id", "article_number", "category_id", "supplier_id", "season", "ean", "price_tier"), "text"),
    **dict.fromkeys(("price", "cost"), "numeric"),
    "created_at": "timestamptz",
}
GOOD_ARTICLE = {"price": 50, "cost": 15, "price_tier": "mid", "created_at": LONG_AGO}
ARTICLES: dict[str, dict[str, Any]] = {
    "1001": {"category_id": "1", "supplier_id": "70010", "season": "FS25", "ean": "4006381333931"},
    "1002": {"category_id": "9", "supplier_id": "99", "season": "Q99", "ean": "4006381333932", "price": -50},
    "1003": {"category_id": "1", "supplier_id": "s1", "season": "NOS", "ean": "96385074", "cost": -15},
    "1004": {"ean": "036000291452"},
    "1005": {"ean": "12345"},
    "1006": {"ean": "10012345678902"},
    "1007": {"ean": "4006381333931", "price_tier": "luxury", "created_at": NEWS},
}

CUSTOMER = dict.fromkeys(("id", "customer_number", "postal_code", "country"), "text")
CUSTOMERS: list[dict[str, Any]] = [
    {"customer_number": "1234567", "postal_code": "80331", "country": "DE"},
    {"customer_number": "1234568", "postal_code": "4109"},
    {"customer_number": "1234569", "postal_code": "803311", "country": "Deutschland"},
    {"customer_number": "1234570", "postal_code": "1010", "country": "Österreich"},
    {"customer_number": "1234571", "postal_code": "10101", "country": "AT"},
    {"customer_number": "1234572", "postal_code": "1012 AB", "country": "NL"},
    {"customer_number": "1234567", "postal_code": None, "country": "DE"},
    {"customer_number": None, "postal_code": "SW1A 1AA", "country": "United Kingdom"},
]

SHOP = {
    **dict.fromkeys(("id", "branch_number", "postal_code", "country", "shop_type"), "text"),
    "created_at": "timestamptz",
}
SHOPS = [
    {"id": "s1", "branch_number": "0901", "postal_code": "80331", "country": "DE", "created_at": "2024-01-01 08:00+00"},
    {"id": "s2", "branch_number": "0902", "postal_code": "abc", "country": "DE", "created_at": "2025-03-05 08:00+00"},
]

ORDER = {
    **dict.fromkeys(("id", "order_number", "customer_id", "order_date", "delivery_date", "status"), "text"),
    **dict.fromkeys(("payment_method", "shipping_method"), "text"),
    "total_amount": "numeric",
}
GOOD_ORDER = {
    "customer_id": "1234567",
    "order_date": "2025-03-03",
    "delivery_date": "2025-03-05",
    "total_amount": 99.9,
    "status": "delivered",
    "payment_method": "PAYPAL",
    "shipping_method": "DHL",
}
ORDERS: list[dict[str, Any]] = [
    {"order_number": "A1"},
    {"order_number": "A2", "order_date": "2025-01-05", "delivery_date": "2025-01-07"},
    {"order_number": "A3", "delivery_date": "2025-03-01"},
    {"order_number": "A4", "order_date": "2025-03-12", "delivery_date": None},
    {"order_number": "A5", "total_amount": -5},
    {"order_number": "A6", "status": "verloren"},
    {"order_number": "A7", "customer_id": None},
    {"order_number": "A8", "order_date": "2025-03-09", "delivery_date": None, "payment_method": "KLARNA"},
    {"order_number": "A9", "order_date": "2025-03-09", "delivery_date": None, "shipping_method": "Drohne"},
    {"order_number": "A1"},
    {"order_number": None},
]

PURCHASE_ORDER = {
    **dict.fromkeys(("id", "article_number", "branch_number", "supplier_number", "status"), "text"),
    **dict.fromkeys(("ordered_at", "expected_at"), "timestamptz"),
    "quantity": "numeric",
}
GOOD_PURCHASE = {
    "article_number": "1001",
    "branch_number": "0901",
    "supplier_number": "70010",
    "status": "open",
    "ordered_at": "2025-03-01 08:00+00",
    "expected_at": "2025-04-01 08:00+00",
    "quantity": 10,
}
PURCHASES: list[dict[str, Any]] = [
    {},
    {"branch_number": None},
    {"branch_number": "0999"},
    {"supplier_number": "99"},
    {"expected_at": "2025-02-01 08:00+00"},
    {"quantity": -3},
    {"status": "unterwegs"},
]

INVENTORY = {
    **dict.fromkeys(("id", "branch_number", "article_number", "stock_status"), "text"),
    "quantity": "numeric",
    "updated_at": "timestamptz",
}
HISTORY = {
    **dict.fromkeys(("id", "branch_number", "article_number"), "text"),
    "quantity": "numeric",
    "_fivetran_start": "timestamptz",
    "_fivetran_end": "timestamptz",
    "_fivetran_active": "boolean",
}
NOON, FIRST, FIFTH = "2025-03-10 12:00:00+00", "2025-03-01 08:00:00+00", "2025-03-05 08:00:00+00"
NOON_ENDS, OPEN_END = "2025-03-10 11:59:59.999+00", "9999-12-31 23:59:59.999+00"


def version(article: str, quantity: int, start: str, end: str, branch: str = "0901") -> dict[str, Any]:
    """A version of the stock row that has its article's number for an id."""
    return {
        "id": article,
        "branch_number": branch,
        "article_number": article,
        "quantity": quantity,
        "_fivetran_start": start,
        "_fivetran_end": end,
        "_fivetran_active": end == OPEN_END,
    }


VERSIONS = [
    version("1001", 5, FIRST, NOON_ENDS),
    version("1001", 2005, NOON, OPEN_END),
    version("1002", 5, FIRST, NOON_ENDS),
    version("1002", 1005, NOON, OPEN_END),
    version("1003", 6, FIRST, OPEN_END),
    version("1003", 4, FIFTH, OPEN_END),
    version("1004", 1, FIFTH, FIRST),
    version("9998", 1, FIRST, OPEN_END, branch="0998"),
]
STOCK = [
    {"id": article, "branch_number": "0901", "article_number": article, "quantity": quantity, **more}
    for article, quantity, more in (
        ("1001", 2005, {"stock_status": "in_stock", "updated_at": LONG_AGO}),
        ("1002", 1005, {"stock_status": "in_stock", "updated_at": NEWS}),
        ("1003", 4, {"stock_status": "gesperrt", "updated_at": NEWS}),
    )
]

# Rows that each test finds, by its own name or by its kind and column.
EXPECTED = {
    "sale_prices_are_not_negative": 1,
    "sale_labels_are_not_negative": 1,
    "sale_costs_are_not_negative": 1,
    "sale_prices_are_not_far_above_labels": 1,
    # Of the line with a cost below zero and of the one with a cost in cents.
    "sale_margins_are_within_bounds": 2,
    "sale_prices_do_not_mix_net_and_gross": 2,
    "sale_quantities_are_plausible": 1,
    "sales_are_not_in_the_future": 1,
    "sales_are_not_later_than_their_sync": 1,
    "sales_are_not_before_their_branch_opened": 1,
    "receipts_are_of_one_branch_and_day": 2,
    "accepted_values stg_prohandel__sales.sale_type": 1,
    "no_new_values stg_prohandel__sales.payment_method": 1,
    "no_new_values base_prohandel__sales.status": 1,
    "not_null stg_prohandel__sales.receipt_number": 1,
    "not_null stg_prohandel__sales.branch_ref": 1,
    "article_list_prices_are_not_negative": 1,
    "article_costs_are_not_negative": 1,
    "valid_gtin stg_prohandel__articles.ean": 2,
    "unique stg_prohandel__articles.ean": 1,
    "relationships stg_prohandel__articles.category_ref": 1,
    "refers_to_any stg_prohandel__articles.supplier_ref": 1,
    "relationships stg_prohandel__articles.season": 1,
    "no_new_values stg_prohandel__articles.landed_price_tier": 1,
    "customers_have_postal_codes_of_their_country": 2,
    "not_null stg_prohandel__customers.customer_number": 1,
    "unique stg_prohandel__customers.customer_number": 1,
    "shops_have_postal_codes_of_their_country": 1,
    "orders_are_not_delivered_before_they_are_placed": 1,
    "orders_are_not_placed_in_the_future": 1,
    "order_totals_are_not_negative": 1,
    "not_null stg_prohandel__orders.order_number": 1,
    "unique stg_prohandel__orders.order_number": 1,
    "not_null stg_prohandel__orders.customer_ref": 1,
    "accepted_values stg_prohandel__orders.status": 1,
    "no_new_values stg_prohandel__orders.payment_method": 1,
    "no_new_values stg_prohandel__orders.shipping_method": 1,
    "stock_does_not_jump": 1,
    "no_new_values stg_prohandel__inventory.landed_stock_status": 1,
    "stock_versions_do_not_end_before_they_begin": 1,
    "unique stg_prohandel__inventory_history.inventory_key": 1,
    "refers_to_any stg_prohandel__inventory_history.branch_ref": 1,
    "refers_to_any stg_prohandel__inventory_history.article_ref": 1,
    "not_null stg_prohandel__categories.name": 1,
    "relationships stg_prohandel__categories.parent_category_id": 1,
    "not_null stg_prohandel__suppliers.supplier_number": 1,
    "unique stg_prohandel__suppliers.supplier_number": 1,
    "purchase_orders_are_not_expected_before_they_are_placed": 1,
    "purchase_orders_are_not_negative": 1,
    "not_null stg_prohandel__purchase_orders.branch_ref": 1,
    "refers_to_any stg_prohandel__purchase_orders.branch_ref": 1,
    "relationships stg_prohandel__purchase_orders.supplier_number": 1,
    "accepted_values stg_prohandel__purchase_orders.status": 1,
    "relationships stg_prohandel__article_sales_agg.article_number": 1,
    "not_null stg_prohandel__warehouse_inventory_agg.warehouse": 1,
    "refers_to_any stg_prohandel__warehouse_inventory_agg.warehouse": 1,
}


def numbered(rows: Sequence[Mapping[str, Any]], good: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Rows with a number for an id, and what a good row has where they say nothing else."""
    return [{"id": str(number), **(good or {}), **row} for number, row in enumerate(rows)]


def land(staging: Staging) -> None:
    """Lands every table."""
    lines = [{"id": name, "receipt_number": name, **GOOD_LINE, **row} for name, row in LINES.items()]
    articles = [{"id": f"a{name}", "article_number": name, **GOOD_ARTICLE, **row} for name, row in ARTICLES.items()]
    staging.land("sale", SALE, lines)
    staging.land("article", ARTICLE, articles)
    staging.land("customer", CUSTOMER, numbered(CUSTOMERS))
    staging.land("shop", SHOP, [{"shop_type": "retail", **row} for row in SHOPS])
    staging.land("order", ORDER, numbered(ORDERS, GOOD_ORDER))
    staging.land("purchase_order", PURCHASE_ORDER, numbered(PURCHASES, GOOD_PURCHASE))
    staging.land("inventory", INVENTORY, STOCK)
    staging.land("inventory_history", HISTORY, VERSIONS)
    staging.land(
        "category",
        dict.fromkeys(("id", "name", "parent_id"), "text"),
        [{"id": "1", "name": "Hosen"}, {"id": "2", "parent_id": "77"}],
    )
    staging.land(
        "supplier",
        dict.fromkeys(("id", "supplier_number", "name"), "text"),
        [
            {"id": "s1", "supplier_number": "70010", "name": "Hanse Mode Import"},
            {"id": "s2", "supplier_number": "70010", "name": "Anadolu Tekstil"},
            {"id": "s3", "name": "Textilkontor"},
        ],
    )
    staging.land("daily_sales_agg", {"sale_date": "text"}, [{"sale_date": "2025-03-10"}])
    staging.land(
        "article_sales_agg",
        dict.fromkeys(("agg_id", "article_number"), "text"),
        [{"agg_id": f"agg_{number}_0", "article_number": number} for number in ("1001", "9999")],
    )
    staging.land(
        "warehouse_inventory_agg",
        dict.fromkeys(("agg_id", "warehouse"), "text"),
        [{"agg_id": f"wh_agg_{place}", "warehouse": branch} for place, branch in enumerate(("0901", "0999", None))],
    )


def label(node: Any) -> str:
    """The name that a test was given, else its kind and column."""
    column = getattr(node, "column_name", None)
    if node.name in EXPECTED or not column:
        return str(node.name)
    tested = (node.attached_node or node.depends_on.nodes[0]).split(".")[-1]
    return f"{node.test_metadata.name} {tested}.{column}"


@dataclass(frozen=True)
class Built:
    """The landing, built and tested.

    Attributes:
        staging: where it lies.
        results: what dbt says of every node.
    """

    staging: Staging
    results: list[Any]

    @property
    def tests(self) -> dict[str, Any]:
        """Results of the tests, by their label."""
        return {label(row.node): row for row in self.results if row.node.resource_type == "test"}


@pytest.fixture(scope="module")
def built(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    database = server.create_database(f"business_rules_{os.getpid()}")
    staging = Staging(Warehouse(server.socket_dir, database.name, tmp_path_factory.mktemp("rules")))
    land(staging)
    arguments = ("--indirect-selection", "buildable", "--exclude-resource-type", "unit_test")
    result = staging.invoke("build", "--select", *SELECTED, *arguments)
    yield Built(staging, list(getattr(result.result, "results", None) or []))
    database.drop()


def test_rules_warn_and_nothing_fails(built: Built) -> None:
    stopped = ("error", "fail", "runtime error", "skipped")
    assert built.results
    assert {row.node.name: row.message for row in built.results if str(row.status) in stopped} == {}


def test_each_rule_finds_its_bad_rows_alone(built: Built) -> None:
    found = {name: (str(row.status), row.failures) for name, row in built.tests.items() if name in EXPECTED}
    assert found == {name: ("warn", rows) for name, rows in EXPECTED.items()}


def test_no_rule_of_staging_is_left_out(built: Built) -> None:
    told = {
        name
        for name, row in built.tests.items()
        if "why" in row.node.config.meta and row.node.original_file_path.startswith("models/staging/")
    }
    assert told - set(EXPECTED) == set()
    assert len(told) > 40


def test_results_say_whose_it_is_why_it_matters_and_what_to_do(built: Built) -> None:
    rows = built.staging.rows("select test_name, status, owner, why, runbook from quality.test_results")
    said = {row.pop("test_name"): row for row in rows}
    assert said["sale_prices_are_not_negative"] == {
        "status": "warn",
        "owner": "controlling",
        "why": "Revenue goes down by what was sold; what comes back has another type or a negative quantity.",
        "runbook": "docs/runbooks/failed_test.md#business-rule",
    }
    assert said["no_rejected_rows_base_prohandel__sales_"] == {
        "status": "warn",
        "owner": "data_platform",
        "why": "What cannot be read is in no figure until it lands in a form that can.",
        "runbook": "docs/runbooks/failed_test.md#not-null",
    }
    assert said["not_null_stg_prohandel__sales_sale_date"] == {
        "status": "pass",
        "owner": "data_platform",
        "why": None,
        "runbook": None,
    }
