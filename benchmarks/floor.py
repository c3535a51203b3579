"""Times the hand-written script and holds its tables against the marts: row by row, column by column."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.measure import server_cpu
from prohandel import warehouse

SCRIPT = Path(__file__).with_name("floor.sql")

MARTS: dict[str, tuple[str, ...]] = {
    "fct_sale_lines": ("sale_line_id",),
    "fct_sales_daily": ("date_day", "branch_number", "article_number"),
    "sales_performance": ("date_day", "branch_number", "category"),
    "branch_day_performance": ("date_day", "branch_number"),
    "stock_levels": ("date_day", "branch_number", "category"),
    "inventory_status": ("branch_number", "article_number"),
    "product_profitability": ("article_number",),
    "abc_classification": ("article_number",),
}
"""The marts that the script computes, with their keys."""


@dataclass(frozen=True)
class Difference:
    """A mart that the script computes otherwise.

    Attributes:
        mart: its name.
        column: that differs; `*` for rows that only one of both has.
        rows: how many differ.
        example: the key of one of them.
    """

    mart: str
    column: str
    rows: int
    example: str


@dataclass(frozen=True)
class Floor:
    """What the script cost, and what it computed otherwise than the marts.

    Attributes:
        wall: seconds of the whole script.
        server_cpu: processor seconds of the server.
        statements: seconds of each table.
        compared: rows of each mart that exist on both sides and were compared.
        differences: none, if all is well.
    """

    wall: float
    server_cpu: float
    statements: dict[str, float]
    compared: dict[str, int]
    differences: list[Difference]


def statements() -> list[str]:
    """The statements of the script in order."""
    text = "\n".join(line for line in SCRIPT.read_text(encoding="utf-8").splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def measure(home: Path, *, compare: bool = True) -> Floor:
    """Runs the script on a home's warehouse, one statement after another on one connection."""
    seconds: dict[str, float] = {}
    with warehouse.connect(home, autocommit=True) as conn:
        cpu = server_cpu(home)
        for statement in statements():
            words = statement.split()
            started = time.perf_counter()
            conn.execute(statement.encode())
            name = next((word for word in words if word.startswith("floor.")), words[0])
            seconds[name] = seconds.get(name, 0) + time.perf_counter() - started
        cpu = server_cpu(home) - cpu
        compared, differences = compare_marts(conn) if compare else ({}, [])
        conn.execute("drop schema floor cascade")
    return Floor(sum(seconds.values()), cpu, seconds, compared, differences)


def compare_marts(conn: psycopg.Connection, schema: str = "marts") -> tuple[dict[str, int], list[Difference]]:
    """Compares every column that script and mart have in common; marts that are not there are left out."""
    compared: dict[str, int] = {}
    differences: list[Difference] = []
    for mart, key in MARTS.items():
        columns = [name for name in _columns(conn, "floor", mart) if name in _columns(conn, schema, mart)]
        if not columns:
            continue
        compared[mart], found = _compare(conn, schema, mart, key, [name for name in columns if name not in key])
        differences += found
    return compared, differences


def _compare(
    conn: psycopg.Connection, schema: str, mart: str, key: tuple[str, ...], columns: list[str]
) -> tuple[int, list[Difference]]:
    names = sql.SQL(", ").join(map(sql.Identifier, key))
    example = sql.SQL(" || ' ' || ").join(sql.SQL("cast({} as text)").format(sql.Identifier(part)) for part in key)
    checks = [
        sql.SQL(
            "count(*) filter (where is_both and ours_{0} is distinct from theirs_{0}), "
            "min(place) filter (where is_both and ours_{0} is distinct from theirs_{0})"
        ).format(sql.SQL(str(place)))
        for place, _ in enumerate(columns)
    ]
    values = [
        sql.SQL("ours.{1} as ours_{0}, theirs.{1} as theirs_{0}").format(sql.SQL(str(place)), sql.Identifier(column))
        for place, column in enumerate(columns)
    ]
    # A branch day of the mart may be one of plans or comparisons alone; the script has only days with a line.
    condition = sql.SQL("where sale_lines > 0") if mart == "branch_day_performance" else sql.SQL("")
    (row,) = conn.execute(
        sql.SQL(
            """
            select
                count(*) filter (where is_both),
                count(*) filter (where not is_both),
                min(place) filter (where not is_both),
                {checks}
            from (
                select
                    {example} as place,
                    coalesce(ours.is_there, false) and coalesce(theirs.is_there, false) as is_both,
                    {values}
                from (select *, true as is_there from floor.{mart}) as ours
                full outer join (select *, true as is_there from {schema}.{mart} {condition}) as theirs using ({names})
            ) as both_sides
            """
        ).format(
            checks=sql.SQL(", ").join(checks),
            example=example,
            values=sql.SQL(", ").join(values),
            mart=sql.Identifier(mart),
            schema=sql.Identifier(schema),
            condition=condition,
            names=names,
        )
    ).fetchall()
    both, single, where, *counts = row
    found = [Difference(mart, "*", single, where)] if single else []
    for column, rows, place in zip(columns, counts[::2], counts[1::2], strict=True):
        if rows:
            found.append(Difference(mart, column, rows, place))
    return both, found


def _columns(conn: psycopg.Connection, schema: str, table: str) -> list[str]:
    rows = conn.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
        [f"{schema}.{table}"],
    ).fetchall()
    return [name for (name,) in rows]
