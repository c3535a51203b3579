"""The portfolio: boosting, challengers, combination, and the choice among them."""

from __future__ import annotations

import builtins
import dataclasses
from typing import Any

import numpy as np
import pytest

from prohandel.errors import ProhandelError
from prohandel.forecast.boosted import BoostSettings, boosted
from prohandel.forecast.challengers import NAMES, challenger
from prohandel.forecast.combine import average_quantiles, combine
from prohandel.forecast.distribution import Demand, Quantiles
from prohandel.forecast.models import best, forecast_by, model_of, names
from prohandel.forecast.negative_binomial import negative_binomial
from prohandel.forecast.panel import Panel
from prohandel.forecast.seasonal_naive import seasonal_naive
from tests.python.forecast.series import panel_of

SMALL = BoostSettings(rounds=60, most_rows=60_000, least_in_leaf=50)


def promoted(n: int = 120, length: int = 250, horizon: int = 14) -> Panel:
    """Series that sell three times as much on days of promotion, which are known in advance."""
    rng = np.random.default_rng(8)
    promotion = (rng.random((n, length + horizon)) < 0.15).astype(np.float32)
    mean = np.exp(rng.normal(0.5, 0.5, (n, 1))) * (1 + 2 * promotion[:, :length])
    return dataclasses.replace(panel_of(rng.poisson(mean)), known={"promotion": promotion})


def test_boosting_learns_a_column_known_in_advance() -> None:
    panel = promoted()
    found = boosted(panel, 14, settings=SMALL)
    there = panel.known["promotion"][:, 250:] > 0
    base = negative_binomial(panel, 14).mean
    lift = (found.mean[there] / base[there]).mean() / (found.mean[~there] / base[~there]).mean()
    assert 2.4 < lift < 3.3


def test_boosting_repeats_itself_with_any_number_of_threads() -> None:
    panel = promoted(60)
    first = boosted(panel, 14, settings=SMALL, seed=5, num_threads=1)
    second = boosted(panel, 14, settings=SMALL, seed=5, num_threads=2)
    np.testing.assert_array_equal(first.mean, second.mean)
    assert np.any(boosted(panel, 14, settings=SMALL, seed=6).mean != first.mean)


def test_boosting_leaves_a_short_history_to_the_negative_binomial() -> None:
    panel = promoted().until(40)
    np.testing.assert_array_equal(boosted(panel, 14).mean, negative_binomial(panel, 14).mean)


def test_seasonal_naive_by_hand() -> None:
    week = [1.0, 2, 3, 4, 5, 6, 7]
    found = seasonal_naive(panel_of([[*week, *(value + 2 for value in week)]]), 8)
    assert found.mean[0].tolist() == [3, 4, 5, 6, 7, 8, 9, 3]
    # Each day is 2 above its like: spread 2 in the first week, 2 sqrt(2) in the second; p95 is 1.6449 of it above.
    p95 = found.levels.index(0.95)
    assert found.values[0, 0, p95] == pytest.approx(3 + 1.64485 * 2, abs=1e-3)
    assert found.values[0, 7, p95] == pytest.approx(3 + 1.64485 * 2 * 2**0.5, abs=1e-3)


def test_seasonal_naive_of_a_few_days_repeats_the_last() -> None:
    assert seasonal_naive(panel_of([[1.0, 4.0]]), 3).mean[0].tolist() == [4, 4, 4]


def some(mean: float, dispersion: float = 0.4, level: float = 0.1) -> Demand:
    return Demand(np.full((2, 3), mean, np.float32), np.full(2, dispersion, np.float32), np.full(2, level, np.float32))


def test_a_combination_lies_between_and_is_less_certain_where_they_disagree() -> None:
    found = combine([some(1.0), some(3.0)], [0.25, 0.75])
    np.testing.assert_allclose(found.mean, 2.5)
    # .25 (1 / 2.5 - 1)^2 + .75 (3 / 2.5 - 1)^2 = .12
    np.testing.assert_allclose(found.level_cv2, 0.22, rtol=1e-5)
    np.testing.assert_allclose(combine([some(2.0), some(2.0)]).level_cv2, 0.1, rtol=1e-6)
    assert combine([some(0.0), some(0.0)]).mean.max() == 0
    with pytest.raises(ValueError, match="add up to 1"):
        combine([some(1.0), some(1.0)], [0.5, 0.6])


def test_average_quantiles_are_averages() -> None:
    first, second = (
        Quantiles(np.full((1, 1), value, np.float32), np.array([[[value, value + 2]]], np.float32), (0.1, 0.9))
        for value in (1.0, 3.0)
    )
    found = average_quantiles([first, second])
    assert found.values[0, 0].tolist() == [2, 4]


@pytest.mark.parametrize("name", NAMES)
def test_challengers_have_statsforecasts_mean(name: str) -> None:
    from statsforecast import models

    makers: dict[str, Any] = {
        "croston_sba": models.CrostonSBA(),
        "tsb": models.TSB(alpha_d=0.2, alpha_p=0.2),
        "imapa": models.IMAPA(),
        "auto_ets": models.AutoETS(season_length=7),
    }
    rng = np.random.default_rng(9)
    panel = panel_of(rng.poisson(0.6, (2, 70)))
    found = challenger(name)(panel, 7)
    for row in range(2):
        own = makers[name].forecast(y=panel.units[row].astype(float), h=7)["mean"]
        np.testing.assert_allclose(found.mean[row], np.maximum(own, 0), rtol=1e-5)
    assert (np.diff(found.values, axis=2) >= 0).all()
    assert found.values.min() >= 0


def test_challengers_survive_series_without_anything() -> None:
    units = np.zeros((2, 30))
    units[1, :29] = np.nan
    found = challenger("croston_sba")(panel_of(units), 5)
    assert found.mean.max() == 0
    assert np.isfinite(found.values).all()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **others: Any) -> Any:
        if name.startswith("statsforecast"):
            raise ImportError(name)
        return real(name, *rest, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ProhandelError, match="needs the package statsforecast"):
        challenger("tsb")


def test_an_unknown_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(ProhandelError, match="no model prophet") as caught:
        model_of("prophet")
    assert all(name in caught.value.remedy for name in names())


def test_the_plainest_model_wins_ties() -> None:
    assert best({"negative_binomial": 0.7, "boosted": 0.6995, "combined": 0.65}) == "combined"
    assert best({"negative_binomial": 0.7, "boosted": 0.6995}) == "negative_binomial"
    assert best({}) == "negative_binomial"


def test_auto_takes_what_was_best_over_the_last_horizon() -> None:
    # A sawtooth without noise: last week's value is right, and the recency-weighted mean cannot know it.
    units = np.tile(np.array([0, 9, 0, 0, 9, 9, 0.0]), 12)[None] * np.ones((5, 1))
    choice = forecast_by("auto", panel_of(units), 14)
    assert choice.model == "seasonal_naive"
    assert choice.scores["seasonal_naive"] == 0


def test_auto_without_history_takes_the_negative_binomial() -> None:
    assert forecast_by("auto", panel_of([[1.0, 2.0]]), 28).model == "negative_binomial"
    assert forecast_by("auto", panel_of(np.zeros((2, 90))), 28).model == "negative_binomial"
