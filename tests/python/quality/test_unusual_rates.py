"""Shares of what arrives, by hour: what is said of them, and what is not."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from prohandel.quality.detect import unusual_rates
from tests.python.quality.series import berlin

MONDAY = berlin("2026-03-23 16:00")
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "table_name": pl.String, "branch_number": pl.String, "arrived_at": pl.Datetime("us", "UTC"), "metric": pl.String,
    "numerator": pl.Float64, "denominator": pl.Float64, "is_batch": pl.Boolean, "is_of_first": pl.Boolean,
    "sample_key": pl.String,
}  # fmt: skip


def signals(
    past: tuple[float, float],
    newest: tuple[float, float],
    *,
    table: str = "sale",
    metric: str = "is_first",
    days: int = 30,
) -> pl.DataFrame:
    """Failing rows and rows of the hour of sixteen o'clock, of the days before and of the newest batch."""
    hours: list[tuple[datetime, float, float]] = [(MONDAY - timedelta(days=back), *past) for back in range(days, 0, -1)]
    return pl.DataFrame(
        [
            (table, "all", at, metric, rows - failing, rows, at == MONDAY, False, None)
            for at, failing, rows in [*hours, (MONDAY, *newest)]
        ],
        schema=_SCHEMA,
        orient="row",
    )


def said(found: pl.DataFrame) -> list[str]:
    return [symptom.what for symptom in unusual_rates(found, MONDAY + timedelta(minutes=5))]


def test_corrections_on_a_day_on_which_little_is_sold() -> None:
    # As many as on any day, but of a web shop's rows alone.
    assert said(signals((8, 400), (10, 36))) == []
    assert said(signals((8, 400), (300, 330))) == ["300 of 330 rows carry an id that had landed before, usually 2.0%"]


def test_a_batch_that_came_twice_on_a_usual_day() -> None:
    assert said(signals((8, 400), (120, 400))) == ["120 of 400 rows carry an id that had landed before, usually 2.0%"]


def test_corrections_that_come_at_night() -> None:
    by_day = signals((8, 400), (0, 400))
    at_night = signals((2, 12), (6, 20)).with_columns(pl.col("arrived_at") - timedelta(hours=8))
    assert said(pl.concat([by_day.with_columns(is_batch=pl.lit(False)), at_night])) == []


@pytest.mark.parametrize(("failing", "rows", "alarms"), [(1, 1, 0), (2, 3, 0), (4, 4, 1)])
def test_a_days_sum_that_is_off(failing: int, rows: int, alarms: int) -> None:
    past = signals((0.2, 4), (failing, rows), table="daily_sales_agg", metric="fits_sales")
    assert len(said(past)) == alarms
