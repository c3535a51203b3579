"""The benchmarks' own parts: the process that generates demand, the car_parts protocol, the plot of speed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.car_parts import HELD_OUT, read_series, scored, zeros
from benchmarks.demand_process import Process, generate
from benchmarks.forecast_speed import run, svg, write_demand
from benchmarks.forecast_truth import compare, misses
from prohandel.errors import ProhandelError
from prohandel.forecast.score import exact_coverage
from prohandel.forecast.seasonal_naive import seasonal_naive


def test_the_process_draws_from_its_truth() -> None:
    made = generate(Process(series=3_000, days=100), seed=4)
    dispersion = made.truth.period_dispersion()[:, None]
    for level in (0.5, 0.8, 0.95):
        found = exact_coverage(made.future, made.truth.mean, dispersion, level)
        assert found == pytest.approx(level, abs=0.01)
    assert made.future.sum() == pytest.approx(made.truth.mean.sum(), rel=0.03)


def test_stock_hides_demand_in_the_share_without_stock() -> None:
    made = generate(Process(series=500, days=300), seed=5)
    units, share = made.panel.units, made.panel.in_stock_share
    assert 0.12 < (share < 1).mean() < 0.18
    assert np.all(units <= made.demand)
    # Hours are rounded: what was lost in the last minutes of a day, or sold in the first ones, is hardly ever.
    assert (units[share == 1] != made.demand[share == 1]).mean() < 0.001
    assert ((share == 0) & (units > 0)).mean() < 0.01


def test_without_a_limit_stock_never_runs_out() -> None:
    made = generate(Process(series=20, days=50, cover=0), seed=6)
    np.testing.assert_array_equal(made.panel.units, made.demand)


def table(folder: Path) -> Path:
    months = [f"{2000 + month // 12}-{month % 12 + 1:02d}" for month in range(51)]
    path = folder / "parts.csv"
    columns = {"month": months, "11": [*([1, 0, 0] * 17)], "12": [None, *([2] * 50)], "13": [0] * 50 + [3]}
    pl.DataFrame(columns).write_csv(path)
    return path


def test_only_complete_series_are_scored(tmp_path: Path) -> None:
    panel = read_series(table(tmp_path))
    assert panel.series_ids == ("11", "13")
    assert panel.periods[0] == np.datetime64("2000-01-01")
    assert panel.periods[-1] == np.datetime64("2004-03-01")
    # 4 of 15 units hold the last months: 2 |y - 0| level of them, a mean of 1 over the levels.
    assert scored(zeros, panel, 51 - HELD_OUT).wql == pytest.approx(1.0)
    # Part 11 repeats every three months, so last year's months are right; part 13 has sold nothing before its last.
    naive = scored(seasonal_naive, panel, 51 - HELD_OUT)
    assert naive.rmse == pytest.approx((9 / 24) ** 0.5)
    assert np.isnan(naive.mase)


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ProhandelError, match="no column month"):
        read_series(tmp_path / "x.csv")
    with pytest.raises(ProhandelError, match="There is no file"):
        read_series(tmp_path / "y.csv")


def test_speed_is_measured_from_file_to_file(tmp_path: Path) -> None:
    source, target = tmp_path / "demand.parquet", tmp_path / "forecast.parquet"
    rows = write_demand(source, 30)
    written = pl.read_parquet(source)
    assert len(written) == rows
    assert written["series_id"].n_unique() == 30
    assert 0.5 < np.mean(written["units"].to_numpy() == 0) < 0.85
    measured = run(source, target, "negative_binomial", 1)
    assert pl.read_parquet(target).height == 30 * 28
    assert 0 < measured["peak_gb"] < 2


def test_the_plot_has_a_point_for_each_run() -> None:
    found = [
        {"series": series, "model": model, "seconds": series / 1000, "peak_gb": 0.5}
        for series in (10_000, 50_000)
        for model in ("negative_binomial", "boosted")
    ]
    root = ET.fromstring(svg(found))  # noqa: S314 - our own text
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 4
    assert len({circle.get("cx") for circle in circles}) == 2
    assert svg(found[:1])


def test_a_missed_goal_is_named() -> None:
    result = {"results": {"m": {"wql / floor": 1.01, "bias": -0.05, "p80": 0.8, "p80_of_sums": 0.9}}}
    assert misses(result, "m") == ["bias -0.0500", "p80_of_sums 0.9000"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_negative_binomial_is_near_the_process_floor(seed: int) -> None:
    result = compare(Process(), seed, ["negative_binomial"])
    assert misses(result, "negative_binomial") == []
    assert result["results"]["negative_binomial, zeros kept"]["bias"] < -0.05
