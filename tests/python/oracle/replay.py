"""Runs what dbt compiled, without dbt: a build takes half a minute, the same statements over ten rows a second.

The project is built once over landed tables without a row. A case then lands its rows, fills every table in the order
of the lineage from the query that a full build would run, and rolls all of it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import psycopg
from psycopg import sql

from tests.python.oracle.database import columns_of
from tests.python.scenarios.harness import Warehouse

Rows = Sequence[Mapping[str, Any]]
SCHEMA = "prohandel"
_SYNCED = "_fivetran_synced"

# Both generations of names side by side, all as text but the time of the sync.
LANDED = {
    "article": "id article_number number name price cost purchase_price category_id category supplier_id supplier brand"
    " season is_active inactive_flag is_deleted created_at _fivetran_deleted",
    "customer": "id customer_number number postal_code country is_deleted created_at _fivetran_deleted",
    "order": "id order_number customer_id order_date delivery_date total_amount status _fivetran_deleted",
    "sale": "id receipt_number sale_number date sale_date branch_number branch_id article_number article_size_number"
    " customer_number customer_id quantity purchase_price sale_price total_amount label_price discount type status"
    " is_deleted _fivetran_deleted",
    "inventory": "id branch_number article_number article_id article_size_number quantity _fivetran_deleted",
    "inventory_history": "id branch_number article_number article_id article_size_number quantity _fivetran_active"
    " _fivetran_start _fivetran_end",
    "shop": "id branch_number number name postal_code is_webshop is_online shop_type is_deleted _fivetran_deleted",
    "category": "id name parent_id",
    "supplier": "id supplier_number number name",
    "daily_sales_agg": "sale_date sale_count total_quantity total_amount aggregation_type",
    "article_sales_agg": "agg_id article_number total_quantity total_amount sale_count aggregation_type",
    "warehouse_inventory_agg": "agg_id warehouse total_quantity article_count aggregation_type",
}
_MOMENTS = {_SYNCED, "_fivetran_start", "_fivetran_end"}


@dataclass(frozen=True)
class Replay:
    """A built warehouse without rows, and how its tables are filled.

    Attributes:
        warehouse: the database.
        variables: of the build.
        statements: one prepared insert per table, in the order of the lineage.
        tables: what they fill.
        conn: the connection of all builds.
    """

    warehouse: Warehouse
    variables: Mapping[str, Any]
    statements: tuple[sql.Composed, ...]
    tables: tuple[sql.Identifier, ...]
    conn: psycopg.Connection[Any]

    @contextmanager
    def build(
        self, landed: Mapping[str, Rows], seeds: Mapping[str, Rows] | None = None
    ) -> Iterator[psycopg.Connection[Any]]:
        """A connection that sees the marts of some landed rows; nothing of them stays.

        Args:
            landed: rows by table; columns that a row does not name are null.
            seeds: rows of seeds instead of those that the project has.
        """
        with self.conn.transaction(force_rollback=True):
            for table, rows in landed.items():
                _insert(self.conn, sql.Identifier(SCHEMA, table), rows)
            for seed, rows in (seeds or {}).items():
                target = sql.Identifier("reference", seed)
                self.conn.execute(sql.SQL("delete from {}").format(target))
                _insert(self.conn, target, rows)
            for statement in self.statements:
                self.conn.execute(statement)
            yield self.conn


def build_once(warehouse: Warehouse) -> None:
    """Builds the project over landed tables with a row each: nothing is built over empty ones."""
    number = {
        "id": "1",
        "quantity": "1",
        "article_number": "1",
        "branch_number": "1",
        "date": "2025-01-01",
        _SYNCED: "2025-01-01 00:00:00+00",
    }
    _create_landed_tables(warehouse)
    with warehouse.connect() as conn:
        for table, names in LANDED.items():
            known = {name: value for name, value in number.items() if name in [*names.split(), _SYNCED]}
            _insert(conn, sql.Identifier(SCHEMA, table), [known])
    warehouse.build()
    # Nothing is worked on over and over but a few rows; a plan for many would cost more than it saves.
    warehouse.execute(f"alter database {warehouse.name} set jit = off")


def empty(replay: Replay) -> None:
    """Removes the rows that the project was built over."""
    landed = [sql.Identifier(SCHEMA, table) for table in LANDED]
    replay.conn.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join([*landed, *replay.tables])))


def _create_landed_tables(warehouse: Warehouse) -> None:
    with warehouse.connect() as conn:
        conn.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
        for table, names in LANDED.items():
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL("timestamptz" if name in _MOMENTS else "text"))
                for name in [*names.split(), _SYNCED]
            )
            conn.execute(sql.SQL("create table {} ({})").format(sql.Identifier(SCHEMA, table), columns))


def compiled(warehouse: Warehouse, variables: Mapping[str, Any]) -> Replay:
    """Compiles a full build of a warehouse that has been built already, and makes its views those of the variables."""
    result = warehouse.dbt("compile", "--select", "resource_type:model", "--full-refresh", variables=variables).result
    nodes = {row.node.unique_id: row.node for row in result.results if row.node.resource_type == "model"}
    parents = {key: set(node.depends_on.nodes) for key, node in nodes.items()}
    parents["snapshot.prohandel_analytics.inventory_snapshot"] = {"model.prohandel_analytics.stg_prohandel__inventory"}
    landed = {key for key in parents if any(parent.startswith("source.") for parent in parents[key])}
    statements, tables = [], []
    with warehouse.connect() as conn:
        for key in TopologicalSorter(parents).static_order():
            if key.startswith("snapshot."):
                statements.append(_snapshot(conn))
                tables.append(sql.Identifier("snapshots", "inventory_snapshot"))
                landed.add(key)
            if key not in nodes:
                continue
            if parents[key] & landed:
                landed.add(key)
            node = nodes[key]
            if node.config.materialized == "view":
                conn.execute(_view(conn, node.schema, node.alias, node.compiled_code))
            elif key in landed and node.config.materialized in {"table", "incremental"}:
                statements.append(_fill(conn, node.schema, node.alias, node.compiled_code))
                tables.append(sql.Identifier(node.schema, node.alias))
    lasting = warehouse.connect()
    lasting.prepare_threshold = None
    lasting.execute("set prohandel.hash_key = 'test-key'")
    return Replay(
        warehouse,
        {**warehouse.variables, **variables},
        tuple(_prepared(lasting, f"fill_{at}", statement) for at, statement in enumerate(statements)),
        tuple(tables),
        lasting,
    )


def _prepared(conn: psycopg.Connection[Any], name: str, statement: sql.Composed) -> sql.Composed:
    """What executes the statement; planning it takes longer than filling it with a few rows, and is done once."""
    conn.execute(sql.SQL("prepare {} as {}").format(sql.Identifier(name), statement))
    return sql.SQL("execute {}").format(sql.Identifier(name))


def _view(conn: psycopg.Connection[Any], schema: str, name: str, query: str) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, columns_of(conn, schema, name)))
    return sql.SQL("create or replace view {target} as select {columns} from (\n{query}\n) as found").format(
        target=sql.Identifier(schema, name), columns=columns, query=sql.SQL(query.encode().decode())
    )


def _fill(conn: psycopg.Connection[Any], schema: str, name: str, query: str) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, columns_of(conn, schema, name)))
    return sql.SQL("insert into {target} ({columns}) select {columns} from (\n{query}\n) as found").format(
        target=sql.Identifier(schema, name),
        columns=columns,
        query=sql.SQL(query.encode().decode()),
    )


def _snapshot(conn: psycopg.Connection[Any]) -> sql.Composed:
    """What dbt writes when it first sees the rows."""
    own = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")
    names = [name for name in columns_of(conn, "snapshots", "inventory_snapshot") if name not in own]
    return sql.SQL(
        "insert into snapshots.inventory_snapshot ({columns}, dbt_scd_id, dbt_updated_at, dbt_valid_from)"
        " select {columns}, inventory_key, synced_at, synced_at from staging.stg_prohandel__inventory"
    ).format(columns=sql.SQL(", ").join(map(sql.Identifier, names)))


def _insert(conn: psycopg.Connection[Any], target: sql.Identifier, rows: Rows) -> None:
    columns = sorted({column for row in rows for column in row})
    if not rows:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    values = sql.SQL(", ").join(
        sql.SQL("({})").format(sql.SQL(", ").join(sql.Literal(row.get(column)) for column in columns)) for row in rows
    )
    conn.execute(sql.SQL("insert into {} ({}) values {}").format(target, names, values))
