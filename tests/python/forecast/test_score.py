"""Scores by hand, and coverage of whole units against exact distributions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from prohandel.forecast.distribution import LEVELS, quantiles
from prohandel.forecast.score import coverage, exact_coverage, naive_errors, pinball, score, seasonal_error


def flat(values: float, n: int, horizon: int) -> NDArray[np.float32]:
    return np.full((n, horizon, len(LEVELS)), values, np.float32)


def test_zeros_lose_exactly_everything() -> None:
    actual = np.array([[0, 2, 0, 1]], np.float32)
    found = score(actual, np.zeros_like(actual), flat(0, 1, 4))
    # 2 |y (1[y <= 0] - l)| = 2 l y for y > 0: the mean of 2 l over 0.1 ... 0.9 is 1.
    assert found.wql == pytest.approx(1.0)
    assert found.q90_loss == pytest.approx(1.8)
    assert found.wape == 1.0
    assert found.bias == -1.0
    assert found.rmse == pytest.approx((5 / 4) ** 0.5)
    assert np.isnan(found.mase)
    assert np.isnan(found.rmsse)


def test_pinball_by_hand() -> None:
    # Too low by 2 at 0.9 costs 2 * 2 * 0.9, too high by 2 costs 2 * 2 * 0.1; the median costs the absolute error.
    np.testing.assert_allclose(pinball(np.array([5.0, 1.0]), np.array([3.0, 3.0]), 0.9), [3.6, 0.4])
    np.testing.assert_allclose(pinball(np.array([5.0]), np.array([3.0]), 0.5), [2.0])


def test_scaled_scores_by_hand() -> None:
    history = np.array([[0, 1, 3, 3], [2, 2, 2, 2]], np.float32)
    actual, mean = np.array([[2, 4], [2, 2]], np.float32), np.array([[3, 3], [1, 1]], np.float32)
    found = score(actual, mean, flat(3, 2, 2), history)
    # Naive steps after the first sale of series 1: 2 and 0; mean square 2, mean 1. Series 2 never moves: left out.
    assert found.rmsse == pytest.approx((1 / 2) ** 0.5)
    # A history shorter than a week is scaled by its steps, from the first period on: 1, 2, 0.
    assert found.mase == pytest.approx(1.0 / 1.0)
    losses = [(0.5 * (1 - level) * 1 + 0.5 * level * 1) for level in LEVELS]
    assert found.scaled_pinball == pytest.approx(np.mean(losses))


def test_seasonal_error_by_hand() -> None:
    assert seasonal_error(np.array([[1, 2, 3, 5]], np.float32), 2)[0] == pytest.approx(2.5)
    step, squared = naive_errors(np.array([[np.nan, 0, 4, 1]], np.float32))
    assert (step[0], squared[0]) == (3, 9)


def test_periods_without_an_actual_are_not_scored() -> None:
    actual = np.array([[1, np.nan]], np.float32)
    found = score(actual, np.array([[1, 50]], np.float32), flat(1, 1, 2))
    assert (found.n_points, found.wape, found.wql) == (1, 0.0, 0.0)


def test_a_missing_level_is_named() -> None:
    with pytest.raises(ValueError, match=r"0\.7"):
        score(
            np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), np.ones((1, 1, 2), np.float32), levels=(0.1, 0.9)
        )


@pytest.mark.parametrize(("mean", "dispersion"), [(0.3, 0.8), (2.0, 0.4), (30.0, 0.2)])
def test_a_true_forecast_covers_its_levels(mean: float, dispersion: float) -> None:
    draws = stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean)).rvs(100_000, random_state=1).astype(np.float32)
    values = np.repeat(quantiles(np.array([mean]), np.array([dispersion])), len(draws), axis=0)
    for level in (0.8, 0.95):
        assert coverage(draws, values, level) == pytest.approx(level, abs=0.03)
        assert exact_coverage(draws, mean, dispersion, level) == pytest.approx(level, abs=0.003)
    assert coverage(draws, values * 0.5, 0.95) < 0.94 or mean < 1
