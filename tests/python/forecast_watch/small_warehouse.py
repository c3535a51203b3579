"""The two models that forecasts read, made from arrays of daily sales."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg

from prohandel.forecast import store
from prohandel.forecast.batch import assembled
from prohandel.forecast.drift import profiles
from prohandel.forecast.store import Outcome
from prohandel.forecast.trained import Training
from prohandel.forecast.warehouse_series import WarehouseSeries, read_series
from prohandel.forecast.watching import retrained, watched_segments

_TABLES = """
    drop schema if exists intermediate cascade;
    create schema intermediate;
    create table intermediate.int_forecasting__series (
        branch_number text, article_number text, series_start date, series_end date, category text, price_tier text,
        abc_class text, xyz_class text, season_ends_on date, is_forecastable boolean, supplier text
    );
    create table intermediate.int_forecasting__demand_spans (
        branch_number text, article_number text, first_day date, last_day date, demand_units numeric,
        in_stock_share numeric
    )
"""


def write(conn: psycopg.Connection[Any], units: np.ndarray, end: date, *, share: np.ndarray | None = None) -> None:
    """Series of articles 100, 101, ... in the branches 0901 and 0902 by turns; the first half is of category Hosen.

    Args:
        conn: to the warehouse.
        units: (n, T) of the days up to `end`.
        end: the newest day.
        share: (n, T) of the day with stock; full if none is given.
    """
    n, length = units.shape
    stock = np.ones_like(units) if share is None else share
    first = end - timedelta(days=length - 1)
    conn.execute(_TABLES)
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into intermediate.int_forecasting__series"
            " values (%s, %s, %s, %s, %s, '1', 'A', 'X', null, true, 'Nord')",
            [[*key(row), first, end, "Hosen" if row < n // 2 else "Hemden"] for row in range(n)],
        )
        with cursor.copy("copy intermediate.int_forecasting__demand_spans from stdin") as copy:
            for row in range(n):
                for day in range(length):
                    on = first + timedelta(days=day)
                    copy.write_row((*key(row), on, on, float(units[row, day]), float(stock[row, day])))


def key(row: int) -> tuple[str, str]:
    """Branch and article of a series."""
    return ("0901", "0902")[row % 2], str(100 + row // 2)


def forecast(conn: psycopg.Connection[Any], origin: date, horizon: int = 28) -> WarehouseSeries:
    """Stores a batch of the negative binomial as of a day, as the scheduled one would; the series it was made from."""
    read = read_series(conn, "intermediate")
    length = int((np.datetime64(origin) - read.panel.periods[0]).astype(int)) + 1
    series = replace(read, panel=read.panel.until(length))
    made = Training(retrained(conn, "forecasting", series).panel, horizon).forecast("negative_binomial")
    names = np.full(len(series.keys), "negative_binomial")
    batch = assembled(series, np.arange(len(names)), names, {"negative_binomial": made}, horizon)
    run_id = store.begin_run(conn, "forecasting", origin, horizon, "test", {})
    found = profiles(series.panel, watched_segments(series))
    store.write_batch(conn, "forecasting", run_id, batch, Outcome("test", list(made.artefacts), found))
    return series
