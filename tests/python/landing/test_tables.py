"""The catalogue of landed tables is consistent in itself."""

from __future__ import annotations

import pytest

from prohandel.errors import ProhandelError
from prohandel.landing.tables import LANDED_TABLES, Generation, landed_table

NINE = {
    "article",
    "customer",
    "order",
    "sale",
    "inventory",
    "shop",
    "daily_sales_agg",
    "article_sales_agg",
    "warehouse_inventory_agg",
}


def test_the_nine_tables_and_the_optional_ones() -> None:
    assert {table.name for table in LANDED_TABLES.values() if not table.optional} == NINE
    assert set(LANDED_TABLES) - NINE == {"category", "supplier", "inventory_history", "purchase_order"}


@pytest.mark.parametrize("name", LANDED_TABLES)
def test_no_landed_name_means_two_columns(name: str) -> None:
    table = LANDED_TABLES[name]
    names = [landed for column in table.columns for landed in column.names]
    assert len(names) == len(set(names))
    assert set(table.primary_key) <= {column.name for column in table.columns if column.essential}


@pytest.mark.parametrize(
    ("table", "generation", "landed", "renames"),
    [
        ("sale", "api", ["id", "sale_price", "colour"], {"sale_price": "total_amount"}),
        ("sale", "declared", ["id", "sale_number", "date", "sale_date"], {"sale_number": "receipt_number"}),
        ("article", "api", ["id", "is_active", "article_number"], {"article_number": "number"}),
        ("shop", "declared", ["id", "name1", "number"], {"name1": "name", "number": "branch_number"}),
        ("shop", "declared", ["id", "name1", "name2"], {}),
        ("customer", "declared", ["id", "first_name", "last_name", "street"], {"street": "address"}),
    ],
)
def test_renaming(table: str, generation: Generation, landed: list[str], renames: dict[str, str]) -> None:
    assert landed_table(table).renaming(landed, generation) == renames


def test_an_unknown_table_is_refused_with_the_closest_name() -> None:
    with pytest.raises(ProhandelError, match="'sales' is no landed table") as refused:
        landed_table("sales")
    assert "Did you mean 'sale'?" in refused.value.remedy
    with pytest.raises(ProhandelError) as refused:
        landed_table("branch")
    assert "Did you mean 'shop'?" in refused.value.remedy
