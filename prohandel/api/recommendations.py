"""Order recommendations: filtered, in pages that neither overlap nor leave out, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prohandel.api.database import Connection, Schemas, rows_of
from prohandel.api.forecasts import Pair
from prohandel.api.paging import Listing, Page, Place, page_of

_NUMERIC = (
    "on_hand", "on_order_units", "inbound_transfer_units", "lead_time_sd_days", "service_level",
    "expected_daily_demand", "expected_lead_time_demand", "safety_stock", "safety_stock_normal", "reorder_point",
    "order_up_to_level", "needed_units", "recommended_order_units", "replenishment_units", "pack_units", "unit_cost",
    "order_value_cost", "proposal_value_cost", "minimum_proposal_value_cost",
)  # fmt: skip
COLUMNS = (
    "branch_number", "article_number", "article_name", "category", "supplier", "supplied_from", "urgency",
    "recommended_order_units", "order_value_cost", "replenishment_units", "reason", "binding_constraint", "on_hand",
    "on_order_units", "on_order_source", "inbound_transfer_units", "needed_units", "expected_daily_demand",
    "expected_lead_time_demand", "safety_stock", "safety_stock_normal", "reorder_point", "order_up_to_level",
    "lead_time_days", "lead_time_sd_days", "review_period_days", "service_level", "service_kind", "pack_units",
    "unit_cost", "proposal_value_cost", "minimum_proposal_value_cost", "is_below_minimum_value", "model",
    "forecast_origin", "is_from_batch", "as_of_date",
)  # fmt: skip
_OF_ARTICLE = {"article_name": "articles.name", "category": "articles.category"}
_URGENCY = "array_position(array['now', 'soon', 'later', 'none'], lines.urgency)"
_LISTING = Listing(
    columns=", ".join(
        f"{_OF_ARTICLE.get(name, 'lines.' + name)}{'::float8' if name in _NUMERIC else ''} as {name}"
        for name in COLUMNS
    ),
    source="{marts}.reorder_recommendations as lines"
    " left join {marts}.dim_articles as articles on lines.article_number = articles.article_number",
    places=(
        Place(_URGENCY, "integer"),
        # What costs most comes first, what has no cost last.
        Place("-coalesce(lines.order_value_cost, -1)", "numeric"),
        Place("lines.branch_number", "text"),
        Place("lines.article_number", "text"),
    ),
    filters={
        "branch": "lines.branch_number = %(branch)s",
        "supplier": "lines.supplier = %(supplier)s",
        "category": "articles.category = %(category)s",
        "urgency": "lines.urgency = any(%(urgency)s)",
    },
)
_SIZES = """
select
    article_size_number, on_hand::float8, size_share_of_sales::float8, is_core_size, order_up_to_level::float8,
    needed_units::float8, recommended_units::float8, pack_units::float8
from {marts}.reorder_size_lines
where branch_number = %(branch)s and article_number = %(article)s
order by article_size_number
"""


def recommendations(
    conn: Connection, schemas: Schemas, filters: Mapping[str, Any], limit: int, cursor: str | None
) -> Page:
    """A page of recommendations, the most urgent and dearest first.

    Args:
        conn: to the database.
        schemas: of the target.
        filters: branch, supplier, category (text), urgency (a list); None means any.
        limit: rows of a page.
        cursor: of the page before; None for the first page.

    Raises:
        Problem: the cursor is none that this list gave, or the marts were built for another day since.
    """
    version = rows_of(conn, schemas.sql("select as_of_date from {marts}.reorder_recommendations limit 1"), {})
    shown = str(version[0]["as_of_date"]) if version else ""
    return page_of(conn, schemas, _LISTING, filters, limit, cursor, shown)


def recommendation(conn: Connection, schemas: Schemas, pair: Pair) -> dict[str, Any] | None:
    """One recommendation with its sizes; None where there is none."""
    asked = {"branch": pair[0], "article": pair[1]}
    query = (
        f"select {_LISTING.columns} from {_LISTING.source}"  # noqa: S608
        " where lines.branch_number = %(branch)s and lines.article_number = %(article)s"
    )
    found = rows_of(conn, schemas.sql(query), asked)
    if not found:
        return None
    return {**found[0], "sizes": rows_of(conn, schemas.sql(_SIZES), asked)}


def as_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """Rows as CSV (RFC 4180), with a line of names; decimals have a point."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A spreadsheet runs a text that begins like a formula: an apostrophe in front makes it one that is shown."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value
