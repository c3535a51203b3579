"""The compiled queries of the planning models, run over a few rows that a test writes: milliseconds, not a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from tests.python.scenarios.harness import Warehouse

# In the order of the lineage; each is built from the tables below and from those before it.
MODELS = {
    "int_planning__policies": "intermediate",
    "reorder_points": "marts",
    "int_planning__transfer_relations": "intermediate",
    "int_planning__transfer_candidates": "intermediate",
    "int_planning__transfer_rounds": "intermediate",
    "transfer_recommendations": "marts",
}

# What the models read, with the columns that they use.
TABLES = {
    "intermediate.int_inventory__pairs": (
        "branch_number text, article_number text, is_superseded boolean, is_merchandise boolean, range_start date"
    ),
    "intermediate.int_articles__resolved": "article_number text, brand text, category text, is_deleted boolean",
    "intermediate.int_branches__resolved": (
        "branch_number text, shop_type text, has_own_stock boolean, is_active boolean, is_deleted boolean"
    ),
    "intermediate.int_inventory_with_metrics": (
        "branch_number text, article_number text, on_hand numeric(18, 4), avg_daily_demand_90d numeric(18, 6),"
        " is_slow_moving boolean, known_from date, as_of_date date, available_days_90d bigint,"
        " available_demand_units_90d numeric(18, 4)"
    ),
    "intermediate.int_inventory__size_runs": (
        "branch_number text, article_number text, article_size_number text, is_core_size boolean, is_in_stock boolean"
    ),
    "intermediate.int_inventory__pair_windows": (
        "branch_number text, article_number text, available_demand_squares_90d numeric(18, 4),"
        " last_received_on date, last_in_stock_on date"
    ),
    "intermediate.int_planning__open_orders": (
        "purchase_order_id text, branch_number text, article_number text, expected_on date, open_units numeric(18, 4)"
    ),
    "intermediate.int_planning__prices": "article_number text, net_revenue_per_unit numeric(18, 6)",
    "reference.replenishment_policy": (
        "scope text, scope_value text, service_level numeric(18, 6), lead_time_days integer,"
        " review_period_days integer, pack_units numeric(18, 4)"
    ),
    "reference.assortment": ("scope text, scope_value text, assortment_type text, presentation_minimum numeric(18, 4)"),
    "reference.transfer_relations": (
        "from_scope text, from_value text, to_scope text, to_value text, is_allowed boolean, rest_days integer,"
        " minimum_units numeric(18, 4), minimum_value numeric(18, 6)"
    ),
}

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Queries:
    """The compiled select of every model in `MODELS`.

    Attributes:
        warehouse: the database that they name.
        selects: by model.
    """

    warehouse: Warehouse
    selects: Mapping[str, str] = field(repr=False)

    def run(
        self,
        tables: Mapping[str, Sequence[Sequence[Any]]],
        wanted: Mapping[str, Sequence[str]],
        given: Mapping[str, str] | None = None,
    ) -> dict[str, Rows]:
        """Builds the models over the given tables and gives the wanted columns of each, ordered by them.

        Args:
            tables: rows by table of `TABLES`; a table that is not given is empty.
            wanted: columns by model.
            given: models that are not built, with the columns of a table that takes their place (rows in `tables`).
        """
        given = given or {}
        with self.warehouse.connect() as conn, conn.transaction(force_rollback=True):
            for name, columns in {**TABLES, **given}.items():
                target = sql.Identifier(*name.split("."))
                conn.execute(sql.SQL("create table {} ({})").format(target, sql.SQL(columns)))
                if tables.get(name):
                    with conn.cursor().copy(sql.SQL("copy {} from stdin").format(target)) as copy:
                        for row in tables[name]:
                            copy.write_row(row)
            for name, schema in MODELS.items():
                if f"{schema}.{name}" not in given:
                    target = sql.Identifier(schema, name)
                    conn.execute(sql.SQL("create table {} as ").format(target) + sql.SQL(self.selects[name]))
            found = {}
            for name, chosen in wanted.items():
                query = sql.SQL("select {} from {} order by {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, chosen)),
                    sql.Identifier(MODELS[name], name),
                    sql.SQL(", ").join(sql.Literal(place) for place in range(1, len(chosen) + 1)),
                )
                found[name] = conn.execute(query).fetchall()
            return found


def compile_queries(warehouse: Warehouse) -> Queries:
    """Compiles the models for a full build."""
    for schema in ("intermediate", "marts", "reference"):
        warehouse.execute(f"create schema {schema}")
    # Nothing is worked on over and over but these few rows; a plan for many would cost more than it saves.
    warehouse.execute(f"alter database {warehouse.name} set jit = off")
    result = warehouse.dbt("compile", "--select", *MODELS)
    selects = {row.node.name: row.node.compiled_code for row in result.result.results if row.node.name in MODELS}
    return Queries(warehouse, selects)
