"""Portions of the series, forecast one by one, are those of the whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from prohandel.errors import ProhandelError
from prohandel.forecast.commands import forecast_app
from prohandel.forecast.distribution import LEVEL_NAMES
from prohandel.forecast.negative_binomial import fit, negative_binomial, pool, predict
from prohandel.forecast.portions import forecast_portion, look_at_all
from tests.python.forecast.series import panel_of

LAST = date(2026, 6, 30)


def sales(n: int = 60, length: int = 500, seed: int = 3) -> pl.DataFrame:
    """Series that differ by category in level, week and season; some end before the others, some days lack stock."""
    rng = np.random.default_rng(seed)
    frames = []
    for number in range(n):
        kind = number % 3
        days = int(rng.integers(40, length))
        # The last of each portion end early, so that portions by themselves would have other origins.
        end = LAST - timedelta(days=30 if number % 4 == 1 else 0)
        dates = [end - timedelta(days=age) for age in range(days - 1, -1, -1)]
        week = np.array([each.weekday() for each in dates])
        month = np.array([each.month for each in dates])
        mean = (0.3 + kind) * np.where(week == 5, 1.0 + kind, 1.0) * (1 + 0.4 * np.sin(month + kind))
        share = np.where(rng.random(days) < 0.15, rng.random(days), 1.0)
        units = rng.poisson(mean * share * rng.gamma(2.0, 0.5, days))
        frame = pl.DataFrame({"series_id": f"s{number:03d}", "date": dates, "units": units, "in_stock_share": share})
        frames.append(frame.with_columns(category=pl.lit("cba"[kind])))
    return pl.concat(frames)


def by_number(count: int) -> Callable[[pl.DataFrame], list[pl.DataFrame]]:
    """Every count-th series together."""
    number = pl.col("series_id").str.slice(1).cast(pl.Int64)
    return lambda rows: [rows.filter(number % count == each) for each in range(count)]


def by_category(rows: pl.DataFrame) -> list[pl.DataFrame]:
    return rows.partition_by("category")


@pytest.mark.parametrize("split", [by_number(4), by_category], ids=["every fourth", "by category"])
@pytest.mark.parametrize("grouped", [False, True])
def test_portions_are_rows_of_the_file(
    tmp_path: Path, split: Callable[[pl.DataFrame], list[pl.DataFrame]], grouped: bool
) -> None:
    rows = sales()
    portions = split(rows)
    if not grouped:
        rows, portions = rows.drop("category"), [portion.drop("category") for portion in portions]
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    rows.write_parquet(source)
    arguments = ["file", str(source), str(target), "--model", "negative_binomial"]
    assert CliRunner().invoke(forecast_app, arguments, catch_exceptions=False).exit_code == 0
    whole = pl.read_parquet(target)
    known = look_at_all(pl.scan_parquet(source))
    made = pl.concat([forecast_portion(portion, known) for portion in portions]).sort("series_id", "date")
    assert made.columns == whole.columns
    assert made.select("series_id", "date", "model").equals(whole.select("series_id", "date", "model"))
    assert made["mean"].to_numpy() == pytest.approx(whole["mean"].to_numpy(), rel=1e-6)
    assert (made.select(LEVEL_NAMES) == whole.select(LEVEL_NAMES)).to_numpy().all()


def test_a_portion_by_itself_would_differ() -> None:
    rows = sales()
    portion = by_number(4)(rows)[0]
    among_all = forecast_portion(portion, look_at_all(rows.lazy()))
    alone = forecast_portion(portion, look_at_all(portion.lazy()))
    assert not np.allclose(among_all["mean"], alone["mean"], rtol=0.001)


def test_weeks_and_groups_of_weekdays() -> None:
    rng = np.random.default_rng(5)
    for freq in ("D", "W"):
        panel = panel_of(rng.poisson(2, (30, 90)), freq=freq, category=[0, 1, 2] * 10, weekday=[0, 1] * 15)
        pooled = pool(panel)
        whole = negative_binomial(panel, 7)
        for first in range(3):
            some = panel.take(np.arange(first, 30, 3))
            part = predict(fit(some, pooled=pooled), some, 7)
            assert part.mean == pytest.approx(whole.mean[first::3], rel=1e-6)
            assert part.dispersion == pytest.approx(whole.dispersion[first::3], rel=1e-6)
            assert part.level_cv2 == pytest.approx(whole.level_cv2[first::3], rel=1e-6)


def test_a_sample_is_near_to_all() -> None:
    rows = sales(n=240)
    exact = forecast_portion(rows, look_at_all(rows.lazy()))
    sampled = look_at_all(rows.lazy(), sample=120, seed=1)
    assert sampled.origin == LAST
    near = forecast_portion(rows, sampled)
    difference = np.abs(near["mean"].to_numpy() - exact["mean"].to_numpy()).sum() / exact["mean"].to_numpy().sum()
    assert 0 < difference < 0.05


def test_a_group_that_the_sample_lacks() -> None:
    rows = sales()
    known = look_at_all(rows.filter(pl.col("category") != "b").lazy())
    with pytest.raises(ProhandelError, match="no series whose category is 'b'"):
        forecast_portion(rows, known)


def test_units_after_the_origin() -> None:
    rows = sales(n=8)
    known = look_at_all(rows.lazy())
    late = rows.with_columns(pl.col("date") + timedelta(days=40))
    with pytest.raises(ProhandelError, match="units after 2026-06-30"):
        forecast_portion(late, known)


def test_no_units_at_all() -> None:
    with pytest.raises(ProhandelError, match="No row has units"):
        look_at_all(sales(n=3).with_columns(units=pl.lit(None, dtype=pl.Int64)).lazy())
