"""Calendars and slices of panels."""

from __future__ import annotations

import numpy as np
import pytest

from prohandel.forecast.panel import Panel, future_periods, months, weekdays
from tests.python.forecast.series import MONDAY, panel_of


def test_weekdays_begin_on_monday() -> None:
    assert weekdays(MONDAY + np.arange(8)).tolist() == [0, 1, 2, 3, 4, 5, 6, 0]


def test_months_follow_on_months_of_any_length() -> None:
    panel = panel_of([[1, 2]], freq="M", start=np.datetime64("2023-12-01"))
    ahead = future_periods(panel, 3)
    assert ahead.astype(str).tolist() == ["2024-02-01", "2024-03-01", "2024-04-01"]
    assert months(ahead).tolist() == [1, 2, 3]


def test_weeks_follow_on_weeks() -> None:
    assert future_periods(panel_of([[1, 2]], freq="W"), 2).astype(str).tolist() == ["2026-01-19", "2026-01-26"]


def test_slices_keep_what_belongs_together() -> None:
    panel = panel_of([[1, 2, 3], [4, 5, 6]], category=[7, 8])
    some = panel.take(np.array([1])).until(2)
    assert some.series_ids == ("s1",)
    assert some.units.tolist() == [[4, 5]]
    assert some.group("category").tolist() == [8]
    assert panel.last(1).units.tolist() == [[3], [6]]
    assert panel.group("brand").tolist() == [0, 0]


def test_chunks_cover_every_row_once() -> None:
    panel = panel_of(np.zeros((10, 5)))
    rows = [np.arange(10)[part] for part in panel.chunks(cells=15)]
    assert np.concatenate(rows).tolist() == list(range(10))
    assert max(map(len, rows)) == 3


def test_shapes_that_do_not_fit_are_refused() -> None:
    ones = np.ones((1, 2), np.float32)
    days = MONDAY + np.arange(3)
    with pytest.raises(ValueError, match="units has the shape"):
        Panel(("a",), days, "D", ones, ones)
    with pytest.raises(ValueError, match="freq is 'H'"):
        Panel(("a",), days[:2], "H", ones, ones)
    with pytest.raises(ValueError, match="known"):
        Panel(("a",), days[:2], "D", ones, ones, known={"price": ones[:, :1]})
