"""What empty shelves lost, and what the next plan makes of it: by hand, and against demand that is known."""

from __future__ import annotations

import numpy as np
import pytest

from prohandel.replenishment.calibration import in_hindsight, lost_units, shortage_ratio
from prohandel.replenishment.counts import CountDemand
from prohandel.replenishment.optimise import Stretch, least_stock
from prohandel.replenishment.simulation import Levels, World, open_ledger, run


def test_lost_units_by_hand() -> None:
    # Three days full, half and empty at 2, 4 and 6 a day.
    share, sold = [[1.0, 0.5, 0.0]], [[7.0, 3.0, 0.0]]
    assert lost_units(share, sold, [[2.0, 4.0, 6.0]]).tolist() == [8.0]
    assert lost_units(share, sold, [[2.0]]).tolist() == [3.0]
    # 10 sold where 4 were expected, at an uncertain level of 1/2: 8 (1 + 5) / (1 + 2).
    assert lost_units(share, sold, [[2.0, 4.0, 6.0]], level_cv2=[0.5]).tolist() == [16.0]
    # Half a day of 4 that sold 3, at a dispersion of 1/2: 2 (1 + 1.5) / (1 + 1). The empty day says nothing.
    assert lost_units([[0.5, 0.0]], [[3.0, 0.0]], [[4.0, 6.0]], dispersion=[0.5]).tolist() == [8.5]
    # Both: the level's weight is 1/2 * 2 / (2 + 1/2 * 4) = 1/4, so it is raised by (1 + 3/4) / (1 + 2/4) = 7/6.
    both = 2 * 7 / 6 * 2.5 / (1 + 0.5 * 14 / 6) + 6 * 7 / 6
    assert lost_units([[0.5, 0.0]], [[3.0, 0.0]], [[4.0, 6.0]], [0.5], [0.5])[0] == pytest.approx(both)


def test_what_is_lost_is_seen_without_seeing_the_demand() -> None:
    # A week's intensity is gamma of dispersion 1/4: shelves are emptied in the better weeks.
    rng = np.random.default_rng(5)
    intensity = np.repeat(rng.gamma(4, 1 / 4, (400, 40)), 7, axis=1)
    demand = rng.poisson(1.2 * intensity).astype(np.float32)
    world = World(demand, np.full(demand.shape, 14, dtype=np.int16), 7, np.ones(400), np.full(400, 25.0))
    level = np.full(400, 26.0)
    ledger = run(world, lambda day, _: Levels(level, level), open_ledger(world), 0, 280)
    lost = float((demand - ledger.sold)[:, 28:].sum())
    assert lost > 0.03 * demand.sum()
    by_week = [slice(day, day + 7) for day in range(28, 280, 7)]

    def estimate(level_cv2: float) -> float:
        of_weeks = (
            lost_units(ledger.in_stock_share[:, week], ledger.sold[:, week], [[1.2]], 0.0, level_cv2)
            for week in by_week
        )
        return float(np.sum([each.sum() for each in of_weeks]))

    assert estimate(0.25) == pytest.approx(lost, rel=0.03)
    assert estimate(0.0) < 0.95 * lost


def test_hindsight_by_hand() -> None:
    # The first category sold 9 where 6 were expected with stock, the second what was expected.
    share, sold = [[1.0, 0.5], [1.0, 0.0], [1.0, 1.0]], [[4.0, 2.0], [3.0, 0.0], [1.0, 1.0]]
    expected = [[2.0, 4.0], [2.0, 2.0], [1.0, 1.0]]
    found = in_hindsight(share, sold, expected, np.array([0, 0, 1]))
    assert found.tolist() == [[3.0, 6.0], [3.0, 3.0], [1.0, 1.0]]
    assert in_hindsight([[0.0]], [[0.0]], [[2.0]], np.array([0])).tolist() == [[2.0]]


def test_the_ratio_by_hand() -> None:
    assert shortage_ratio([], [], start=0.7) == 0.7
    assert shortage_ratio([10, 20], [7, 14]) == pytest.approx(0.7)
    # 5 and 9 of 10 and 10: .7, off by 2 each way, so a squared error of 8 / 14^2.
    assert shortage_ratio([10, 10], [5, 9]) == pytest.approx(0.7 * (1 + 8 / 196))
    # The start counts for two periods of ten: (14 + 1 * 20) / 40 = .85, off by 3.5 and .5.
    assert shortage_ratio([10, 10], [5, 9], start=1.0, weight=2) == pytest.approx(0.85 * (1 + 12.5 / 34**2))
    assert shortage_ratio([10], [0]) == 0.1
    assert shortage_ratio([10], [900]) == 4.0
    assert shortage_ratio([0], [3], start=1.0) == 1.0


def test_what_plans_lose_is_right_on_average() -> None:
    # Weeks lose .7 of what is planned, gamma about it: plans that divide by the ratio of 8 weeks lose what they may.
    rng = np.random.default_rng(8)
    ratios = [shortage_ratio([1.0] * 8, list(rng.gamma(2, 0.35, 8))) for _ in range(4000)]
    assert np.mean(0.7 / np.array(ratios)) == pytest.approx(1.0, abs=0.03)


def test_a_plan_that_lost_less_than_it_feared_aims_lower() -> None:
    demand = np.array([2.0, 9.0, 30.0])
    pairs = Stretch(
        CountDemand(demand, 2 * demand),
        CountDemand(1.5 * demand, 3 * demand),
        np.full(3, 7.0),
        np.ones(3),
        np.array([10.0, 20.0, 5.0]),
        np.ones(3),
    )
    plain, corrected = least_stock(pairs, 0.97), least_stock(pairs, 0.97, shortage_ratio=0.5)
    assert corrected.stock_value < plain.stock_value
    assert corrected.group_fill_rate >= 0.97
    # Half of the shortage at 0.97 is the shortage at 0.94 of a plan that is not corrected.
    assert corrected.order_up_to_level.tolist() == least_stock(pairs, 0.94).order_up_to_level.tolist()
