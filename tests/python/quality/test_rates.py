"""A share has moved when neither chance nor its past explains it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prohandel.quality.rates import MINIMUM_PAST, Usual, has_been, has_risen, usual

Days = npt.NDArray[np.float64]


def days(rows: float, share: float, number: int = 30) -> tuple[Days, Days]:
    """Failing rows and rows of days that are all alike."""
    return np.full(number, rows * share), np.full(number, rows)


def known(failing: Days, rows: Days) -> Usual:
    found = usual(failing, rows)
    assert found is not None
    return found


def test_without_a_past_nothing_is_usual() -> None:
    assert usual(np.zeros(0), np.zeros(0)) is None
    assert usual(*days(MINIMUM_PAST - 1, 0.1, 1)) is None
    assert usual(*days(MINIMUM_PAST, 0.1, 1)) is not None


def test_days_that_are_alike_have_their_share_and_no_spread() -> None:
    found = known(*days(200, 0.1))
    assert found.share == pytest.approx(0.1)
    assert found.spread == 0


def test_few_rows_a_day_are_taken_together() -> None:
    assert known(*days(5, 0.2)).share == pytest.approx(0.2)


def test_one_bad_day_moves_little() -> None:
    failing, rows = days(200, 0.01)
    failing[3] = 200
    assert known(failing, rows).share < 0.03
    assert has_risen(60, 200, known(failing, rows))


def test_what_failed_rarely_is_not_impossible() -> None:
    # Ten of thirty days have two failures, so that the median is zero.
    failing, rows = np.array([2.0, 0, 0] * 10), np.full(30, 100.0)
    assert 0 < known(failing, rows).share <= 0.02
    assert not has_risen(3, 100, known(failing, rows))


def test_days_that_differ_need_more() -> None:
    calm = known(*days(500, 0.2))
    wild = known(np.tile([80.0, 100, 120], 10), np.full(30, 500.0))
    assert wild.spread > 0.05
    assert has_risen(200, 500, calm)
    assert not has_risen(200, 500, wild)
    assert has_risen(400, 500, wild)


@pytest.mark.parametrize(
    ("failing", "rows", "risen"),
    [
        (0, 0, False),
        (0, 100, False),
        (4, 100, False),  # too few rows
        (5, 100, True),
        (5, 5, True),
        (4, 4, False),
        (49, 1000, False),  # too little a move
        (50, 1000, True),
        (1000, 1000, True),
    ],
)
def test_what_never_failed_before(failing: int, rows: int, risen: bool) -> None:
    assert has_risen(failing, rows, Usual(0.0, 0.0)) is risen


@pytest.mark.parametrize(("failing", "risen"), [(100, False), (130, False), (200, True)])
def test_what_fails_as_a_rule(failing: int, risen: bool) -> None:
    assert has_risen(failing, 500, Usual(0.2, 0.0)) is risen


def test_fewer_failures_are_no_fault() -> None:
    assert not has_risen(0, 500, Usual(0.5, 0.0))


def test_what_always_fails_cannot_rise() -> None:
    assert not has_risen(500, 500, Usual(1.0, 0.0))


def test_the_least_move_and_rows_are_those_of_the_check() -> None:
    past = Usual(0.0, 0.0)
    assert not has_risen(20, 100, past, 0.25)
    assert has_risen(30, 100, past, 0.25)
    assert has_risen(2, 4, past, 0.01, 2)
    assert not has_risen(2, 4, past, 0.01)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    share=st.floats(0, 0.5),
    per_day=st.integers(3, 400),
    rows=st.integers(1, 2000),
)
def test_chance_alone_raises_no_alarm(seed: int, share: float, per_day: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(per_day, 50).astype(float)
    past = usual(rng.binomial(counts.astype(int), share).astype(float), counts)
    if past is not None:
        assert not has_risen(float(rng.binomial(rows, share)), float(rows), past)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.floats(0, 0.3), rows=st.integers(40, 2000))
def test_half_of_the_rows_more_are_always_found(seed: int, share: float, rows: int) -> None:
    rng = np.random.default_rng(seed)
    past = known(rng.binomial(100, share, 50).astype(float), np.full(50, 100.0))
    assert has_risen(float(rng.binomial(rows, share + 0.55)), float(rows), past)


def test_a_share_that_each_sunday_has_is_no_news() -> None:
    """Six days with a share of 0.25, and one on which only the web shop sells, with 0.95."""
    rows = np.tile([200.0] * 6 + [80.0], 4)
    failing = rows * np.tile([0.25] * 6 + [0.95], 4)
    assert has_risen(78, 80, known(failing, rows))
    assert has_been(78 / 80, failing, rows)
    assert not has_been(0.97, *days(200, 0.25))


def test_two_bad_batches_of_a_hundred_are_no_habit() -> None:
    failing, rows = days(200, 0.01, 100)
    failing[[10, 11]] = 200
    assert not has_been(0.6, failing, rows)


def test_batches_of_a_few_rows_say_nothing() -> None:
    assert not has_been(0.6, *days(5, 1.0))
