"""What a run leaves behind, in numbers: rows per landed table, business figures, and how to reach the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, LiteralString

import psycopg
from psycopg import sql
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prohandel.landing.tables import LANDED_TABLES
from prohandel.pipeline.landed import landing_schemas
from prohandel.pipeline.target import Target, exists
from prohandel.publication.show import says
from prohandel.quality.show import says as says_watch

if TYPE_CHECKING:
    from prohandel.pipeline.run import RunReport

Unit = Literal["money", "share", "number", "day"]

_MODEL_OF = {
    "article": "articles",
    "customer": "customers",
    "order": "orders",
    "sale": "sales",
    "shop": "shops",
    "category": "categories",
    "supplier": "suppliers",
    "purchase_order": "purchase_orders",
}


@dataclass(frozen=True)
class TableRows:
    """What became of the rows of one landed table: landed = staged + rejected + superseded.

    Attributes:
        table: as landed.
        landed: rows that lie in the landing schemas now.
        staged: newest readable version of each key.
        rejected: newest version of a key, unreadable where it matters; see quality.rejected_rows.
        superseded: older versions of a key.
    """

    table: str
    landed: int
    staged: int
    rejected: int
    superseded: int


@dataclass(frozen=True)
class Figure:
    """One business figure. Money in the currency that lands; shares are 0..1."""

    name: str
    unit: Unit
    value: Decimal | int | date | None


@dataclass(frozen=True)
class Summary:
    """Rows, figures, and the line to connect with."""

    tables: tuple[TableRows, ...]
    figures: tuple[Figure, ...]
    connect: str


def summarise(conn: psycopg.Connection, target: Target, variables: Mapping[str, Any]) -> Summary:
    """Reads the numbers of the warehouse; what was not built is left out."""
    return Summary(_table_rows(conn, target, variables), _figures(conn, target), _connect_line(target))


def _connect_line(target: Target) -> str:
    if target.is_embedded:
        return 'psql "$(prohandel db url)"'
    given = target.connection
    return f"psql -h {given['host']} -p {given['port']} -U {given['user']} {given['dbname']}"


def _table_rows(conn: psycopg.Connection, target: Target, variables: Mapping[str, Any]) -> tuple[TableRows, ...]:
    staging = target.schema_of("staging")
    found = []
    for table in LANDED_TABLES.values():
        base = sql.Identifier(staging, f"base_prohandel__{_MODEL_OF.get(table.name, table.name)}")
        if not variables.get(table.using_variable) or not exists(conn, base):
            continue
        landed = sum(
            _one(conn, sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table.name)))
            for schema in landing_schemas(variables)
        )
        # Apart, because each can be counted in an index: of millions of rows the table is a hundred times as large.
        newest = _one(conn, sql.SQL("select count(*) from {}").format(base))
        rejected = _one(conn, sql.SQL("select count(*) from {} where rejection_reasons is not null").format(base))
        found.append(TableRows(table.name, landed, newest - rejected, rejected, max(0, landed - newest)))
    return tuple(found)


def _one(conn: psycopg.Connection, query: sql.Composed) -> Any:
    row = conn.execute(query).fetchone()
    return row[0] if row else None


# The words are those of the marts' contracts: name, unit, layer, relation, expression over its rows.
_FIGURES: tuple[tuple[str, Unit, str, str, LiteralString], ...] = (
    ("as of", "day", "intermediate", "int_as_of", "max(as_of_date)"),
    ("gross revenue", "money", "marts", "sales_performance", "sum(gross_revenue)"),
    ("net revenue, last 365 days", "money", "marts", "product_profitability", "sum(net_revenue_365d)"),
    (
        "margin, last 365 days",
        "share",
        "marts",
        "product_profitability",
        "sum(gross_margin_365d) / nullif(sum(net_revenue_365d * cost_coverage), 0)",
    ),
    ("return rate", "share", "marts", "sales_performance", "sum(return_units) / nullif(sum(demand_units), 0)"),
    ("receipts", "number", "marts", "branch_day_performance", "sum(receipts)"),
    (
        "gross revenue per receipt",
        "money",
        "marts",
        "branch_day_performance",
        "sum(gross_revenue) / nullif(sum(receipts), 0)",
    ),
    ("stock value at cost", "money", "marts", "inventory_status", "sum(inventory_value_cost)"),
    (
        "pairs out of stock",
        "share",
        "marts",
        "inventory_status",
        "avg(case when stock_status = 'out_of_stock' then 1.0 else 0.0 end)",
    ),
    ("excess stock at cost", "money", "marts", "inventory_status", "sum(excess_value_cost)"),
    (
        "dead stock at cost",
        "money",
        "marts",
        "inventory_status",
        "sum(inventory_value_cost) filter (where is_dead_stock)",
    ),
)


def _figures(conn: psycopg.Connection, target: Target) -> tuple[Figure, ...]:
    found = []
    for name, unit, layer, relation, expression in _FIGURES:
        identifier = sql.Identifier(target.schema_of(layer), relation)
        if exists(conn, identifier):
            query = sql.SQL("select {} from {}").format(sql.SQL(expression), identifier)
            found.append(Figure(name, unit, _one(conn, query)))
    return tuple(found)


def show(report: RunReport, console: Console) -> None:
    """Prints a run for people."""
    if report.summary is not None:
        if report.summary.tables:
            console.print(_rows_table(report.summary))
        if report.summary.figures:
            console.print(_figures_table(report.summary))
    seconds = ", ".join(f"{step.name} {step.seconds:.1f}" for step in report.steps)
    console.print(
        f"Tests: {report.tests('pass')} passed, {report.tests('warn')} warned, "
        f"{report.tests('fail', 'error')} failed, {report.tests('skipped')} skipped",
        highlight=False,
    )
    console.print(
        f"Seconds: {seconds}; in all {sum(step.seconds for step in report.steps):.1f}", highlight=False, soft_wrap=True
    )
    if report.publication is not None:
        console.print(says(report.publication), highlight=False, soft_wrap=True)
    if report.watch is not None:
        for line in says_watch(report.watch):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    for finding in report.findings:
        console.print(f"[red]✗[/] {escape(finding.what)}", highlight=False, soft_wrap=True)
        for line in finding.detail.splitlines():
            console.print(f"    {line}", highlight=False, markup=False, soft_wrap=True)
        console.print(f"  → {finding.remedy}", highlight=False, markup=False, soft_wrap=True)
    if report.summary is not None:
        console.print(f"Connect: {report.summary.connect}", highlight=False, markup=False)


def _rows_table(summary: Summary) -> Table:
    table = Table(title="Rows", title_justify="left")
    table.add_column("landed table")
    for name in ("landed", "staged", "rejected", "superseded"):
        table.add_column(name, justify="right")
    for rows in summary.tables:
        counts = (rows.landed, rows.staged, rows.rejected, rows.superseded)
        table.add_row(rows.table, *(f"{count:,}" for count in counts))
    return table


def _figures_table(summary: Summary) -> Table:
    table = Table(title="Business figures", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for figure in summary.figures:
        table.add_row(figure.name, _shown(figure))
    return table


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    if isinstance(figure.value, date):
        return figure.value.isoformat()
    return {"money": f"{figure.value:,.2f}", "share": f"{figure.value:.1%}"}.get(figure.unit, f"{figure.value:,.0f}")
