"""Overrides of forecasts, worked out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

from prohandel.forecast.distribution import LEVELS
from prohandel.forecast.overrides import Override, apply

ORIGIN = date(2026, 3, 1)
KEYS = [("1", "A"), ("2", "A"), ("1", "B")]


def override(
    number: int, first: int, last: int, *, factor: float | None = None, units: float | None = None
) -> Override:
    """Of the pair 1, A from one day of March to another."""
    return Override(number, "1", "A", date(2026, 3, first), date(2026, 3, last), factor, units)


def applied(mean: list[float], *overrides: Override) -> tuple[list[float], np.ndarray, np.ndarray]:
    """The first pair's mean after overrides; the quantiles before are 10 times the mean at each level."""
    means = np.array([mean, [1.0] * len(mean), [2.0] * len(mean)], dtype=np.float32)
    values = np.repeat(means[:, None, :] * 10, len(LEVELS), axis=1)
    used, quantiles, model = apply(KEYS, ORIGIN, means, values, overrides)
    np.testing.assert_array_equal(used[1:], means[1:])
    np.testing.assert_array_equal(quantiles[1:], values[1:])
    assert np.isnan(model[1:]).all()
    return used[0].tolist(), quantiles[0], model[0]


def test_a_factor_multiplies_mean_and_quantiles_of_its_days_only() -> None:
    used, quantiles, model = applied([1, 2, 3, 4], override(1, 3, 4, factor=1.5))
    assert used == [1, 3, 4.5, 4]
    assert quantiles[0].tolist() == quantiles[-1].tolist() == [10, 30, 45, 40]
    assert model.tolist() == [1, 2, 3, 4]


def test_units_are_the_sum_over_the_days() -> None:
    # The model expects 2 + 3 = 5 on these days: 20 units are four times as much.
    used, quantiles, _ = applied([1, 2, 3, 4], override(1, 3, 4, units=20))
    assert used == [1, 8, 12, 4]
    assert quantiles[0].tolist() == [10, 80, 120, 40]


def test_units_count_by_the_days_that_are_forecast() -> None:
    # 26 February to 4 March are seven days, of which three (2, 3, 4 March) are forecast: 70 * 3 / 7 = 30 units on 1 + 2
    # + 3 expected.
    long = Override(1, "1", "A", date(2026, 2, 26), date(2026, 3, 4), None, 70.0)
    assert applied([1, 2, 3, 4], long)[0] == [5, 10, 15, 4]


def test_the_newest_wins_on_its_days_and_starts_from_the_model() -> None:
    old, new = override(1, 2, 4, units=12), override(2, 4, 5, factor=2)
    # The old one doubles 1 + 2 + 3; the third day belongs to the new one, which doubles the model and not the old one.
    for order in ((old, new), (new, old)):
        assert applied([1, 2, 3, 4], *order)[0] == [2, 4, 6, 8]
    assert applied([1, 2, 3, 4], override(3, 2, 4, units=12), override(2, 4, 5, factor=3))[0] == [2, 4, 6, 12]


def test_units_where_the_model_expects_nothing_are_spread_evenly() -> None:
    used, quantiles, _ = applied([0, 0, 3, 4], override(1, 2, 3, units=5))
    assert used == [2.5, 2.5, 3, 4]
    assert quantiles[:, 0].tolist() == stats.poisson.ppf(LEVELS, 2.5).tolist()


@pytest.mark.parametrize("nothing", [{"factor": 0.0}, {"units": 0.0}])
def test_nothing_is_expected_where_a_planner_says_so(nothing: dict[str, float]) -> None:
    used, quantiles, _ = applied([1, 2, 3, 4], override(1, 2, 3, **nothing))
    assert used == [0, 0, 3, 4]
    assert quantiles[:, :2].max() == 0


def test_other_pairs_and_days_are_left_alone() -> None:
    past, unknown = override(1, 1, 1, factor=9), Override(2, "9", "Z", ORIGIN, date(2026, 4, 1), 9.0, None)
    used, _, model = applied([1, 2, 3, 4], past, unknown)
    assert used == [1, 2, 3, 4]
    assert np.isnan(model).all()
