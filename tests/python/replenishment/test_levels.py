"""Levels by hand, by enumeration, and against a shelf that is simulated customer by customer."""

from __future__ import annotations

import numpy as np
import pytest

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import CountDemand, Floats
from prohandel.replenishment.levels import (
    cycle_service,
    economic_order_quantity,
    fill_rate,
    level_for_cycle_service,
    level_for_fill_rate,
    safety_stock_normal,
    safety_stock_quantile,
    shortage_per_review,
    stock_on_hand,
    with_lead_time_spread,
)

DAILY_MEAN, DAILY_DISPERSION = 0.9, 0.6


def demand_of(days: int, mean: float = DAILY_MEAN) -> CountDemand:
    """Independent days, each negative binomial."""
    return CountDemand(np.array([mean * days]), np.array([days * (mean + DAILY_DISPERSION * mean**2)]))


def test_the_textbook_safety_stock_by_hand() -> None:
    # z(.95) = 1.644854; 9 + 7 = 16 days: sqrt(16 * 2^2 + 3^2 * 2^2) = 10.
    assert safety_stock_normal(0.95, 3.0, 2.0, 9, 7, 2.0) == pytest.approx(16.44854, abs=1e-5)
    # Without a spread of the lead time: 1.644854 * 4 * 2.
    assert safety_stock_normal(0.95, 3.0, 2.0, 9, 7) == pytest.approx(13.15883, abs=1e-5)
    assert safety_stock_normal(0.5, 3.0, 2.0, 9, 7) == 0


def test_the_spread_of_the_lead_time_adds_to_the_variance() -> None:
    spread = with_lead_time_spread(demand_of(10), 0.9, 2.0)
    assert spread.mean.tolist() == [9.0]
    assert spread.variance[0] == pytest.approx(demand_of(10).variance[0] + 0.9**2 * 2.0**2)


def test_a_spread_lead_time_has_the_moments_of_the_mixture() -> None:
    # Lead times of 6, 10 and 14 days with 1/4, 1/2, 1/4: mean 10, variance 8.
    rng = np.random.default_rng(1)
    days = rng.choice([6, 10, 14], 200_000, p=[0.25, 0.5, 0.25])
    size = days / DAILY_DISPERSION
    drawn = rng.negative_binomial(size, 1 / (1 + DAILY_DISPERSION * DAILY_MEAN))
    spread = with_lead_time_spread(demand_of(10), DAILY_MEAN, np.sqrt(8.0))
    assert drawn.mean() == pytest.approx(spread.mean[0], rel=0.01)
    assert drawn.var() == pytest.approx(spread.variance[0], rel=0.02)


def test_safety_stock_by_quantile() -> None:
    protection = CountDemand(np.array([0.1, 4.0]), np.array([0.1, 4.0]))
    # Poisson: P(0 | .1) = .905; P(X <= 7 | 4) = .949, P(X <= 8 | 4) = .979.
    assert safety_stock_quantile(protection, 0.9) == pytest.approx([-0.1, 3.0])
    assert safety_stock_quantile(protection, 0.95) == pytest.approx([0.9, 4.0])


@pytest.mark.parametrize("lot", [1.0, 6.0])
@pytest.mark.parametrize("level", [0.6, 0.9, 0.99])
def test_a_cycle_service_is_reached_and_no_unit_is_too_many(level: float, lot: float) -> None:
    protection = demand_of(21)
    found = level_for_cycle_service(protection, level, lot)

    def chance(start: float) -> float:
        return float(np.mean([1 - protection.exceeds(start + each)[0] for each in range(int(lot))]))

    assert chance(found[0]) >= level - 1e-9
    assert found[0] == 0 or chance(found[0] - 1) < level
    assert cycle_service(protection, found, lot)[0] == pytest.approx(chance(found[0]), abs=1e-9)


@pytest.mark.parametrize("is_lost", [True, False])
@pytest.mark.parametrize("lot", [1.0, 4.0])
@pytest.mark.parametrize("target", [0.5, 0.9, 0.995])
def test_a_fill_rate_is_reached_and_no_unit_is_too_many(target: float, lot: float, is_lost: bool) -> None:
    lead, protection = demand_of(14), demand_of(21)
    found = level_for_fill_rate(lead, protection, target, lot, is_lost=is_lost)
    assert fill_rate(lead, protection, found, lot, is_lost=is_lost)[0] >= target
    assert fill_rate(lead, protection, found - 1, lot, is_lost=is_lost)[0] < target


def test_without_demand_nothing_is_needed() -> None:
    nothing = CountDemand(np.zeros(1), np.zeros(1))
    assert level_for_fill_rate(nothing, nothing, 0.98).tolist() == [0.0]
    assert level_for_cycle_service(nothing, 0.98).tolist() == [0.0]
    assert fill_rate(nothing, nothing, 0.0).tolist() == [1.0]


def test_shortage_by_enumeration() -> None:
    # One customer at most in each of two days, each with 1/2; lead time one day, review one day, level 1:
    # short only if both come (1/4), and nothing is short after one day. Binomial variance is below the mean, so the
    # figure of the Poisson with the same mean is expected, worked out from its probabilities.
    lead, protection = CountDemand(np.array([0.5]), np.array([0.25])), CountDemand(np.array([1.0]), np.array([0.5]))
    poisson = {mean: np.exp(-mean) for mean in (0.5, 1.0)}
    beyond = {mean: mean - 1 + poisson[mean] for mean in (0.5, 1.0)}
    assert shortage_per_review(lead, protection, 1.0, 1.0)[0] == pytest.approx(beyond[1.0] - beyond[0.5])


def shelf(
    level: float, lot: int, lead: int, review: int, days: int, mean: float, *, is_lost: bool
) -> tuple[float, float]:
    """Share of demand served, and mean stock at the middle of a day, of a shelf that is filled up to a level."""
    rng = np.random.default_rng(11)
    demand = rng.negative_binomial(1 / DAILY_DISPERSION, 1 / (1 + DAILY_DISPERSION * mean), days)
    on_hand, on_order, served, stock = float(level), 0.0, 0.0, 0.0
    coming: dict[int, float] = {}
    for day in range(days):
        came = coming.pop(day, 0.0)
        on_hand, on_order = on_hand + came, on_order - came
        if day % review == 0 and on_hand + on_order < level:
            units = float(np.ceil((level - on_hand - on_order) / lot) * lot)
            coming[day + lead], on_order = units, on_order + units
        opening = max(0.0, on_hand)
        sold = min(opening, float(demand[day]))
        on_hand -= sold if is_lost else float(demand[day])
        served += sold
        stock += (opening + max(0.0, on_hand)) / 2
    return served / float(demand.sum()), stock / days


@pytest.mark.parametrize(
    ("mean", "lead", "lot", "service"),
    [(0.1, 14, 1, 0.9), (0.1, 7, 3, 0.8), (0.9, 14, 1, 0.8), (0.9, 28, 6, 0.9), (5.0, 7, 10, 0.9)],
)
def test_the_simulated_shelf_agrees(mean: float, lead: int, lot: int, service: float) -> None:
    before, both = demand_of(lead, mean), demand_of(lead + 7, mean)
    level = level_for_cycle_service(both, service, lot)
    served, stock = shelf(level[0], lot, lead, 7, 60_000, mean, is_lost=False)
    # Units that are short at a delivery are served from it in this count only if they came on that day.
    assert fill_rate(before, both, level, lot, is_lost=False)[0] == pytest.approx(served, abs=0.012)
    lost, _ = shelf(level[0], lot, lead, 7, 60_000, mean, is_lost=True)
    assert lost - 0.03 < fill_rate(before, both, level, lot)[0] < lost + 0.01
    assert stock_on_hand(before, both, level, lot)[0] == pytest.approx(stock, rel=0.06, abs=0.1)


def test_harris() -> None:
    # 1,200 a year, 25 per order, cost 6, a quarter of it a year: sqrt(2 * 25 * 1200 / 1.5) = 200.
    assert economic_order_quantity(1200, 25, 6, 0.25) == pytest.approx(200.0)
    assert economic_order_quantity(np.array([1200.0, 0.0]), 25, np.array([6.0, 0.0]), 0.25).tolist() == [200.0, 0.0]


def test_a_share_has_to_be_one() -> None:
    nothing: Floats = np.zeros(1)
    with pytest.raises(ProhandelError, match="fill rate"):
        level_for_fill_rate(CountDemand(nothing, nothing), CountDemand(nothing, nothing), 1.0)
