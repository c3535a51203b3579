"""The comparison itself: it has to see what differs, and nothing else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from .compare import Difference, compare, compare_computed
from .marts import Marts
from .small import HASH_KEY, SYNCED, built, frame, sale, stock, version
from .variables import Variables

_SALES = [
    sale("1", "2025-06-02", "X", "2", sale_price="119,00", receipt_number="R1"),
    sale("2", "2025-06-03", "X", "-1", sale_price="-59,50"),
    sale("3", "2025-06-03", "Y", "1"),
]
_HISTORY = [version("B1", "X", "5", "2025-06-02 08:00:00+00")]
_INVENTORY = [stock("B1", "X", "5", "2025-06-02 08:00:00+00")]


def _write(conn: psycopg.Connection[Any], schema: str, name: str, frame: Any) -> None:
    """A table with the types of the frame: numbers numeric, flags boolean, days date, the rest text."""
    conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    types = {"f": "numeric(18, 6)", "i": "bigint", "b": "boolean", "M": "date"}
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(types.get(frame[column].dtype.kind, "text")))
        for column in frame.columns
    ]
    table = sql.Identifier(schema, name)
    conn.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(columns)))
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(columns))
    values = frame.astype("object").where(frame.notna(), None).values.tolist()
    with conn.cursor() as cursor:
        cursor.executemany(sql.SQL("insert into {} values ({})").format(table, marks), values)


@pytest.fixture
def marts(conn: psycopg.Connection[Any]) -> Marts:
    computed = built(_SALES, history=_HISTORY, inventory=_INVENTORY)
    for name, mart in computed.marts.items():
        _write(conn, "marts", name, mart.rows)
    for name, landed in (("sale", _SALES), ("inventory", _INVENTORY), ("inventory_history", _HISTORY)):
        _write(conn, "prohandel", name, frame(landed))
    return computed


def _by_column(differences: list[Difference]) -> dict[str, int]:
    return {f"{difference.mart}.{difference.column}": difference.rows for difference in differences}


@pytest.mark.usefixtures("marts")
def test_equal_marts_have_no_difference(conn: psycopg.Connection[Any]) -> None:
    names = ("article", "customer", "order", "shop", "category")
    variables = Variables.of({f"using_{name}": False for name in names} | {"using_inventory_history": True})
    assert compare(conn, variables=variables, hash_key=HASH_KEY) == []
    with pytest.raises(LookupError, match="using_article"):
        compare(conn, variables={}, hash_key=HASH_KEY)


def test_every_kind_of_difference_is_found(conn: psycopg.Connection[Any], marts: Marts) -> None:
    for statement in (
        "update marts.fct_sale_lines set net_revenue = net_revenue + 0.001 where sale_line_id = '1'",
        "update marts.fct_sale_lines set gross_revenue = 0 where sale_line_id = '3'",
        "update marts.fct_sales_daily set return_units = return_units + 0.0001 where return_units > 0",
        "update marts.inventory_status set is_dead_stock = true where article_number = 'X'",
        "update marts.inventory_status set stock_status = null where article_number = 'X'",
        "update marts.dim_articles set first_sale_date = date '2025-06-01' where article_number = 'X'",
        "delete from marts.sales_performance where date_day = '2025-06-02'",
        "insert into marts.dim_shops (branch_number) values ('B9')",
        "alter table marts.stock_levels drop column stock_units",
        "drop table marts.product_profitability",
    ):
        conn.execute(statement)
    assert _by_column(compare_computed(conn, marts)) == {
        "fct_sale_lines.net_revenue": 1,
        "fct_sale_lines.gross_revenue": 1,
        "fct_sales_daily.return_units": 1,
        "inventory_status.is_dead_stock": 1,
        "inventory_status.stock_status": 1,
        "dim_articles.first_sale_date": 1,
        "sales_performance.(rows missing)": 1,
        "dim_shops.(rows extra)": 1,
        "stock_levels.stock_units (column missing)": 2,
        "product_profitability.(mart missing)": 2,
    }


def test_money_below_the_tolerance_and_the_session_do_not_matter(conn: psycopg.Connection[Any], marts: Marts) -> None:
    conn.execute("update marts.fct_sale_lines set net_revenue = net_revenue + 0.00009 where sale_line_id = '1'")
    conn.execute("set datestyle to 'German, DMY'")
    conn.execute("set time zone 'Pacific/Auckland'")
    assert compare_computed(conn, marts) == []


def test_landed_types_do_not_matter(conn: psycopg.Connection[Any]) -> None:
    conn.execute("create schema prohandel")
    conn.execute(
        "create table prohandel.sale (id bigint, date timestamptz, branch_number bigint, article_number text,"
        " quantity double precision, sale_price numeric, type integer, is_deleted boolean,"
        " _fivetran_synced timestamptz)"
    )
    conn.execute(
        "insert into prohandel.sale values (1, '2025-06-01 22:30:00+00', 7, 'X', 2.5, 11.9, 0, false, %s)", (SYNCED,)
    )
    names = ("article", "customer", "order", "shop", "category", "inventory")
    variables = Variables.of({f"using_{name}": False for name in names})
    found = compare(conn, variables=variables, marts=["fct_sale_lines"], hash_key=HASH_KEY)
    assert _by_column(found) == {"fct_sale_lines.(mart missing)": 1}
    computed = built([sale("1", "2025-06-02", "X", "2.5", sale_price="11.9", branch_number="7")])
    _write(conn, "marts", "fct_sale_lines", computed.marts["fct_sale_lines"].rows)
    assert compare(conn, variables=variables, marts=["fct_sale_lines"], hash_key=HASH_KEY) == []
