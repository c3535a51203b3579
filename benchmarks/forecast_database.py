"""`python -m benchmarks.forecast_database 10000 50000 --json`: the batch from database to database, by size.

Generated series lie in an embedded warehouse of the benchmark's own, as the two models that `prohandel forecast` reads:
one to two years of days, two thirds of them without a sale, 15 % with less than full stock. The batch is the command
itself, in a process of its own, so that its peak memory is its own; that of the server is not in it.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import psycopg
import typer

from prohandel import warehouse

GOAL = (240.0, 3.0)
"""Seconds and GB for 50,000 series."""
SHORT_OF_STOCK = 0.15
BRANCHES = 50
CATEGORIES = 20
_ORIGIN = np.datetime64("2026-06-30")
_BLOCK = 2_000

Sizes = Annotated[list[int], typer.Argument(help="Numbers of series.")]


def write_series(conn: psycopg.Connection[Any], count: int, seed: int = 1) -> int:
    """Writes the two models as tables; returns the number of stretches."""
    conn.execute("drop schema if exists intermediate cascade")
    conn.execute("drop schema if exists forecasting cascade")
    conn.execute(
        """
        create schema intermediate
        create table int_forecasting__series (
            branch_number text, article_number text, series_start date, series_end date, category text,
            price_tier text, abc_class text, xyz_class text, season_ends_on date, is_forecastable boolean,
            supplier text
        )
        create table int_forecasting__demand_spans (
            branch_number text, article_number text, first_day date, last_day date, demand_units numeric(18, 4),
            in_stock_share numeric(18, 6)
        )
        """
    )
    rng = np.random.default_rng(seed)
    rows = 0
    for start in range(0, count, _BLOCK):
        series, spans = _block(rng, start, min(_BLOCK, count - start))
        _copy(conn, "int_forecasting__series", series)
        _copy(conn, "int_forecasting__demand_spans", spans)
        rows += len(spans)
    conn.execute("analyze intermediate.int_forecasting__series, intermediate.int_forecasting__demand_spans")
    return rows


def _block(rng: np.random.Generator, first: int, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Some series, and their days folded into stretches: demand on the first day, one share in stock."""
    weekday = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.6, 0.7])
    number = first + np.arange(count)
    days = rng.integers(365, 731, count)
    level = np.exp(rng.normal(-1.1, 1.0, count))
    place = np.repeat(np.arange(count), days)
    age = np.concatenate([np.arange(length)[::-1] for length in days])
    date = _ORIGIN - age
    mean = level[place] * weekday[(date.astype(np.int64) + 3) % 7]
    share = np.where(rng.random(len(mean)) < SHORT_OF_STOCK, rng.random(len(mean)).round(6), 1.0)
    units = rng.poisson(mean * share * rng.gamma(2.0, 0.5, len(mean)))
    starts = np.ones(len(mean), dtype=bool)
    starts[1:] = (place[1:] != place[:-1]) | (units[1:] > 0) | (share[1:] != share[:-1])
    begins = np.flatnonzero(starts)
    ends = np.append(begins[1:], len(mean)) - 1
    branch = pl.Series([f"{each % BRANCHES:04}" for each in number])
    article = pl.Series([f"{each // BRANCHES:06}" for each in number])
    spans = pl.DataFrame(
        {
            "branch_number": branch.gather(place[begins]),
            "article_number": article.gather(place[begins]),
            "first_day": date[begins],
            "last_day": date[ends],
            "demand_units": units[begins],
            "in_stock_share": share[begins],
        }
    )
    series = pl.DataFrame(
        {
            "branch_number": branch,
            "article_number": article,
            "series_start": _ORIGIN - days + 1,
            "series_end": np.full(count, _ORIGIN),
            "category": [f"category {each // BRANCHES % CATEGORIES}" for each in number],
            "price_tier": [f"tier {each // BRANCHES % 3}" for each in number],
            "abc_class": ["ABC"[each % 3] for each in number],
            "xyz_class": ["XYZ"[each % 7 % 3] for each in number],
            "season_ends_on": pl.Series([None] * count, dtype=pl.Date),
            "is_forecastable": np.ones(count, dtype=bool),
            "supplier": [f"supplier {each // BRANCHES % 9}" for each in number],
        }
    )
    return series, spans


def _copy(conn: psycopg.Connection[Any], table: str, rows: pl.DataFrame) -> None:
    text = io.BytesIO()
    rows.write_csv(text, include_header=False)
    with conn.cursor() as cursor, cursor.copy(f"copy intermediate.{table} from stdin (format csv)") as copy:
        copy.write(text.getvalue())


def measure(home: Path, count: int, model: str) -> dict[str, Any]:
    """One batch over so many series: seconds, peak memory of its process, and its own report."""
    warehouse.start(home)
    try:
        with warehouse.connect(home, autocommit=True) as conn:
            stretches = write_series(conn, count)
            begun = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, "-m", "prohandel", "forecast", "--json", "--model", model],
                stdout=subprocess.PIPE,
                env={**os.environ, "PROHANDEL_HOME": str(home)},
            )
            said = process.stdout.read() if process.stdout else b""
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - begun
            if status:
                raise SystemExit(f"The batch of {count:,} series has failed with status {status}.")
            stored = conn.execute("select count(*) from forecasting.forecasts").fetchone()
    finally:
        warehouse.stop(home)
    report = json.loads(said)
    return {
        "series": count,
        "stretches": stretches,
        "model": model,
        "seconds": round(seconds, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_gb": round(usage.ru_maxrss / 1024**2, 2),
        "rows": stored[0] if stored else 0,
        "steps": report["seconds"],
    }


def main(
    sizes: Sizes,
    model: Annotated[str, typer.Option(help="Of all series.")] = "negative_binomial",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measures a batch of each size."""
    found = []
    for count in sizes:
        with tempfile.TemporaryDirectory(prefix="prohandel-forecast-") as folder:
            found.append(measure(Path(folder) / "home", count, model))
    report = {"goal_of_50000": {"seconds": GOAL[0], "gb": GOAL[1]}, "batches": found}
    if as_json:
        print(json.dumps(report, indent=2))
        return
    for one in found:
        print(f"{one['series']:>8,} series: {one['seconds']:>6.1f} s, {one['peak_gb']:.2f} GB, {one['steps']}")


if __name__ == "__main__":
    typer.run(main)
