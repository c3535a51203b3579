"""Quantiles and sums of negative binomial demand, against scipy and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from prohandel.forecast.distribution import LEVEL_NAMES, LEVELS, TOLERANCE, Demand, cdf, quantiles


def by_scipy(mean: float, dispersion: float) -> stats.rv_discrete:
    if dispersion <= 0:
        return stats.poisson(mean)
    return stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))


@settings(deadline=None, max_examples=60)
@given(mean=st.floats(0.001, 2_000), dispersion=st.one_of(st.just(0.0), st.floats(0.001, 8)))
def test_quantiles_are_those_of_scipy(mean: float, dispersion: float) -> None:
    found = quantiles(np.array([mean]), np.array([dispersion]))[0]
    wanted = by_scipy(mean, dispersion).ppf(np.array(LEVELS) - TOLERANCE)
    np.testing.assert_array_equal(found, wanted)


@settings(deadline=None, max_examples=60)
@given(units=st.integers(-2, 400), mean=st.floats(0.001, 300), dispersion=st.one_of(st.just(0.0), st.floats(0.001, 8)))
def test_the_cdf_is_that_of_scipy(units: int, mean: float, dispersion: float) -> None:
    assert cdf(units, mean, dispersion) == pytest.approx(by_scipy(mean, dispersion).cdf(units), abs=1e-12)


def test_no_demand_has_no_quantiles_above_zero() -> None:
    assert quantiles(np.zeros(2), np.array([0.0, 2.0])).max() == 0
    assert cdf(0, 0.0, 1.0) == 1.0


def test_poisson_by_hand() -> None:
    # P(0) = .3679, P(1) = .3679, P(2) = .1839, P(3) = .0613, P(4) = .0153: cdf .368 .736 .920 .981 .996
    levels = (0.3, 0.5, 0.7, 0.75, 0.9, 0.95, 0.99)
    assert quantiles(np.ones(1), np.zeros(1), levels)[0].tolist() == [0, 1, 1, 2, 2, 3, 4]


def test_names_of_levels() -> None:
    assert LEVEL_NAMES[0] == "p05"
    assert LEVEL_NAMES[-1] == "p99"
    assert len(LEVEL_NAMES) == len(LEVELS) == 14


def test_levels_in_disorder_are_refused() -> None:
    with pytest.raises(ValueError, match="ascending"):
        quantiles(np.ones(1), np.ones(1), (0.9, 0.5))


def demand(mean: float = 1.5, dispersion: float = 0.8, level: float = 0.1, horizon: int = 14) -> Demand:
    factor = np.tile([0.6, 0.8, 0.9, 1.0, 1.2, 1.8, 0.7], horizon // 7)
    return Demand(
        (mean * factor)[None].astype(np.float32), np.full(1, dispersion, np.float32), np.full(1, level, np.float32)
    )


def test_a_sum_has_the_variance_of_simulated_demand() -> None:
    forecast = demand()
    rng = np.random.default_rng(5)
    draws = 100_000
    level = rng.gamma(1 / 0.1, 0.1, (draws, 1))
    intensity = forecast.mean * level * rng.gamma(1 / 0.8, 0.8, (draws, 14))
    total = rng.poisson(intensity).sum(axis=1)
    found = forecast.over(0, 14)
    assert found.mean[0] == pytest.approx(total.mean(), rel=0.02)
    assert found.variance()[0] == pytest.approx(total.var(), rel=0.04)
    for level_of, wanted in zip(LEVELS, found.quantiles()[0], strict=True):
        assert (total < wanted).mean() - 0.01 <= level_of <= (total <= wanted).mean() + 0.01


def test_a_sum_of_one_period_is_that_period() -> None:
    forecast = demand()
    np.testing.assert_array_equal(forecast.over(5, 1).quantiles()[0], forecast.quantiles()[0, 5])


def test_a_sum_without_periods_is_nothing() -> None:
    found = demand().over(3, 0)
    assert found.mean[0] == found.variance()[0] == found.quantiles().max() == 0


def test_lead_times_differ_by_series() -> None:
    two = Demand(np.array([[1, 2, 3], [1, 2, 3]], np.float32), np.zeros(2, np.float32), np.zeros(2, np.float32))
    assert two.over(1, np.array([1, 2])).mean.tolist() == [2, 5]
    with pytest.raises(ValueError, match="horizon is 3"):
        two.over(2, 2)


def test_a_quantile_at_a_level_for_each_series() -> None:
    two = Demand(np.full((2, 2), 3, np.float32), np.zeros(2, np.float32), np.zeros(2, np.float32)).over(0, 2)
    assert two.quantile(np.array([0.5, 0.95])).tolist() == stats.poisson(6).ppf([0.5, 0.95]).tolist()


def test_more_uncertainty_of_the_level_widens_sums_more_than_days() -> None:
    sure, unsure = demand(level=0.0), demand(level=0.2)
    day = unsure.over(0, 1).variance() / sure.over(0, 1).variance()
    total = unsure.over(0, 14).variance() / sure.over(0, 14).variance()
    assert total > 1.5 * day > 1.5
