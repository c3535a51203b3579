"""Runs what dbt compiled, without dbt: a build takes half a minute, a query over ten rows takes milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from tests.python.scenarios.harness import Warehouse

RANGING_DAYS = 4
STATES = ("bb", "be", "bw", "by", "hb", "he", "hh", "mv", "ni", "nw", "rp", "sh", "sl", "sn", "st", "th")

# In the order of the lineage; each is built from the tables below and from those before it.
MODELS = {
    "int_inventory__supply_groups": "intermediate",
    "int_inventory__pairs": "intermediate",
    "int_inventory__branch_days": "intermediate",
    "int_inventory__pair_events": "intermediate",
    "int_inventory__pair_spans": "intermediate",
    "fct_inventory_daily": "marts",
}

# What the models read, with the columns that they use.
TABLES = {
    "intermediate.int_inventory__stock_changes": (
        "branch_number text, article_number text, observed_at timestamptz, observed_on date, quantity numeric,"
        " quantity_change numeric, is_first boolean, is_superseded boolean, source_relation text, change_number bigint"
    ),
    "intermediate.int_sales__line_changes": (
        "sale_line_id text, date_day date, branch_number text, article_number text, change_number bigint"
    ),
    "intermediate.int_inventory__pair_changes": (
        "branch_number text, article_number text, category text, rebuild_from date, change_number bigint"
    ),
    "marts.fct_sales_daily": (
        "date_day date, branch_number text, article_number text, demand_units numeric, return_units numeric,"
        " net_units numeric"
    ),
    "intermediate.int_articles__resolved": (
        "article_number text, is_merchandise boolean, is_deleted boolean, unit_cost numeric(18, 4), category text,"
        " season text, assortment_type text, is_default_assortment_type boolean, created_on date, brand text"
    ),
    "intermediate.int_branches__resolved": (
        "branch_number text, shop_type text, state text, supplied_from text, has_own_stock boolean"
    ),
    "intermediate.int_as_of": "newest_day date, as_of_date date",
    "reference.assortment": "scope text, scope_value text, assortment_type text",
    "reference.branch_calendar": (
        "scope text, scope_value text, state text, opens_at time, closes_at time, open_on_sundays boolean"
    ),
    "reference.public_holidays": "date_day date, " + ", ".join(f"{state} boolean" for state in STATES),
}


@dataclass(frozen=True)
class Queries:
    """The compiled select of every model in `MODELS`.

    Attributes:
        warehouse: the database that they name.
        selects: by model.
    """

    warehouse: Warehouse
    selects: Mapping[str, str] = field(repr=False)

    def run(self, tables: Mapping[str, Sequence[Sequence[Any]]], columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """The rows of fct_inventory_daily over the given tables, ordered; a table that is not given is empty."""
        with self.warehouse.connect() as conn, conn.transaction(force_rollback=True):
            _create_tables(conn, tables)
            for name, schema in MODELS.items():
                target = sql.Identifier(schema, name)
                conn.execute(sql.SQL("create table {} as ").format(target) + sql.SQL(self.selects[name]))
            chosen = sql.SQL(", ").join(map(sql.Identifier, columns))
            query = sql.SQL("select {} from marts.fct_inventory_daily order by 1, 2, 3").format(chosen)
            return conn.execute(query).fetchall()


def compile_queries(warehouse: Warehouse) -> Queries:
    """Compiles the models for a full build."""
    for schema in ("intermediate", "marts", "reference", "state"):
        warehouse.execute(f"create schema {schema}")
    warehouse.execute("create sequence state.change_number")
    # Nothing is worked on over and over but these few rows; a plan for many would cost more than it saves.
    warehouse.execute(f"alter database {warehouse.name} set jit = off")
    result = warehouse.dbt("compile", "--select", *MODELS, variables={"ranging_days": RANGING_DAYS})
    selects = {row.node.name: row.node.compiled_code for row in result.result.results if row.node.name in MODELS}
    return Queries(warehouse, selects)


def _create_tables(conn: psycopg.Connection[Any], tables: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    for name, columns in TABLES.items():
        target = sql.Identifier(*name.split("."))
        conn.execute(sql.SQL("create table {} ({})").format(target, sql.SQL(columns)))
        rows = tables.get(name, [])
        if rows:
            with conn.cursor().copy(sql.SQL("copy {} from stdin").format(target)) as copy:
                for row in rows:
                    copy.write_row(row)
