"""Which tables and columns have landed, and what the user is told when they have not."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.base.relation import BaseRelation

from tests.python.staging.staging import BuildError, Staging

SALE = {"id": "text", "date": "text", "article_number": "text", "quantity": "numeric", "branch_number": "text"}
LINE = {"id": "1", "date": "2025-03-01", "article_number": "007", "quantity": 1, "branch_number": "0901"}
PLURALS = {
    "category": "categories",
    "supplier": "suppliers",
    "inventory_history": "inventory_history",
    "purchase_order": "purchase_orders",
}
SALES = ("base_prohandel__sales", "stg_prohandel__sales")


def failure(staging: Staging, *models: str, **variables: Any) -> str:
    with pytest.raises(BuildError) as caught:
        staging.build(*models, **variables)
    return str(caught.value)


def test_a_table_that_is_missing_is_named_with_its_variable(staging: Staging) -> None:
    staging.land("sale", SALE, [LINE])
    message = failure(staging, "base_prohandel__shops", using_shop=True)
    assert "'prohandel.shop' does not exist" in message
    assert "set using_shop: false" in message
    staging.build("base_prohandel__shops", "stg_prohandel__shops", using_shop=False)
    assert staging.staged("shops", "shop_id") == {}


def test_a_schema_that_is_misspelt_is_named_with_those_that_exist(staging: Staging) -> None:
    staging.land("sale", SALE, [LINE])
    message = failure(staging, "base_prohandel__sales", prohandel_schema="prohandle")
    assert "no schema 'prohandle'" in message
    assert "variable prohandel_schema" in message
    assert "prohandel, public" in message


@pytest.mark.parametrize(
    ("missing", "accepted"),
    [
        ("id", "Accepted names: id."),
        ("date", "Accepted names: date, sale_date."),
        ("quantity", "Accepted names: quantity."),
    ],
)
def test_a_column_that_is_missing_is_named_with_the_names_accepted(
    staging: Staging, missing: str, accepted: str
) -> None:
    staging.land("sale", {name: kind for name, kind in SALE.items() if name != missing}, [])
    staging.upsert("sale", [{name: value for name, value in LINE.items() if name != missing}])
    message = failure(staging, "base_prohandel__sales")
    assert "'prohandel.sale' has no column" in message
    assert accepted in message


def test_a_table_without_rows_stops_what_could_not_be_built_from_it(staging: Staging) -> None:
    staging.land("sale", SALE, [LINE])
    staging.build(*SALES)
    staging.execute("delete from prohandel.sale")
    message = failure(staging, "base_prohandel__sales")
    assert "'prohandel.sale' has no rows" in message
    assert set(staging.staged("sales", "sale_line_id")) == {"1"}
    staging.land("order", {"id": "text", "order_date": "text"}, [])
    assert "set using_order: false" in failure(staging, "base_prohandel__orders")


@pytest.mark.parametrize("table", ["category", "supplier", "inventory_history", "purchase_order"])
def test_an_optional_table_may_be_empty(staging: Staging, table: str) -> None:
    columns = {**dict.fromkeys(["id", "branch_number", "article_number"], "text"), "quantity": "numeric"}
    staging.land(table, {**columns, "_fivetran_start": "timestamptz"}, [])
    staging.build(f"base_prohandel__{PLURALS[table]}", f"stg_prohandel__{PLURALS[table]}")
    assert staging.rows(f"select * from staging.stg_prohandel__{PLURALS[table]}") == []


def test_columns_that_nobody_knows_are_passed_through(staging: Staging) -> None:
    staging.land("article", {"id": "text", "number": "text", "colour": "text", "Weight": "text"}, [])
    staging.upsert("article", [{"id": "1", "number": "007", "colour": " blau ", "Weight": "1,5"}])
    passed = {"article": ["colour", {"name": "Weight", "kind": "number", "alias": "weight"}]}
    staging.build("base_prohandel__articles", "stg_prohandel__articles", passthrough_columns=passed)
    article = staging.staged("articles", "article_id")["1"]
    assert (article["colour"], article["weight"]) == ("blau", Decimal("1.5"))


def test_a_changed_variable_rebuilds_what_it_decides(staging: Staging) -> None:
    """No row is new, and one was synced long ago: nothing but the variable says that it is to be read again."""
    old = {"colour": "blau", "fabric": "Leinen", "_fivetran_synced": "2025-03-01 12:00:00+00"}
    staging.land("sale", {**SALE, "colour": "text", "fabric": "text"}, [{**LINE, **old}, {**LINE, "id": "2"}])
    for name in ("colour", "fabric"):
        staging.build(*SALES, passthrough_columns={"sale": [{"name": name, "alias": "looks"}]})
        assert staging.staged("sales", "sale_line_id")["1"]["looks"] == old[name]


def test_two_tenants_share_no_key(staging: Staging) -> None:
    inventory = {"id": "text", "branch_number": "text", "article_number": "text", "quantity": "numeric"}
    stock = {"id": "1", "branch_number": "0901", "article_number": "007"}
    staging.land("sale", SALE, [LINE, {**LINE, "id": None}], schema="north")
    staging.land(
        "sale", {**SALE, "quantity": "text"}, [{**LINE, "quantity": "2,5"}, {**LINE, "id": None}], schema="south"
    )
    staging.land("inventory", inventory, [{**stock, "quantity": 1}], schema="north")
    staging.land("inventory", inventory, [{**stock, "quantity": 2}], schema="south")
    staging.build(prohandel_schemas=["north", "south"])
    lines = staging.staged("sales", "sale_line_id")
    assert {
        key: (row["source_relation"], row["quantity"], row["branch_ref"], row["article_number"])
        for key, row in lines.items()
    } == {
        "north/1": ("north", Decimal(1), "north/0901", "north/007"),
        "south/1": ("south", Decimal("2.5"), "south/0901", "south/007"),
    }
    assert set(staging.staged("inventory", "inventory_key")) == {
        "north/1|north/0901|north/007|unknown",
        "south/1|south/0901|south/007|unknown",
    }
    assert sorted(key[:9] for _, key, _ in staging.rejected()) == ["north/row", "south/row"]
    # A newer sync of one tenant must not hide what the other one lands later.
    staging.upsert("sale", [{**LINE, "id": "2", "_fivetran_synced": "2025-03-12 12:00:00+00"}], schema="north")
    staging.build(*SALES, prohandel_schemas=["north", "south"])
    staging.upsert(
        "sale", [{**LINE, "id": "2", "quantity": "3", "_fivetran_synced": "2025-03-11 12:00:00+00"}], schema="south"
    )
    staging.build(*SALES, prohandel_schemas=["north", "south"])
    assert {"north/2", "south/2"} <= staging.staged("sales", "sale_line_id").keys()
    message = failure(staging, "base_prohandel__sales", prohandel_schemas=["north", "west"])
    assert "no schema 'west'" in message
    assert "variable prohandel_schemas" in message


def test_both_generations_of_names_give_the_same(staging: Staging) -> None:
    declared = {
        "id": "text",
        "receipt_number": "text",
        "date": "text",
        "branch_number": "text",
        "article_number": "text",
        "customer_number": "text",
        "quantity": "numeric",
        "sale_price": "numeric",
        "updated_at": "timestamptz",
    }
    renamed = {
        "receipt_number": "sale_number",
        "date": "sale_date",
        "branch_number": "branch_id",
        "customer_number": "customer_id",
        "sale_price": "total_amount",
        "updated_at": "last_change",
    }
    row = {
        "id": "1",
        "receipt_number": "R1",
        "date": "2025-03-01T10:00:00",
        "branch_number": "0901",
        "article_number": "007",
        "customer_number": "1234567",
        "quantity": 2,
        "sale_price": 9.9,
        "updated_at": "2025-03-01 10:00:00+00",
    }
    staging.land("sale", declared, [row])
    staging.build(*SALES)
    before = staging.staged("sales", "sale_line_id")
    staging.clear()
    staging.land(
        "sale",
        {renamed.get(name, name): kind for name, kind in declared.items()},
        [{renamed.get(name, name): value for name, value in row.items()}],
    )
    staging.build(*SALES)
    assert staging.staged("sales", "sale_line_id") == before


@pytest.mark.parametrize(
    "session",
    [{"timezone": "America/Lima"}, {"timezone": "Asia/Tokyo", "datestyle": "SQL,DMY"}, {"extra_float_digits": "0"}],
    ids=["lima", "tokyo", "floats"],
)
def test_no_setting_of_the_session_changes_anything(staging: Staging, session: dict[str, str]) -> None:
    columns = {
        "id": "double precision",
        "date": "timestamptz",
        "article_number": "date",
        "quantity": "text",
        "updated_at": "timestamp",
        "created_at": "text",
        "purchase_price": "double precision",
    }
    row = {
        "date": "2025-02-28 23:30:00+00",
        "article_number": "2025-03-01",
        "quantity": "1.234,50",
        "updated_at": "2025-03-01 10:00:00",
        "created_at": "01.03.2025 10:00",
        "purchase_price": 0.1,
    }
    rows = [{"id": 1, **row}, {"id": 2, **row, "quantity": "x"}, {"id": None, **row}]

    def build() -> list[dict[str, Any]]:
        staging.land("sale", columns, rows)
        staging.build(*SALES)
        return staging.rows("select * from staging.base_prohandel__sales order by sale_line_id")

    expected = [{**row, "change_number": None} for row in build()]
    staging.clear()
    staging.warehouse.session = session
    try:
        found = [{**row, "change_number": None} for row in build()]
    finally:
        staging.warehouse.session = {}
    assert found == expected


def test_no_thread_takes_down_what_a_schema_holds(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one did, others would be told that relations do not exist that it has not come to yet."""
    staging.land("sale", SALE, [LINE])
    listed: list[tuple[str, str]] = []
    real = BaseAdapter.list_relations

    def list_relations(self: BaseAdapter, database: str | None, schema: str) -> list[BaseRelation]:
        if not self._schema_is_cached(database, schema):
            listed.append((schema, threading.current_thread().name))
        return real(self, database, schema)

    monkeypatch.setattr(BaseAdapter, "list_relations", list_relations)
    staging.build(*SALES)
    assert {"prohandel", "state", "forecasting"} <= {schema for schema, _ in listed}
    assert {thread for _, thread in listed} == {threading.main_thread().name}
