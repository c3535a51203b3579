"""Classes of demand, by series whose interval and variation are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from prohandel.forecast.panel import Panel
from prohandel.forecast.segments import demand_classes, segments


def _panel(units: list[list[float]], share: list[list[float]] | None = None) -> Panel:
    values = np.array(units, dtype=np.float32)
    shares = np.ones_like(values) if share is None else np.array(share, dtype=np.float32)
    days = np.datetime64("2026-01-01") + np.arange(values.shape[1])
    return Panel(tuple(map(str, range(len(values)))), days, "D", values, shares)


@pytest.mark.parametrize(
    ("units", "share", "expected"),
    [
        # Interval 8 / 8, sizes all 2.
        ([2, 2, 2, 2, 2, 2, 2, 2], None, "smooth"),
        # Interval 1; sizes 1 and 7 in turn: mean 4, variance 9, 9 / 16 = 0.5625.
        ([1, 7, 1, 7, 1, 7, 1, 7], None, "erratic"),
        # Sizes 1 and 5: mean 3, variance 4, 4 / 9 = 0.444.
        ([1, 5, 1, 5, 1, 5, 1, 5], None, "smooth"),
        # Interval 8 / 4 = 2, sizes all 1.
        ([1, 0, 1, 0, 1, 0, 1, 0], None, "intermittent"),
        # Interval 2, sizes 1 and 7.
        ([1, 0, 7, 0, 1, 0, 7, 0], None, "lumpy"),
        # Nothing was there on the days without demand: interval 4 / 4.
        ([1, 0, 1, 0, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0, 1, 0], "smooth"),
        # Interval 8 / 7 = 1.14 and 8 / 6 = 1.33, on both sides of 1.32.
        ([1, 1, 1, 1, 1, 1, 1, 0], None, "smooth"),
        ([1, 1, 1, 1, 1, 1, 0, 0], None, "intermittent"),
        # It started on the fifth day: interval 4 / 4.
        ([np.nan, np.nan, np.nan, np.nan, 1, 1, 1, 1], None, "smooth"),
        ([0, 0, 0, 0, 0, 0, 0, 0], None, "intermittent"),
    ],
)
def test_classes(units: list[float], share: list[float] | None, expected: str) -> None:
    assert demand_classes(_panel([units], [share] if share else None)).tolist() == [expected]


def test_each_series_is_in_four_segments() -> None:
    found = segments(np.array(["smooth", "lumpy"]), ["A", "none"], ["X", "X"], ["Hosen", "Hosen"])
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "all": [True, True],
        "A/X": [True, False],
        "none/X": [False, True],
        "category:Hosen": [True, True],
        "demand:lumpy": [False, True],
        "demand:smooth": [True, False],
    }
