"""Season and life of articles come back from what they made."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from prohandel.forecast.boosted import boosted
from prohandel.forecast.distribution import Doubles
from prohandel.forecast.features import CYCLE, feature_names, with_cycle
from prohandel.forecast.life_cycle import WEEKS, fit_cycle
from prohandel.forecast.negative_binomial import fit, negative_binomial
from prohandel.forecast.panel import Panel, future_periods
from tests.python.forecast.series import panel_of

START = np.datetime64("2024-03-01")
AHEAD = 28


def weeks_of(days: np.ndarray) -> np.ndarray:
    """Week of the year from 1 January on; the last ends with the year."""
    first = days.astype("datetime64[Y]").astype("datetime64[D]")
    week: np.ndarray = np.minimum((days - first).astype(int) // 7, 51)
    return week


def retailer(days: int = 680, tau: float = 45.0, christmas: float = 2.0) -> tuple[Panel, Doubles]:
    """80 steady series and 160 that fade, launched all year round; before Christmas all sell more.

    Returns:
        The panel up to the origin, and the mean of the days after it, which no panel holds.
    """
    rng = np.random.default_rng(11)
    calendar = START + np.arange(days + AHEAD)
    season = np.where(weeks_of(calendar) >= 48, christmas, 1.0)
    season[weeks_of(calendar) == 51] = 0.8
    level = rng.gamma(4.0, 1.0, (240, 1))
    birth = np.concatenate([np.full(80, 0), rng.integers(1, days - 20, 160)])[:, None]
    age = np.arange(days + AHEAD) - birth
    life = np.where(np.arange(240)[:, None] < 80, 1.0, np.exp(-age / tau))
    mean = np.where(age >= 0, level * season * life, 0.0)
    units = np.where(age >= 0, rng.poisson(mean), np.nan)
    fades = (np.arange(240) >= 80).astype(np.int32)
    panel = panel_of(units[:, :days], start=START, category=[0] * 240)
    panel = dataclasses.replace(panel, groups={**panel.groups, "life": fades, "cold_start": fades})
    return panel, mean[:, days:]


def test_the_weeks_before_christmas_and_the_fading_are_told_apart() -> None:
    panel, _ = retailer()
    cycle = fit_cycle(panel)
    season = cycle.week / np.median(cycle.week)
    assert season[48:51] == pytest.approx(2.0, rel=0.12)
    assert season[51] == pytest.approx(0.8, rel=0.12)
    assert cycle.week.shape == (WEEKS,)
    fall = np.diff(cycle.curve[1, 2:20])
    assert fall == pytest.approx(-7 / 45, abs=0.03)
    assert cycle.ages(panel.periods, slice(0, 80)) == pytest.approx(1.0)


@pytest.mark.parametrize("days", [680, 660])
def test_what_fades_is_forecast_as_low_as_it_will_be(days: int) -> None:
    # 660 days end a week before Christmas, 680 in January: what sold most recently is no measure of either.
    panel, coming = retailer(days)
    for model in (negative_binomial, boosted):
        mean = model(panel, AHEAD).mean
        for rows in (slice(0, 80), slice(80, 240)):
            assert mean[rows].sum() == pytest.approx(coming[rows].sum(), rel=0.1), (model.__name__, rows)
    unaware = dataclasses.replace(panel, groups={"category": panel.group("category")})
    assert negative_binomial(unaware, AHEAD).mean[80:].sum() > 1.3 * coming[80:].sum()


def test_a_new_article_fades_as_earlier_ones_did() -> None:
    panel, _ = retailer()
    units = panel.units.copy()
    units[-1, :] = np.nan
    units[-1, -7:] = 5.0
    new = dataclasses.replace(panel, units=units)
    weeks = negative_binomial(new, 84).mean[-1].reshape(12, 7).sum(axis=1)
    assert weeks[11] / weeks[3] == pytest.approx(np.exp(-56 / 45), rel=0.25)


def test_an_article_keeps_its_own_pace() -> None:
    panel, _ = retailer()
    slow = np.arange(len(panel.series_ids)) >= 200
    rng = np.random.default_rng(3)
    there = ~np.isnan(panel.units)
    age = np.cumsum(there, axis=1) - 1
    units = np.where(slow[:, None] & there, rng.poisson(4 * np.exp(-age / 90)), panel.units).astype(np.float32)
    groups = {**panel.groups, "article": slow.astype(np.int32)}
    cycle = fit_cycle(dataclasses.replace(panel, units=units, groups=groups))
    assert cycle.slope[-1] - cycle.slope[100] == pytest.approx(7 / 45 - 7 / 90, abs=0.03)
    assert cycle.slope[0] == 0


def test_an_article_of_unknown_age_teaches_nothing() -> None:
    panel, _ = retailer()
    odd = panel.units.copy()
    odd[80:90] = np.linspace(0, 40, odd.shape[1])
    with_odd = fit_cycle(dataclasses.replace(panel, units=odd))
    odd[80:90] = 0.0
    without = fit_cycle(dataclasses.replace(panel, units=odd))
    np.testing.assert_allclose(with_odd.curve, without.curve)
    np.testing.assert_allclose(with_odd.week, without.week)


def test_a_short_history_has_no_season_and_series_that_do_not_fade_no_life() -> None:
    rng = np.random.default_rng(1)
    short = fit_cycle(panel_of(rng.poisson(2.0, (20, 300)), start=START))
    assert short.is_flat
    np.testing.assert_array_equal(short.factors(START + np.arange(3)), np.ones((20, 3)))
    steady = fit(panel_of(rng.poisson(5.0, (100, 700)), start=START))
    assert steady.cycle is not None
    assert not steady.cycle.fades
    np.testing.assert_allclose(steady.cycle.week, 1.0, atol=0.05)


def test_a_leap_day_belongs_to_the_week_before_it_and_years_end_alike() -> None:
    panel, _ = retailer()
    cycle = dataclasses.replace(fit_cycle(panel), month=np.ones((1, 12)))
    leap = np.array(["2028-02-28", "2028-02-29", "2028-03-01", "2028-12-24", "2028-12-31"], dtype="datetime64[D]")
    plain = np.array(["2027-02-28", "2027-02-28", "2027-03-01", "2027-12-24", "2027-12-31"], dtype="datetime64[D]")
    np.testing.assert_array_equal(cycle.season(leap), cycle.season(plain))
    assert cycle.season(plain)[0].tolist() == cycle.week[[8, 8, 8, 51, 51]].tolist()


def test_the_cycle_is_a_column_known_in_advance_and_flat_ones_are_none() -> None:
    panel, _ = retailer()
    cycle = fit_cycle(panel)
    known = with_cycle(panel, cycle, AHEAD)
    assert CYCLE in feature_names(known)
    periods = future_periods(panel, AHEAD)
    np.testing.assert_array_equal(known.known[CYCLE][:, len(panel.periods) :], cycle.factors(periods))
    steady = panel_of(np.ones((3, 90)))
    assert with_cycle(steady, fit_cycle(steady), AHEAD) is steady


def test_no_factor_sees_what_comes_after_the_origin() -> None:
    panel, _ = retailer()
    units = panel.units.copy()
    units[:, 600:] = 99
    changed = dataclasses.replace(panel, units=units)
    np.testing.assert_array_equal(fit_cycle(panel.until(600)).week, fit_cycle(changed.until(600)).week)
    np.testing.assert_array_equal(fit_cycle(panel.until(600)).curve, fit_cycle(changed.until(600)).curve)
