"""The two models that a batch reads, as tables of a few made-up series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from tests.python.forecasting_models.panels import A, Case

SERIES = {
    "branch_number": "text", "article_number": "text", "series_start": "date", "series_end": "date", "category": "text",
    "price_tier": "text", "abc_class": "text", "xyz_class": "text", "season_ends_on": "date",
    "is_forecastable": "boolean", "supplier": "text",
}  # fmt: skip
SPANS = {
    "branch_number": "text", "article_number": "text", "first_day": "date", "last_day": "date",
    "demand_units": "numeric(18, 4)", "in_stock_share": "numeric(18, 6)",
}  # fmt: skip
USUAL = {"price_tier": "low", "abc_class": "A", "xyz_class": "X", "season_ends_on": None, "is_forecastable": True}


def write(
    conn: psycopg.Connection[Any], series: Sequence[Mapping[str, Any]], spans: Sequence[Mapping[str, Any]]
) -> None:
    """Writes the two tables anew, and removes what was forecast."""
    conn.execute("drop schema if exists intermediate cascade")
    conn.execute("drop schema if exists forecasting cascade")
    conn.execute("create schema intermediate")
    for name, columns, rows in (
        ("int_forecasting__series", SERIES, [{**USUAL, **row} for row in series]),
        ("int_forecasting__demand_spans", SPANS, spans),
    ):
        table = sql.Identifier("intermediate", name)
        types = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()
        )
        conn.execute(sql.SQL("create table {} ({})").format(table, types))
        with conn.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(table)) as copy:
            for row in rows:
                copy.write_row([row.get(column) for column in columns])


def write_case(conn: psycopg.Connection[Any], case: Case, changes: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    """Writes a case; `changes` are columns of single series."""
    tables = case.tables()
    series = [
        {**row, **changes.get((row["branch_number"], row["article_number"]), {})}
        for row in tables["intermediate.int_forecasting__series"]
    ]
    write(conn, series, tables["intermediate.int_forecasting__demand_spans"])


def one_series(**columns: Any) -> dict[str, Any]:
    """A series of 60 days up to A, unless told otherwise."""
    return {
        "branch_number": "b", "article_number": "a", "series_start": A - timedelta(days=59), "series_end": A,
        "category": "coat", **columns,
    }  # fmt: skip


def span(first: date, last: date = A, units: float | str = 0, share: float = 1, article: str = "a") -> dict[str, Any]:
    """A stretch of like days in branch b."""
    return {
        "branch_number": "b", "article_number": article, "first_day": first, "last_day": last, "demand_units": units,
        "in_stock_share": share,
    }  # fmt: skip


def steady(articles: int, days: int, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Series in stock throughout that sell by the Poisson distribution, with a busy Saturday; a row for each day."""
    draw = np.random.default_rng(seed)
    rate = draw.gamma(2.0, 1.0, articles)[:, None] * np.where(_weekdays(days) == 5, 3.0, 0.7)
    units: NDArray[np.int64] = draw.poisson(rate)
    first = A - timedelta(days=days - 1)
    series = [one_series(article_number=f"{row:03}", series_start=first) for row in range(articles)]
    spans = [
        span(first + timedelta(days=day), first + timedelta(days=day), int(units[row, day]), article=f"{row:03}")
        for row in range(articles)
        for day in range(days)
    ]
    return series, spans


def _weekdays(days: int) -> NDArray[np.int64]:
    return (np.arange(days) - days + 1 + A.weekday()) % 7
