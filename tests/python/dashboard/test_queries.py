"""The way to the database: read-only, bounded, kept, recovered. What filters become in SQL. Definitions and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from psycopg import sql

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, csv_of
from prohandel.dashboard.database import MOST_ROWS, DatabaseGoneError, Pool, Query, fetch, open_pool
from prohandel.dashboard.definitions import read_definitions
from prohandel.dashboard.filters import Span, from_values
from prohandel.dashboard.settings import from_environment
from prohandel.dashboard.sql.inventory_overview import stock_now
from prohandel.dashboard.stock_history import level, stockout_rate, turnover
from prohandel.dashboard.words import Words
from prohandel.errors import ProhandelError
from tests.python.dashboard.retailer import AS_OF

Marts = psycopg.Connection[Any]


@pytest.fixture
def pool(marts: Marts) -> Iterator[Pool]:
    opened = open_pool(from_environment())
    yield opened
    opened.close()


def asked(text: str, **parameters: Any) -> Query:
    return Query(sql.SQL(text), parameters)


def test_nothing_can_be_written(pool: Pool) -> None:
    with pool.connection() as conn, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        conn.execute("delete from dim_articles")


def test_no_query_brings_more_rows_than_allowed(pool: Pool) -> None:
    assert len(fetch(pool, asked("select number from generate_series(1, 6000) as number order by number"))) == MOST_ROWS


def test_numbers_are_floats_and_days_are_days(pool: Pool) -> None:
    found = fetch(pool, asked("select 1.5::numeric as money, date '2026-02-27' as day, null::numeric as nothing"))
    assert [str(kind) for kind in found.dtypes][:2] == ["float64", "datetime64[ns]"]
    assert pd.isna(found["nothing"].iloc[0])


def test_a_connection_that_was_cut_is_replaced(pool: Pool, marts: Marts) -> None:
    assert len(fetch(pool, asked("select 1 as one"))) == 1
    marts.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'prohandel dashboard'"
    )
    assert len(fetch(pool, asked("select 1 as one"))) == 1


def test_a_database_that_is_not_there(marts: Marts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "/nowhere")
    opened = open_pool(from_environment())
    with pytest.raises(DatabaseGoneError):
        fetch(opened, asked("select 1"))
    opened.close()


def test_the_app_without_its_command_says_how_to_start() -> None:
    with pytest.raises(ProhandelError, match="prohandel dashboard"):
        from_environment({})


def test_what_a_reader_types_is_never_part_of_the_statement(pool: Pool) -> None:
    chosen = from_values({"brand": ["x'); drop table dim_articles; --"]}, AS_OF)
    query = stock_now(chosen)
    assert "drop table" not in query.text()
    assert fetch(pool, query)["inventory_value_cost"].isna().all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 1070.0),
        ({"branch": ["0901"]}, 270.0),
        ({"category": ["Kleider"]}, 120.0),
        ({"supplier": ["Lieferant"], "season": ["unknown"]}, 950.0),
        ({"branch": ["0912"], "assortment": "nos"}, 800.0),
    ],
)
def test_filters_leave_what_fits(pool: Pool, values: dict[str, Any], expected: float) -> None:
    assert fetch(pool, stock_now(from_values(values, AS_OF)))["inventory_value_cost"].iloc[0] == expected


def days(number: int, **columns: float) -> pd.DataFrame:
    index = pd.date_range(end=pd.Timestamp(AS_OF), periods=number)
    return pd.DataFrame({"date_day": index, **columns})


def test_turnover_of_a_whole_year() -> None:
    """3,650 EUR sold over 365 days from 500 EUR of stock turns 7.3 times."""
    assert turnover(days(400, stock_value_cost=500.0), days(400, cogs=10.0), AS_OF) == pytest.approx(7.3)


def test_turnover_needs_four_weeks_of_stock() -> None:
    assert turnover(days(27, stock_value_cost=500.0), days(400, cogs=10.0), AS_OF) is None
    assert turnover(days(28, stock_value_cost=500.0), days(400, cogs=10.0), AS_OF) == pytest.approx(7.3)
    assert turnover(days(40, stock_value_cost=0.0), days(40, cogs=10.0), AS_OF) is None


def test_turnover_of_every_seventh_day_is_that_of_all_days() -> None:
    weekly = days(400, stock_value_cost=500.0).iloc[::-7].iloc[::-1]
    assert turnover(weekly, days(400, cogs=10.0), AS_OF) == pytest.approx(7.3, rel=0.01)


def test_stock_of_a_day_that_nobody_knows() -> None:
    assert level(days(10, stock_units=5.0), "stock_units", date(2025, 1, 1)) is None
    assert level(days(10, stock_units=5.0), "stock_units", AS_OF) == 5.0


def test_a_stockout_rate_without_rated_articles_is_none() -> None:
    empty = days(7, rated_articles=0.0, rated_stocked_out_articles=0.0)
    assert stockout_rate(empty, Span(AS_OF, AS_OF)) is None


def test_definitions_come_from_the_manifest_with_their_unit(tmp_path: Path) -> None:
    column = {"description": "Money ~ in stock.", "config": {"meta": {"unit": "EUR net"}}}
    node = {
        "resource_type": "model",
        "package_name": "prohandel_analytics",
        "name": "m",
        "description": "A mart.\n\nMore",
        "columns": {"c": column},
    }
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"nodes": {"x": node}}))
    found = read_definitions(path)
    assert found.of("m", "c").help(Words("de")) == (
        "Money \\~ in stock.\n\nEinheit: EUR, ohne Mehrwertsteuer\n\nQuelle: m.c"
    )
    assert found.of_mart("m") == "A mart."
    assert read_definitions(tmp_path / "none.json").of("m", "c").text == ""


class _Speaks:
    def __init__(self, language: Any) -> None:
        self.words = Words(language)


@pytest.mark.parametrize(
    ("language", "expected"), [("de", "name;value\n'=1+1;1,5\n"), ("en", "name,value\n'=1+1,1.5\n")]
)
def test_csv_opens_in_the_readers_spreadsheet_and_runs_nothing(language: str, expected: str) -> None:
    frame = pd.DataFrame({"name": ["=1+1"], "value": [1.5], "hidden": [1]})
    written = csv_of(_Speaks(language), frame, [Column("name"), Column("value")])  # type: ignore[arg-type]
    assert written.decode("utf-8-sig").replace("\r\n", "\n") == expected


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#12161c"])
def test_colours_of_charts_stand_out_on_both_pages(page: str) -> None:
    assert {color: ratio for color in charts.SERIES if (ratio := contrast(color, page)) < 3} == {}


def test_settings_tell_databases_apart() -> None:
    given = {"PROHANDEL_DASHBOARD_MARTS": "marts", "PGHOST": "a", "PGDATABASE": "x"}
    settings = from_environment(given)
    assert replace(settings, host="b") != settings
    assert settings == from_environment(given)
