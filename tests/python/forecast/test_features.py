"""No feature sees what comes after its origin."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from prohandel.forecast.features import feature_names, future_rows, training_rows
from prohandel.forecast.panel import Panel
from tests.python.forecast.series import panel_of


def drawn(freq: str = "D", length: int = 140, n: int = 20, horizon: int = 28) -> Panel:
    rng = np.random.default_rng(7)
    panel = panel_of(rng.poisson(1.5, (n, length)), freq=freq, category=list(range(n)))
    price = rng.normal(size=(n, length + horizon)).astype(np.float32)
    return dataclasses.replace(panel, known={"price": price})


@pytest.mark.parametrize(("freq", "length"), [("D", 140), ("W", 80), ("M", 40)])
def test_every_column_has_a_name(freq: str, length: int) -> None:
    panel = drawn(freq, length)
    rows = training_rows(panel, 4, 10_000, 0)
    assert rows is not None
    assert rows.features.shape[1] == len(feature_names(panel))
    assert future_rows(panel, slice(0, 20), 4).features.shape == (80, len(feature_names(panel)))


def test_what_comes_after_the_origin_changes_nothing() -> None:
    panel = drawn()
    at = panel.until(100)
    before = future_rows(at, slice(0, 20), 28)
    units, share = panel.units.copy(), panel.in_stock_share.copy()
    units[:, 100:], share[:, 100:] = 999, 0.5
    changed = dataclasses.replace(panel, units=units, in_stock_share=share).until(100)
    after = future_rows(changed, slice(0, 20), 28)
    np.testing.assert_array_equal(before.features, after.features)
    np.testing.assert_array_equal(before.offset, after.offset)


def test_training_and_forecast_see_the_same() -> None:
    # One origin, all steps: what training computes for a past origin is what a forecast made there would have read.
    panel = drawn(length=120, n=3, horizon=28)
    rows = training_rows(panel, 28, 10**9, 0)
    assert rows is not None
    at = future_rows(panel.until(120 - 7), slice(0, 3), 7)
    for row, offset in zip(at.features, at.offset, strict=True):
        same = np.all(np.nan_to_num(rows.features, nan=-1) == np.nan_to_num(row, nan=-1), axis=1)
        assert same.sum() == 1
        assert rows.offset[same][0] == pytest.approx(offset)


def test_known_columns_are_read_at_the_period_that_is_forecast() -> None:
    panel = drawn()
    place = feature_names(panel).index("price")
    rows = future_rows(panel, slice(0, 20), 28).features[:, place].reshape(20, 28)
    np.testing.assert_array_equal(rows, panel.known["price"][:, 140:])


def test_a_short_history_cannot_be_trained_on() -> None:
    assert training_rows(drawn(length=70), 28, 1_000, 0) is None


def test_periods_without_stock_are_not_learnt_from() -> None:
    panel = drawn()
    share = panel.in_stock_share.copy()
    share[:, 70:] = 0.0
    assert training_rows(dataclasses.replace(panel, in_stock_share=share), 28, 10_000, 0) is None
