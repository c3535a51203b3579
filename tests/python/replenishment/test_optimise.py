"""The least stock for a group's service, against all combinations and against one level for all."""

from __future__ import annotations

import numpy as np
import pytest

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import CountDemand, Floats
from prohandel.replenishment.levels import fill_rate, level_for_cycle_service, stock_on_hand
from prohandel.replenishment.optimise import Stretch, least_stock


def group(n: int, seed: int = 5, lots: bool = False) -> Stretch:
    """Pairs from very slow to fast, cheap to dear."""
    rng = np.random.default_rng(seed)
    daily = rng.lognormal(-1.5, 1.5, n)
    lead_days = rng.choice([3, 7, 14, 28], n)

    def over(days: Floats) -> CountDemand:
        return CountDemand(daily * days, days * (daily + 0.5 * daily**2) + 0.02 * (daily * days) ** 2)

    return Stretch(
        lead=over(lead_days.astype(float)),
        protection=over(lead_days + 7.0),
        review_period_days=np.full(n, 7.0),
        lot=rng.choice([1.0, 2.0, 6.0], n) if lots else np.ones(n),
        unit_cost=rng.lognormal(2.5, 0.8, n),
        weight=np.ones(n),
    )


def of_levels(pairs: Stretch, level: Floats) -> tuple[float, float]:
    """Fill rate of the group and stock value, by the formulas of single pairs."""
    daily = (pairs.protection.mean - pairs.lead.mean) / pairs.review_period_days
    served = fill_rate(pairs.lead, pairs.protection, level, pairs.lot)
    stock = stock_on_hand(pairs.lead, pairs.protection, level, pairs.lot)
    return float((daily * served).sum() / daily.sum()), float((pairs.unit_cost * stock).sum())


@pytest.mark.parametrize("lots", [False, True])
@pytest.mark.parametrize("target", [0.9, 0.97, 0.99])
def test_the_plan_says_what_single_pairs_say(target: float, lots: bool) -> None:
    pairs = group(200, lots=lots)
    plan = least_stock(pairs, target)
    fill, value = of_levels(pairs, plan.order_up_to_level)
    assert plan.group_fill_rate == pytest.approx(fill, abs=1e-6)
    assert plan.stock_value == pytest.approx(value, rel=1e-6)
    assert target <= plan.group_fill_rate < target + 0.003
    assert not plan.is_short_of_target


@pytest.mark.parametrize("lots", [False, True])
def test_one_level_for_all_needs_more_stock(lots: bool) -> None:
    pairs = group(100, lots=lots)
    plan = least_stock(pairs, 0.96, minimum_level=1.0)
    services = np.linspace(0.6, 0.99, 24)
    alike = [
        of_levels(pairs, np.maximum(1, level_for_cycle_service(pairs.protection, each, pairs.lot))) for each in services
    ]
    cheapest = min(value for fill, value in alike if fill >= 0.96)
    assert plan.stock_value < 0.97 * cheapest


def test_no_combination_is_cheaper_by_more_than_a_unit() -> None:
    pairs = group(4, seed=9)
    plan = least_stock(pairs, 0.93, floor=0.3)
    daily = (pairs.protection.mean - pairs.lead.mean) / pairs.review_period_days
    levels = pairs.protection.quantile(0.3) + np.arange(30.0)[:, np.newaxis]
    assert np.all(plan.order_up_to_level < levels[-1])
    served = daily * fill_rate(pairs.lead, pairs.protection, levels) / daily.sum()
    value = pairs.unit_cost * stock_on_hand(pairs.lead, pairs.protection, levels)

    def of_all(table: Floats) -> Floats:
        """Sums of each combination of four levels."""
        return np.asarray(sum(table[:, i].reshape([-1 if i == axis else 1 for axis in range(4)]) for i in range(4)))

    best = of_all(value)[of_all(served) >= 0.93].min()
    assert best <= plan.stock_value + 1e-9
    # A price finds the corners of the frontier alone: the next corner lies at most one step of a pair away.
    assert plan.stock_value <= best + pairs.unit_cost.max()


def test_dear_pairs_get_less_service_than_cheap_ones() -> None:
    alike = CountDemand(np.full(2, 3.0), np.full(2, 4.0)), CountDemand(np.full(2, 6.0), np.full(2, 8.0))
    pairs = Stretch(*alike, np.full(2, 7.0), np.ones(2), np.array([5.0, 80.0]), np.ones(2))
    plan = least_stock(pairs, 0.95)
    assert plan.fill_rate[0] > 0.95 > plan.fill_rate[1]
    by_revenue = least_stock(
        Stretch(*alike, np.full(2, 7.0), np.ones(2), np.array([5.0, 80.0]), np.array([5.0, 80.0])), 0.95
    )
    assert by_revenue.order_up_to_level[0] == by_revenue.order_up_to_level[1]


def test_floor_ceiling_and_minimum_hold() -> None:
    pairs = group(100)
    plan = least_stock(pairs, 0.8, floor=0.75, minimum_level=2.0)
    assert np.all(plan.cycle_service >= 0.75 - 1e-9)
    assert np.all(plan.order_up_to_level >= 2)
    most = pairs.protection.quantile(0.98)
    capped = least_stock(pairs, 0.9999, ceiling=0.98)
    assert np.all(capped.order_up_to_level <= np.maximum(most, pairs.protection.quantile(0.5)))
    assert capped.is_short_of_target


def test_a_budget_binds_and_the_plan_says_so() -> None:
    pairs = group(150)
    free = least_stock(pairs, 0.98)
    bound = least_stock(pairs, 0.98, budget=0.8 * free.stock_value)
    assert 0.78 * free.stock_value < bound.stock_value <= 0.8 * free.stock_value
    assert bound.is_short_of_target
    assert bound.group_fill_rate < 0.98
    # The same money, asked for as a service, is spent alike.
    again = least_stock(pairs, bound.group_fill_rate - 1e-9)
    assert again.stock_value == pytest.approx(bound.stock_value, rel=0.01)
    assert least_stock(pairs, 0.98, budget=2 * free.stock_value).stock_value == free.stock_value


def test_a_budget_below_the_floors_keeps_the_floors() -> None:
    pairs = group(50)
    plan = least_stock(pairs, 0.98, floor=0.6, budget=1.0)
    assert plan.order_up_to_level.tolist() == pairs.protection.quantile(0.6).tolist()
    assert plan.is_short_of_target


def test_fast_pairs_are_worked_out_alike() -> None:
    slow = group(20)
    fast = Stretch(
        CountDemand(slow.lead.mean * 40, slow.lead.variance * 80),
        CountDemand(slow.protection.mean * 40, slow.protection.variance * 80),
        slow.review_period_days,
        np.full(20, 4.0),
        slow.unit_cost,
        slow.weight,
    )
    plan = least_stock(fast, 0.95)
    assert plan.order_up_to_level.max() > 160
    fill, value = of_levels(fast, plan.order_up_to_level)
    assert (plan.group_fill_rate, plan.stock_value) == pytest.approx((fill, value))


def test_what_cannot_be_weighed_is_refused() -> None:
    pairs = group(3)
    with pytest.raises(ProhandelError, match="no share"):
        least_stock(pairs, 1.0)
    free = Stretch(pairs.lead, pairs.protection, pairs.review_period_days, pairs.lot, np.zeros(3), pairs.weight)
    with pytest.raises(ProhandelError, match="3 pairs have no cost above 0"):
        least_stock(free, 0.9)
    halves = Stretch(
        pairs.lead, pairs.protection, pairs.review_period_days, np.full(3, 1.5), pairs.unit_cost, pairs.weight
    )
    with pytest.raises(ProhandelError, match="whole number"):
        least_stock(halves, 0.9)
