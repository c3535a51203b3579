"""The censored negative binomial against the textbook EM algorithm, a brute-force likelihood, and known truth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

from benchmarks.demand_process import Process, generate
from prohandel.forecast import negative_binomial as module
from prohandel.forecast.negative_binomial import SETTINGS, Settings, fit, negative_binomial
from prohandel.forecast.panel import Panel
from prohandel.forecast.season import factors_of_periods, month_factors
from tests.python.forecast.series import panel_of

PLAIN = Settings(
    half_life=1e12, window=10_000, weekday_prior=1e12, own_weekday_prior=1e12, dispersion_spread=1e-9, use_season=False
)
"""Every period counts as much, no weekdays, one dispersion: what is left is level, dispersion and censoring."""


def censored(seed: int = 0, n: int = 40, length: int = 150) -> tuple[Panel, float]:
    """Weeks of which 40 % end early, at a moment that depends on how much was demanded; and the mean demanded."""
    rng = np.random.default_rng(seed)
    demand = rng.poisson(2.0 * rng.gamma(1 / 0.7, 0.7, (n, length)))
    stock = np.where(rng.random((n, length)) < 0.6, 1_000, rng.poisson(2.0, (n, length)))
    out = (demand >= stock) & (stock > 0)
    share = np.where(out, rng.beta(np.maximum(stock, 1), np.maximum(demand - stock, 0) + 1.0), 1.0)
    share = np.where(stock == 0, 0.0, share)
    return panel_of(np.minimum(demand, stock), share, freq="W"), float(demand.mean())


def test_the_level_is_the_fixed_point_of_the_em_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, _ = censored(n=1)
    soon = fit(panel, PLAIN).level[0]
    monkeypatch.setattr(module, "_ROUNDS", 300)
    found = fit(panel, PLAIN)
    a = found.dispersion[0]
    y, s = panel.units[0].astype(float), panel.in_stock_share[0].astype(float)
    y, s = y[s > 0], s[s > 0]
    level = 1.0
    for _ in range(3_000):
        # The gamma intensity G of a period, given y sales in the share s, has the mean (1/a + y) / (1/a + level s).
        completed = y + (1 - s) * level * (1 / a + y) / (1 / a + level * s)
        level = completed.mean()
    # One series is its own group: the prior pulls it nowhere.
    assert found.level[0] == pytest.approx(level, rel=1e-5)
    assert soon == pytest.approx(level, rel=0.005)


def test_level_is_that_of_the_likelihood_by_brute_force() -> None:
    panel, demanded = censored()
    found = fit(panel, PLAIN)
    y, s = panel.units.astype(float).ravel(), panel.in_stock_share.astype(float).ravel()
    y, s = y[s > 0], s[s > 0]

    def minus_log_likelihood(logs: NDArray[np.float64]) -> float:
        level, size = np.exp(logs[0]), np.exp(-logs[1])
        # Integral over G of the density of y arrivals, the last at s: level^y G^y exp(-level G s), G gamma of mean 1.
        terms = special.gammaln(size + y) - special.gammaln(size) + size * np.log(size) + y * np.log(level)
        return float(-(terms - (size + y) * np.log(size + level * s)).sum())

    best = np.exp(optimize.minimize(minus_log_likelihood, np.zeros(2), method="Nelder-Mead").x)
    assert found.level.mean() == pytest.approx(best[0], rel=0.01)
    assert found.dispersion.mean() == pytest.approx(best[1], rel=0.06)
    assert found.level.mean() == pytest.approx(demanded, rel=0.03)


def test_zeros_of_empty_days_would_bias() -> None:
    panel, demanded = censored()
    naive = dataclasses.replace(panel, in_stock_share=np.ones_like(panel.units))
    assert fit(naive, PLAIN).level.mean() < 0.85 * demanded


def test_days_without_stock_say_nothing() -> None:
    rng = np.random.default_rng(1)
    units = rng.poisson(1.5, (3, 140)).astype(float)
    share = np.ones_like(units)
    units[:, 70:77], share[:, 70:77] = 0, 0
    without = fit(panel_of(units, share), PLAIN)
    np.testing.assert_allclose(without.level, np.delete(units, np.s_[70:77], axis=1).mean(axis=1), rtol=0.1)
    assert without.censored_periods.tolist() == [7, 7, 7]


def test_a_period_with_sales_has_had_stock() -> None:
    units, share = np.full((1, 60), 2.0), np.ones((1, 60))
    share[0, 5] = 0.0
    assert np.isfinite(negative_binomial(panel_of(units, share), 5).mean).all()


def test_recent_periods_count_more() -> None:
    units = np.concatenate([np.full(200, 1.0), np.full(84, 3.0)])[None]
    assert fit(panel_of(units), dataclasses.replace(SETTINGS["D"], half_life=84.0)).level[0] == pytest.approx(
        2, abs=0.15
    )


def test_a_new_series_leaves_its_group_as_its_history_grows() -> None:
    rng = np.random.default_rng(2)
    old = rng.poisson(np.exp(rng.normal(0, 0.4, (200, 1))), (200, 300)).astype(float)
    levels = []
    for days in (0, 7, 30, 120):
        new = np.full((1, 300), np.nan)
        new[0, 300 - max(days, 1) :] = 5.0 if days else 0.0
        levels.append(fit(panel_of(np.concatenate([old, new]))).level[-1])
    group = np.nanmean(old)
    assert levels[0] == pytest.approx(group, rel=0.25)
    assert levels[0] < levels[1] < levels[2] < levels[3]
    assert levels[3] == pytest.approx(5, rel=0.05)


def test_the_cold_start_group_goes_before_the_category() -> None:
    units = np.concatenate([np.full((20, 100), 1.0), np.full((20, 100), 6.0), np.full((1, 100), np.nan)])
    units[-1, -1] = 0
    panel = panel_of(units, category=[0] * 41, cold_start=[0] * 20 + [1] * 21)
    assert fit(panel).group_level[-1] > 5


def test_weekday_factors_come_back() -> None:
    rng = np.random.default_rng(4)
    truth = np.array([0.5, 0.7, 0.9, 1.0, 1.3, 2.0, 0.6])
    found = fit(panel_of(rng.poisson(3 * np.tile(truth, 60), (30, 420)))).weekday_factor
    np.testing.assert_allclose(found.mean(axis=0), truth / truth.mean(), atol=0.03)


def test_month_factors_come_back_and_trends_do_not() -> None:
    rng = np.random.default_rng(5)
    season = 1 + 0.4 * np.sin(np.arange(12) / 12 * 2 * np.pi)
    trend = np.exp(np.linspace(0, 0.5, 36))
    start = np.datetime64("2023-01-01")
    rising = panel_of(rng.poisson(20 * trend, (30, 36)), freq="M", start=start)
    seasonal = panel_of(rng.poisson(20 * trend * np.tile(season, 3), (30, 36)), freq="M", start=start)
    group = np.zeros(30, np.int32)
    np.testing.assert_allclose(month_factors(seasonal, group)[0], season / season.mean(), atol=0.05)
    np.testing.assert_allclose(month_factors(rising, group)[0], 1, atol=0.05)
    assert (month_factors(rising.last(12), group) == 1).all()


def test_days_lie_between_the_middles_of_months() -> None:
    factors = np.ones((1, 12))
    factors[0, 5] = 2.0
    days = np.array(["2026-06-16", "2026-06-01", "2026-04-20"], dtype="datetime64[D]")
    found = factors_of_periods(factors, days, "D")[0]
    assert found[0] == pytest.approx(2, rel=0.02)
    assert found[1] == pytest.approx(2**0.5, rel=0.03)
    assert found[2] == 1


@pytest.mark.parametrize("freq", ["D", "W", "M"])
def test_odd_panels_have_finite_forecasts(freq: str) -> None:
    one_period = panel_of([[3.0]], freq=freq)
    zeros = panel_of(np.zeros((3, 90)), freq=freq)
    huge = panel_of(np.full((1, 90), 1e6), freq=freq)
    never_in_stock = panel_of(np.zeros((1, 90)), np.zeros((1, 90)), freq=freq)
    for panel in (one_period, zeros, huge, never_in_stock):
        found = negative_binomial(panel, 4)
        assert np.isfinite(found.mean).all()
        assert np.isfinite(found.quantiles()).all()
    assert negative_binomial(zeros, 4).mean.max() == 0
    assert negative_binomial(one_period, 1).mean[0, 0] == pytest.approx(3, rel=0.01)


def test_known_truth_is_nearly_reached() -> None:
    made = generate(Process(series=600, days=364, cover=9.7), seed=3)
    found = negative_binomial(made.panel, 28)
    # The level of a single series stays uncertain; their sum does not.
    assert found.mean.sum() == pytest.approx(made.truth.mean.sum(), rel=0.04)
    assert np.median(found.dispersion / made.truth.dispersion) == pytest.approx(1, abs=0.2)
