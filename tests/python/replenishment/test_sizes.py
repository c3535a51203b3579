"""Sizes: by hand, and lots against all numbers of lots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prohandel.replenishment.sizes import size_need, size_targets, whole_lots, within_limit

# Two pairs: four sizes and two sizes.
PAIR = np.array([0, 0, 0, 0, 1, 1])


def test_targets_follow_the_curve_and_add_up() -> None:
    # 7 x (.1 .2 .3 .4) = .7 1.4 2.1 2.8: whole 0 1 2 2, two more go to the remainders .8 and .7.
    share = np.array([0.1, 0.2, 0.3, 0.4, 1.0, 1.0])
    assert size_targets(PAIR, share, [7, 3]).tolist() == [1, 1, 2, 3, 2, 1]


def test_rows_may_lie_in_any_order() -> None:
    share = np.array([0.1, 1.0, 0.2, 0.3, 1.0, 0.4])
    assert size_targets(np.array([0, 1, 0, 0, 1, 0]), share, [7, 3]).tolist() == [1, 2, 1, 2, 1, 3]


def test_shares_need_not_add_up() -> None:
    assert size_targets(np.zeros(3, dtype=np.intp), np.array([2.0, 2.0, 4.0]), [8]).tolist() == [2, 2, 4]


def test_without_a_curve_evenly() -> None:
    assert size_targets(PAIR, np.zeros(6), [6, 4]).tolist() == [2, 2, 1, 1, 2, 2]


def test_core_sizes_get_one() -> None:
    share = np.array([0.05, 0.45, 0.45, 0.05, 0.5, 0.5])
    core = np.array([False, True, True, False, True, True])
    assert size_targets(PAIR, share, [1, 0], core).tolist() == [0, 1, 1, 0, 0, 0]


@given(
    level=st.integers(0, 400),
    share=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=9),
)
def test_targets_always_add_up(level: int, share: list[float]) -> None:
    target = size_targets(np.zeros(len(share), dtype=np.intp), np.array(share), [level])
    assert target.sum() == level
    if sum(share) > 0:
        assert np.all(np.abs(target - level * np.array(share) / sum(share)) < 1 + 1e-6)


def test_what_one_size_has_too_much_of_covers_no_other() -> None:
    need = size_need(np.array([2.0, 2, 2, 2]), np.array([9.0, 0, 0, 1]), np.array([0.0, 0, 1, 0]))
    assert need.tolist() == [0, 2, 1, 1]
    # The pair as a whole holds 10 of 8 and would order nothing.
    assert need.sum() == 4


def test_packs_of_a_size() -> None:
    assert size_need(np.array([5.0, 3]), np.array([0.0, 0]), np.zeros(2), np.array([3.0, 3])).tolist() == [6, 3]


def test_a_limit_is_shared_by_need() -> None:
    need = np.array([1.0, 2, 3, 4, 5, 5])
    # Five of ten: .5 1 1.5 2, the unit that is left goes to the first half. The second pair has no limit.
    assert within_limit(PAIR, need, [5, np.inf]).tolist() == [1, 1, 1, 2, 5, 5]
    assert within_limit(PAIR, need, [0, 10]).tolist() == [0, 0, 0, 0, 5, 5]
    assert within_limit(PAIR, need, [10, 9.5]).tolist() == [1, 2, 3, 4, 5, 4]


def test_a_limit_leaves_whole_packs() -> None:
    # 7 of 12: 3.5 each, 4 and 3 units, of which one pack of 3 each is left.
    assert within_limit(np.zeros(2, dtype=np.intp), np.array([6.0, 6]), [7], 3).tolist() == [3, 3]


def test_lots_by_hand() -> None:
    # A lot of 1-2-2-1 for a need of 2-3-4-2: one lot leaves 1-1-2-1 short (cost 10), two lots bring 2-4-4-2 (cost 1).
    lots = whole_lots(np.zeros(4, dtype=np.intp), np.array([2.0, 3, 4, 2]), np.array([1.0, 2, 2, 1]), 1)
    assert lots.lots.tolist() == [2]
    assert lots.units.tolist() == [2, 4, 4, 2]
    assert lots.still_short.tolist() == [0, 0, 0, 0]
    assert lots.beyond.tolist() == [0, 1, 0, 0]


def test_one_missing_size_is_no_lot() -> None:
    # A lot of 1-1-1-1 for one unit: 2 short against 3 beyond.
    lots = whole_lots(np.zeros(4, dtype=np.intp), np.array([0.0, 1, 0, 0]), np.ones(4), 1)
    assert lots.lots.tolist() == [0]
    assert lots.still_short.tolist() == [0, 1, 0, 0]


def test_a_size_that_is_in_no_lot_stays_short() -> None:
    lots = whole_lots(np.array([0, 0]), np.array([2.0, 3]), np.array([1.0, 0]), 1)
    assert (lots.lots.tolist(), lots.still_short.tolist()) == ([2], [0, 3])


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 3)), min_size=1, max_size=10),
    weight=st.sampled_from([0.5, 1.0, 2.0, 4.0]),
)
def test_no_other_number_of_lots_fits_better(rows: list[tuple[int, int, int]], weight: float) -> None:
    pair, need, per_lot = (np.array(each) for each in zip(*rows, strict=True))
    found = whole_lots(pair, need.astype(float), per_lot.astype(float), 3, weight)
    for one in range(3):
        mine = pair == one
        gap = need[mine] - np.arange(14)[:, np.newaxis] * per_lot[mine]
        cost = np.where(gap > 0, weight * gap, -gap).sum(axis=1)
        assert cost[int(found.lots[one])] == pytest.approx(cost.min())
