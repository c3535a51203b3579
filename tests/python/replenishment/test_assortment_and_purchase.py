"""What may be ordered, and what becomes of a gap: each case by hand."""

from __future__ import annotations

import numpy as np
import pytest

from prohandel.errors import ProhandelError
from prohandel.replenishment.assortment import (
    Days,
    Ordering,
    Range,
    is_pre_season,
    most_until_season_end,
    presentation_level,
    what_may_be_ordered,
)
from prohandel.replenishment.counts import Floats
from prohandel.replenishment.purchase import Binding, Orders, Terms, orders

AS_OF = np.datetime64("2025-10-01")


def days(*names: str) -> Days:
    return np.array(names, dtype="datetime64[D]")


def one(
    kind: str = "nos",
    *,
    is_active: bool = True,
    is_outlet: bool = False,
    is_supplied: bool = False,
    ends: str = "NaT",
    lead_time: float = 14,
) -> Ordering:
    pair = Range(np.array([kind]), np.array([is_active]), np.array([is_outlet]), np.array([is_supplied]), days(ends))
    return Ordering(what_may_be_ordered(pair, AS_OF, lead_time)[0])


def test_what_may_be_ordered() -> None:
    assert one() == Ordering.ALLOWED
    assert one("reorderable") == Ordering.ALLOWED
    assert one("one_shot") == Ordering.ONE_SHOT
    assert one(is_active=False) == Ordering.INACTIVE
    assert one(is_outlet=True) == Ordering.OUTLET
    assert one(is_supplied=True) == Ordering.SERVED
    # An outlet's one-shot article is first of all an outlet's.
    assert one("one_shot", is_outlet=True) == Ordering.OUTLET


def test_a_season_leaves_four_weeks_to_sell() -> None:
    # 1 October + 14 days + 28 days = 12 November.
    assert one("reorderable", ends="2025-11-12") == Ordering.ALLOWED
    assert one("reorderable", ends="2025-11-11") == Ordering.SEASON_TOO_SHORT
    assert one("nos", ends="2025-11-11") == Ordering.SEASON_TOO_SHORT
    assert one("reorderable", ends="2025-11-12", lead_time=14.2) == Ordering.SEASON_TOO_SHORT


def test_pairs_are_judged_one_by_one() -> None:
    pairs = Range(
        np.array(["nos", "one_shot", "reorderable"]),
        np.array([True, True, True]),
        np.array([False, False, False]),
        np.array([False, False, False]),
        days("NaT", "2026-01-31", "2025-10-20"),
    )
    assert what_may_be_ordered(pairs, AS_OF, np.array([5, 5, 60])).tolist() == [
        Ordering.ALLOWED,
        Ordering.ONE_SHOT,
        Ordering.SEASON_TOO_SHORT,
    ]


def test_only_one_shot_articles_are_ordered_before_their_season() -> None:
    n = 6
    pairs = Range(
        np.array(["one_shot", "one_shot", "one_shot", "reorderable", "nos", "one_shot"]),
        np.array([True, True, True, True, True, False]),
        np.zeros(n, dtype=bool),
        np.zeros(n, dtype=bool),
        days(*["2026-06-30"] * n),
    )
    starts = days("2026-02-01", "2025-10-01", "NaT", "2026-02-01", "NaT", "2026-02-01")
    assert is_pre_season(pairs, starts, AS_OF).tolist() == [True, False, False, False, False, False]
    elsewhere = Range(pairs.assortment_type, pairs.is_active, np.ones(n, dtype=bool), pairs.is_supplied, starts)
    assert not is_pre_season(elsewhere, starts, AS_OF).any()


def test_presentation() -> None:
    shown = presentation_level(
        np.array([6.0, 3.0, np.nan, 6.0, 6.0]),
        np.array([4.0, 4.0, 4.0, 1.0, 1.0]),
        days("NaT", "NaT", "NaT", "2025-10-28", "2025-10-29"),
        AS_OF,
    )
    # Six shown; one of each of four core sizes; nothing has to be shown; the last four weeks; the day before them.
    assert shown.tolist() == [6.0, 4.0, 0.0, 0.0, 6.0]


def test_no_more_than_sells_until_the_season_ends() -> None:
    most = most_until_season_end([20.0, 20.0, 20.0], days("2025-12-01", "2025-12-01", "NaT"), [8.0, 30.0, 30.0])
    assert most.tolist() == [12.0, 0.0, np.inf]


def numbers(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def order(
    level: float = 10,
    reorder_point: float | None = None,
    on_hand: float = 0,
    on_order: float = 0,
    inbound: float = 0,
    ordering: Ordering = Ordering.ALLOWED,
    **terms: float,
) -> tuple[float, Binding]:
    found: Orders = orders(
        numbers(level),
        numbers(level if reorder_point is None else reorder_point),
        numbers(on_hand),
        numbers(on_order),
        numbers(inbound),
        np.array([ordering], dtype=np.int8),
        Terms(**terms),
    )
    return float(found.units[0]), Binding(int(found.binding[0]))


def test_the_gap_is_ordered() -> None:
    assert order(10, on_hand=3) == (7, Binding(0))
    assert order(10, on_hand=10) == (0, Binding(0))
    assert order(10, on_hand=14) == (0, Binding(0))
    assert order(10, on_hand=-2) == (12, Binding(0))


def test_what_is_on_its_way_counts() -> None:
    assert order(10, on_hand=3, on_order=4) == (3, Binding.ON_ORDER)
    assert order(10, on_hand=3, on_order=4, inbound=2) == (1, Binding.ON_ORDER | Binding.TRANSFER)
    assert order(10, on_hand=3, inbound=8) == (0, Binding.TRANSFER)
    # Enough on the shelf: what is on its way decided nothing.
    assert order(10, on_hand=12, on_order=4, inbound=2) == (0, Binding(0))


def test_above_the_reorder_point_nothing_is_due() -> None:
    assert order(30, reorder_point=10, on_hand=10) == (0, Binding(0))
    assert order(30, reorder_point=10, on_hand=9) == (21, Binding(0))


def test_packs_and_minimum_orders() -> None:
    assert order(10, on_hand=3, pack_units=6) == (12, Binding.PACK)
    assert order(10, on_hand=4, pack_units=6) == (6, Binding(0))
    assert order(10, on_hand=8, minimum_units=5) == (5, Binding.MINIMUM_ORDER)
    assert order(10, on_hand=8, minimum_units=5, pack_units=4) == (8, Binding.PACK | Binding.MINIMUM_ORDER)
    assert order(10, on_hand=10, minimum_units=5) == (0, Binding(0))
    assert order(2.4, on_hand=0, pack_units=1) == (3, Binding.PACK)


def test_the_season_limits() -> None:
    assert order(10, on_hand=0, most_units=6) == (6, Binding.SEASON_END)
    # Whole packs within the limit.
    assert order(10, on_hand=0, most_units=6, pack_units=4) == (4, Binding.PACK | Binding.SEASON_END)
    # Below the supplier's minimum there is no order.
    assert order(10, on_hand=0, most_units=6, minimum_units=8) == (0, Binding.SEASON_END)
    assert order(10, on_hand=0, most_units=0) == (0, Binding.SEASON_END)


def test_presentation_lifts_the_level() -> None:
    assert order(2, on_hand=1, presentation=5) == (4, Binding.PRESENTATION)
    assert order(8, on_hand=1, presentation=5) == (7, Binding(0))


def test_what_may_not_be_ordered_is_not() -> None:
    for ordering in (Ordering.ONE_SHOT, Ordering.OUTLET, Ordering.SERVED, Ordering.INACTIVE, Ordering.SEASON_TOO_SHORT):
        assert order(10, ordering=ordering) == (0, Binding.NOT_ALLOWED)
        assert order(10, on_hand=10, ordering=ordering) == (0, Binding(0))


def test_a_pack_holds_something() -> None:
    with pytest.raises(ProhandelError, match="pack"):
        order(10, pack_units=0)
