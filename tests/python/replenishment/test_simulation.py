"""The closed loop, counted by hand over a week, and its laws over a year."""

from __future__ import annotations

import numpy as np
import pytest

from prohandel.errors import ProhandelError
from prohandel.replenishment.simulation import Ledger, Levels, World, copied, open_ledger, outcome, run


def world(demand: list[list[int]], lead: int = 2, review: int = 3, lot: float = 1, opening: float = 4) -> World:
    units = np.array(demand, dtype=np.float32)
    return World(
        units,
        np.full(units.shape, lead, dtype=np.int16),
        review,
        np.full(len(units), lot),
        np.full(len(units), opening),
    )


def fixed(level: float) -> Levels:
    return Levels(np.array([level]), np.array([level]))


def test_a_week_by_hand() -> None:
    given = world([[1, 3, 2, 0, 2, 1, 1]])
    ledger = run(given, lambda day, _: fixed(5), open_ledger(given), 0, 7)
    # Day 0: 4 held, 1 ordered, 1 sold. Day 1: 3 sold. Day 2: the 1 comes, 2 asked, 1 sold. Day 3: 5 ordered.
    # Day 5: they come, 1 sold. Day 6: 4 held, 1 ordered, 1 sold.
    assert ledger.ordered.tolist() == [[1, 0, 0, 5, 0, 0, 1]]
    assert ledger.sold.tolist() == [[1, 3, 1, 0, 0, 1, 1]]
    assert ledger.on_hand.tolist() == [[3, 0, 0, 0, 0, 4, 3]]
    # The third of three customers comes at 3/4 of day 1, the first of two at 1/3 of day 2; then nothing is there.
    assert ledger.in_stock_share[0].tolist() == pytest.approx([1, 0.75, 1 / 3, 0, 0, 1, 1])
    assert ledger.open_units.tolist() == [1]


def test_lots_and_a_reorder_point() -> None:
    given = world([[1, 1, 1, 1, 0, 0, 0]], lead=1, lot=6, opening=4)
    levels = Levels(np.array([2.0]), np.array([3.0]))
    ledger = run(given, lambda day, _: levels, open_ledger(given), 0, 7)
    # Day 0: 4 are enough. Day 3: 1 is below 2, so up to 3 by a lot of 6.
    assert ledger.ordered.tolist() == [[0, 0, 0, 6, 0, 0, 0]]


def test_a_policy_does_not_see_the_day() -> None:
    given = world([[1, 2, 3, 4, 5, 6, 7]])
    seen = []

    def policy(day: int, ledger: Ledger) -> Levels:
        seen.append((day, float(ledger.sold[:, day:].sum()), float(ledger.in_stock_share[:, day:].sum())))
        return fixed(50)

    run(given, policy, open_ledger(given), 0, 7)
    assert seen == [(0, 0, 0), (3, 0, 0), (6, 0, 0)]


def test_a_copy_goes_its_own_way_and_goes_on_alike() -> None:
    rng = np.random.default_rng(3)
    given = world(rng.poisson(1.5, (1, 60)).tolist(), lead=5)
    whole = run(given, lambda day, _: fixed(14), open_ledger(given), 0, 60)
    half = run(given, lambda day, _: fixed(14), open_ledger(given), 0, 31)
    other = copied(half)
    run(given, lambda day, _: fixed(40), other, 31, 60)
    run(given, lambda day, _: fixed(14), half, 31, 60)
    assert half.on_hand.tolist() == whole.on_hand.tolist()
    assert other.on_hand.tolist() != whole.on_hand.tolist()


def test_nothing_appears_and_nothing_vanishes() -> None:
    rng = np.random.default_rng(4)
    demand = rng.poisson(rng.lognormal(0, 1, (30, 1)), (30, 365)).astype(np.float32)
    lead = rng.integers(1, 20, (30, 365)).astype(np.int16)
    given = World(demand, lead, 7, rng.choice([1.0, 4.0], 30), np.full(30, 9.0))
    level = demand.mean(axis=1).astype(np.float64) * 20
    ledger = run(given, lambda day, _: Levels(level, level), open_ledger(given), 0, 365)
    arrived = ledger.arriving[:, :365].sum(axis=1)
    assert (9 + arrived - ledger.sold.sum(axis=1)).tolist() == ledger.on_hand[:, -1].tolist()
    assert (ledger.ordered.sum(axis=1) - arrived).tolist() == ledger.open_units.tolist()
    assert np.all(ledger.sold <= demand)
    assert np.all(ledger.on_hand >= 0)
    # What was lost was lost with an empty shelf.
    assert np.all(ledger.on_hand[ledger.sold < demand] == 0)
    assert np.all(ledger.in_stock_share[ledger.sold < demand] < 1)


def test_outcome_by_hand() -> None:
    given = world([[1, 3, 2, 0, 2, 1], [2, 0, 0, 0, 0, 0]])
    both = Levels(np.array([5.0, 0.0]), np.array([5.0, 0.0]))
    ledger = run(given, lambda day, _: both, open_ledger(given), 0, 6)
    found = outcome(given, ledger, 0, 6, np.array([2.0, 10.0]), np.array([4.0, 30.0]))
    # Sold 1 3 1 0 0 1 of 9 and 2 of 2; on hand 3 0 0 0 0 4 and 2 all the time.
    assert found.fill_rate == pytest.approx(8 / 11)
    assert found.revenue_fill_rate == pytest.approx((6 * 4 + 2 * 30) / (9 * 4 + 2 * 30))
    assert found.stock_value == pytest.approx((7 * 2 + 12 * 10) / 6)
    # Of two pairs in two periods each, the first loses a unit in the first and two in the second.
    assert found.cycle_service == 0.5
    assert found.pairs_below == 0.5


def test_a_policy_has_to_give_numbers() -> None:
    given = world([[1, 1, 1]])
    with pytest.raises(ProhandelError, match="day 0"):
        run(given, lambda day, _: fixed(float("nan")), open_ledger(given), 0, 3)
