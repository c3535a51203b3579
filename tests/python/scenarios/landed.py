"""Changes to landed rows, as Fivetran would make them: each gets a later `_fivetran_synced`."""

from __future__ import annotations

import json
from typing import Any

from psycopg import sql

from tests.python.scenarios.harness import Warehouse

SCHEMA = "prohandel"


def next_sync(warehouse: Warehouse) -> str:
    """An hour after the newest landed row, as an ISO timestamp."""
    return str(
        warehouse.execute(
            f"select (max(_fivetran_synced) + interval '1 hour')::text from \"{SCHEMA}\".sale"  # noqa: S608
        )[0][0]
    )


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(SCHEMA, name)


def copy_row(warehouse: Warehouse, table: str, where: str, **overrides: Any) -> None:
    """Lands a copy of the first row (by its text) that `where` finds, with other values in some columns."""
    overrides.setdefault("_fivetran_synced", next_sync(warehouse))
    with warehouse.connect() as conn:
        inserted = conn.execute(
            sql.SQL(
                "insert into {table} select (jsonb_populate_record(null::{table}, to_jsonb(found) || %s)).* from ("
                "select s.* from {table} as s where {where} order by s::text limit 1) as found"
            ).format(table=_table(table), where=sql.SQL(where)),
            [json.dumps(overrides)],
        )
        assert inserted.rowcount == 1, f"no row of {table} where {where}"


def change_rows(warehouse: Warehouse, table: str, where: str, limit: int = 1, **values: Any) -> int:
    """Updates up to `limit` rows (in the order of their text) and returns how many."""
    values.setdefault("_fivetran_synced", next_sync(warehouse))
    with warehouse.connect() as conn:
        assignments = sql.SQL(", ").join(
            sql.SQL("{column} = (jsonb_populate_record(null::{table}, %s)).{column}").format(
                column=sql.Identifier(column), table=_table(table)
            )
            for column in values
        )
        updated = conn.execute(
            sql.SQL(
                "update {table} as t set {assignments} where t.ctid in ("
                "select ctid from {table} as s where {where} order by s::text limit %s)"
            ).format(table=_table(table), assignments=assignments, where=sql.SQL(where)),
            [*[json.dumps(values)] * len(values), limit],
        )
        assert updated.rowcount > 0, f"no row of {table} where {where}"
        return updated.rowcount


def delete_rows(warehouse: Warehouse, table: str, where: str, limit: int = 1) -> int:
    """Removes rows without a trace: a hard delete."""
    with warehouse.connect() as conn:
        deleted = conn.execute(
            sql.SQL(
                "delete from {table} where ctid in ("
                "select ctid from {table} as s where {where} order by s::text limit %s)"
            ).format(table=_table(table), where=sql.SQL(where)),
            [limit],
        )
        assert deleted.rowcount > 0, f"no row of {table} where {where}"
        return deleted.rowcount
