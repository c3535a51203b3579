"""Against stockpyl, with the figures that it is known to give, and against all policies tried one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from stockpyl.newsvendor import newsvendor_discrete, newsvendor_normal, newsvendor_poisson
from stockpyl.rq import r_q_poisson_exact
from stockpyl.ss import s_s_discrete_exact

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import CountDemand
from prohandel.replenishment.fixed_cost import best_level_policy, best_lot_policy, stock_cost
from prohandel.replenishment.newsvendor import season_order


def one(mean: float, variance: float | None = None) -> CountDemand:
    return CountDemand(np.array([mean]), np.array([mean if variance is None else variance]))


def test_newsvendor_with_poisson_demand() -> None:
    units, cost = newsvendor_poisson(0.18, 0.70, 50)
    order = season_order(one(50), 0.18, 0.70)
    assert (units, round(cost, 4)) == (56, 1.7972)
    assert order.units.tolist() == [56.0]
    assert order.expected_cost[0] == pytest.approx(cost, rel=1e-9)


def test_newsvendor_with_negative_binomial_demand() -> None:
    units, cost = newsvendor_discrete(0.18, 0.70, demand_distrib=stats.nbinom(5, 0.2))
    order = season_order(one(20, 100), 0.18, 0.70)
    assert (units, round(cost, 4)) == (27, 2.7432)
    assert order.units.tolist() == [27.0]
    # stockpyl sums to a finite end.
    assert order.expected_cost[0] == pytest.approx(cost, rel=1e-6)


def test_newsvendor_near_the_normal() -> None:
    units, cost = newsvendor_normal(0.18, 0.70, 50, 8)
    order = season_order(one(50, 64), 0.18, 0.70)
    assert (round(units, 3), round(cost, 4)) == (56.604, 1.9976)
    assert abs(order.units[0] - units) < 1
    # Whole units and a longer upper tail cost a little more.
    assert cost < order.expected_cost[0] < 1.04 * cost


def test_a_season_order_by_hand() -> None:
    # Poisson of mean 1, cost 10, salvage 4, net price 22: over 6, under 12, ratio 2/3; P(0) = .368, P(<= 1) = .736.
    order = season_order(one(1), 6.0, 12.0)
    missing = np.exp(-1.0)
    assert order.critical_ratio.tolist() == [2 / 3]
    assert order.units.tolist() == [1.0]
    assert order.expected_missing[0] == pytest.approx(missing)
    assert order.expected_left[0] == pytest.approx(missing)
    assert order.expected_cost[0] == pytest.approx(18 * missing)


def test_what_earns_nothing_is_not_ordered() -> None:
    assert season_order(one(30), 6.0, 0.0).units.tolist() == [0.0]
    with pytest.raises(ProhandelError, match="salvage"):
        season_order(one(30), 0.0, 5.0)


def test_lot_policy_against_stockpyl() -> None:
    r, q, cost = r_q_poisson_exact(20, 150, 100, 1.5, 2)
    found = best_lot_policy(one(3), 1.5, 100, 20, 150)
    assert (r, q, round(cost, 4)) == (3, 5, 107.9236)
    assert (found.reorder_point[0], found.lot[0]) == (3, 5)
    assert found.cost[0] == pytest.approx(cost, rel=1e-6)


def test_lot_policies_with_negative_binomial_demand_by_brute_force() -> None:
    lead = CountDemand(np.array([2.0, 6.0]), np.array([5.0, 20.0]))
    rate, fixed, holding, shortage = np.array([0.5, 2.0]), np.array([4.0, 30.0]), 1.0, 9.0
    found = best_lot_policy(lead, rate, fixed, holding, shortage)
    levels = np.arange(-10, 60)
    for i in range(2):
        single = one(float(lead.mean[i]), float(lead.variance[i]))
        costs = np.concatenate([stock_cost(single, float(y), holding, shortage) for y in levels])
        best = min(
            ((fixed[i] * rate[i] + costs[start + 1 : start + 1 + lot].sum()) / lot, levels[start], lot)
            for start in range(40)
            for lot in range(1, 29)
        )
        assert (found.cost[i], found.reorder_point[i], found.lot[i]) == pytest.approx(best)


def test_level_policy_against_stockpyl() -> None:
    s, level, cost = s_s_discrete_exact(1, 4, 5, True, 6)
    found = best_level_policy(one(6), one(6), 5, 1, 4)
    assert (s, level, round(cost, 4)) == (4, 10, 8.0341)
    assert (found.reorder_point[0], found.order_up_to[0]) == (4, 10)
    assert found.cost[0] == pytest.approx(cost, rel=1e-6)


def long_run_cost(
    s: int, level: int, mean: float, variance: float, fixed: float, holding: float, shortage: float
) -> float:
    """Of an (s, S) without lead time, from the stationary distribution of its chain."""
    states = np.arange(s + 1, level + 1)
    size, share = mean**2 / (variance - mean), mean / variance
    move = np.zeros((len(states), len(states)))
    reorder = np.zeros(len(states))
    for row, state in enumerate(states):
        for column, to in enumerate(states):
            move[row, column] = stats.nbinom.pmf(state - to, size, share) if to <= state else 0
        reorder[row] = 1 - move[row].sum()
        move[row, -1] += reorder[row]
    balance = np.vstack([move.T - np.eye(len(states)), np.ones(len(states))])
    stationary = np.linalg.lstsq(balance, np.append(np.zeros(len(states)), 1.0), rcond=None)[0]
    costs = np.concatenate([stock_cost(one(mean, variance), float(y), holding, shortage) for y in states])
    return float(stationary @ (costs + fixed * reorder))


def test_level_policies_with_negative_binomial_demand_by_brute_force() -> None:
    mean, variance, fixed, holding, shortage = 3.0, 8.0, 6.0, 1.0, 7.0
    found = best_level_policy(one(mean, variance), one(mean, variance), fixed, holding, shortage)
    best = min(
        (long_run_cost(s, level, mean, variance, fixed, holding, shortage), s, level)
        for s in range(6)
        for level in range(s + 1, 14)
    )
    assert (found.cost[0], found.reorder_point[0], found.order_up_to[0]) == pytest.approx(best, rel=1e-8)


def test_level_policies_of_several_pairs_are_those_of_each() -> None:
    period = CountDemand(np.array([6.0, 3.0]), np.array([6.0, 8.0]))
    both = best_level_policy(period, period, np.array([5.0, 6.0]), 1.0, np.array([4.0, 7.0]))
    alone = best_level_policy(one(3.0, 8.0), one(3.0, 8.0), 6.0, 1.0, 7.0)
    assert both.order_up_to.tolist() == [10.0, alone.order_up_to[0]]
