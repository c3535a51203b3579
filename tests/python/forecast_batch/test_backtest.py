"""Scores of past origins against the plain ones, and what a backtest leaves behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest

from prohandel.errors import ProhandelError
from prohandel.forecast.backtest import BacktestOptions, run_backtest
from prohandel.forecast.backtest_scores import scores_of, week_sums
from prohandel.forecast.batch import Place
from prohandel.forecast.distribution import LEVELS
from prohandel.forecast.score import score
from prohandel.forecast.trained import Training
from prohandel.forecast.warehouse_series import read_series
from tests.python.forecast_batch.world import steady, write
from tests.python.forecasting_models.panels import A, random_case


def test_scores_with_full_stock_are_the_plain_ones_of_each_week() -> None:
    panel = random_case(4, 300).panel()
    panel.in_stock_share[:] = 1.0
    past, origin = panel.until(286), A
    forecast = Training(past, 14).forecast("negative_binomial")
    actual = panel.units[:, 286:]
    sums = week_sums(actual, panel.in_stock_share[:, 286:], forecast)
    members = {"all": np.ones(10, dtype=bool), "some": np.arange(10) < 4, "none": np.zeros(10, dtype=bool)}
    found = {(one.segment, one.horizon_week): one for one in scores_of("m", origin, sums, past.units, members)}
    assert set(found) == {("all", 1), ("all", 2), ("some", 1), ("some", 2)}
    for (segment, week), one in found.items():
        rows, days = members[segment], slice(7 * (week - 1), 7 * week)
        plain = score(
            actual[rows, days], forecast.mean[rows, days], forecast.quantiles(rows)[:, days], past.units[rows],
            levels=LEVELS,
        )  # fmt: skip
        assert (one.n_series, one.n_points) == (plain.n_series, plain.n_points)
        for ours, theirs in (
            (one.wape, plain.wape),
            (one.bias, plain.bias),
            (one.rmsse, plain.rmsse),
            (one.scaled_pinball, plain.scaled_pinball),
            (one.coverage_p80, plain.coverage["p80"]),
            (one.coverage_p95, plain.coverage["p95"]),
        ):
            assert ours == pytest.approx(theirs, rel=1e-5)


def test_a_day_with_part_of_its_stock_is_held_against_that_part() -> None:
    panel = random_case(4, 300).panel()
    forecast = Training(panel, 7).forecast("baseline")
    actual, share = np.zeros((10, 7), dtype=np.float32), np.ones((10, 7), dtype=np.float32)
    actual[:, 0], share[:, 0], share[:, 1] = 2.0, 0.25, 0.0
    sums = week_sums(actual, share, forecast)
    expected = forecast.mean[:, 0] * 0.25 + forecast.mean[:, 2:].sum(axis=1)
    np.testing.assert_allclose(sums.forecast[:, 0], expected, rtol=1e-5)
    assert sums.units[:, 0].tolist() == [2.0] * 10
    assert sums.days[:, 0].tolist() == [6.0] * 10
    assert sums.full_days[:, 0].tolist() == [5.0] * 10


@pytest.fixture(scope="module")
def world() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return steady(40, 180, 7)


OPTIONS = BacktestOptions(models=("baseline", "seasonal_naive"), horizon=14)


def test_the_floor_loses_its_place_with_evidence_once(
    connected: psycopg.Connection[Any], place: Place, world: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    write(connected, *world)
    run_backtest(connected, place, OPTIONS)
    connected.execute("update forecasting.champions set model = 'seasonal_naive', since = '2020-01-01'")
    summary = run_backtest(connected, place, OPTIONS)
    assert summary.champions["all"] == "baseline"
    changed = {str(change["segment"]) for change in summary.changes}
    assert "all" in changed
    decisions = connected.execute(
        "select segment, from_model, to_model, forecast_origin, evidence from forecasting.decisions"
    ).fetchall()
    assert {row[0] for row in decisions} == changed
    for _, before, after, origin, evidence in decisions:
        assert (before, after, origin) == ("seasonal_naive", "baseline", A)
        assert evidence["evidence"][0]["wins"] is True
        assert evidence["evidence"][0]["gain"] >= evidence["rule"]["least_gain"]
    since = dict(connected.execute("select segment, since from forecasting.champions").fetchall())
    assert all((since[segment] == A) == (segment in changed) for segment in since)
    rows = connected.execute("select * from forecasting.scores order by 1, 2, 3, 4").fetchall()
    assert {row[2].isoformat() for row in rows} == set(summary.origins)
    assert len(summary.origins) == 8
    assert {(row[0], row[-1]) for row in rows if row[1] == "all"} == {("baseline", True), ("seasonal_naive", False)}
    again = run_backtest(connected, place, OPTIONS)
    assert again.changes == []
    assert connected.execute("select * from forecasting.scores order by 1, 2, 3, 4").fetchall() == rows


def test_nothing_of_the_days_ahead_is_known_at_an_origin(
    connected: psycopg.Connection[Any], place: Place, world: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    """What sells after the last origin changes its errors and nothing of its forecast."""
    write(connected, *world)
    panel = read_series(connected, "intermediate").panel
    cut = panel.units.shape[1] - 14
    before = Training(panel.until(cut), 14).forecast("baseline").mean
    write(
        connected,
        world[0],
        [{**row, "demand_units": 99} if (A - row["first_day"]).days < 14 else row for row in world[1]],
    )
    changed = read_series(connected, "intermediate").panel
    assert (changed.units[:, cut:] == 99).all()
    assert (Training(changed.until(cut), 14).forecast("baseline").mean == before).all()


def test_a_short_history_says_how_long_it_has_to_be(connected: psycopg.Connection[Any], place: Place) -> None:
    write(connected, *steady(3, 60, 1))
    with pytest.raises(ProhandelError, match="need 119 days of history; there are 60"):
        run_backtest(connected, place, OPTIONS)
    with pytest.raises(ProhandelError, match="no model auto"):
        run_backtest(connected, place, BacktestOptions(models=("auto",)))
    assert not any(place.kept.glob("*"))
