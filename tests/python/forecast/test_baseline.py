"""The baseline against its formula, said with loops, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from prohandel.forecast import baseline as module
from prohandel.forecast.baseline import baseline
from prohandel.forecast.panel import Panel, weekdays
from tests.python.forecast.series import panel_of


def test_one_series_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two weeks at half-life 7 days would weigh by age; with a long half-life each day counts as much.
    monkeypatch.setitem(module.HALF_LIFE, "D", 1e12)
    found = baseline(panel_of([[2, 0, 0, 0, 0, 12, 0] * 2]), 7)
    # 28 units in 14 days: r = 2. raw: Monday (4+20)/(4+20) = 1, Saturday (24+20)/24, others 20/24. Their mean is 1. In
    # fiftieths Saturday is 1.84 (92) and the others 0.84 (42): 14 days of 1.0057. g = 28 / 14.08 = 1.98864, whose
    # logarithm is 34.37 fiftieths, so that it is exp(0.68).
    level = 28.5 / (14.08 + 0.5 / np.exp(0.68))
    assert found.mean[0, 0] == pytest.approx(level)
    assert found.mean[0, 5] == pytest.approx(level * 1.84)
    assert found.mean[0, 6] == pytest.approx(level * 0.84)
    m = level * np.array([1, 0.84, 0.84, 0.84, 0.84, 1.84, 0.84])
    y = np.array([2, 0, 0, 0, 0, 12, 0])
    dispersion = round(((y - m) ** 2 - m).sum() / (m**2).sum(), 2)
    assert found.dispersion[0] == pytest.approx(dispersion, rel=1e-6)
    assert found.level_cv2[0] == pytest.approx(0.02 + (1 + dispersion * level) / 28.5, rel=1e-6)


def said_with_loops(panel: Panel, horizon: int) -> NDArray[np.float64]:
    """The docstring's steps 1 to 3, one number at a time."""
    n, length = panel.units.shape
    days = weekdays(panel.periods)
    weekly, category = panel.groups["weekday"], panel.groups["category"]
    cells = [
        (i, days[t], float(panel.units[i, t]), float(panel.in_stock_share[i, t]), 0.5 ** ((length - 1 - t) / 56))
        for i in range(n)
        for t in range(length)
        if not np.isnan(panel.units[i, t])
    ]
    factor = {}
    for group in set(weekly):
        mine = [cell for cell in cells if weekly[cell[0]] == group]
        rate = sum(h * y for _, _, y, _, h in mine) / sum(h * s for _, _, _, s, h in mine)
        raw = [
            (sum(h * y for _, d, y, _, h in mine if d == day) + 20)
            / (rate * sum(h * s for _, d, _, s, h in mine if d == day) + 20)
            for day in range(7)
        ]
        for day in range(7):
            factor[group, day] = round(raw[day] / (sum(raw) / 7) * 50) / 50
    result = np.zeros((n, horizon))
    for i in range(n):
        mine = [cell for cell in cells if category[cell[0]] == category[i]]
        group_rate = sum(h * y for _, _, y, _, h in mine) / sum(h * s * factor[weekly[j], d] for j, d, _, s, h in mine)
        group_rate = math.exp(round(math.log(group_rate) * 50) / 50)
        own = [cell for cell in cells if cell[0] == i]
        exposure = sum(h * s * factor[weekly[i], d] for _, d, _, s, h in own)
        level = (sum(h * y for _, _, y, _, h in own) + 0.5) / (exposure + 0.5 / group_rate)
        for step in range(horizon):
            result[i, step] = level * factor[weekly[i], (days[-1] + 1 + step) % 7]
    return result


def test_many_series_as_with_loops() -> None:
    rng = np.random.default_rng(3)
    units = rng.poisson(rng.gamma(1, 1, (6, 1)) * np.ones(60)).astype(float)
    units[4, :50] = np.nan
    share = np.where(rng.random((6, 60)) < 0.2, rng.random((6, 60)), 1.0)
    panel = panel_of(units, share, weekday=[0, 0, 1, 1, 2, 2], category=[0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(baseline(panel, 10).mean, said_with_loops(panel, 10), rtol=1e-6)


def test_nothing_sold_gives_nothing() -> None:
    found = baseline(panel_of(np.zeros((2, 30))), 5)
    assert found.mean.max() == 0
    assert np.isfinite(found.level_cv2).all()


def test_weeks_have_no_weekdays() -> None:
    # g = 4, in steps of 2 % exp(1.38).
    found = baseline(panel_of(np.full((1, 30), 4.0), freq="W"), 3)
    weight = sum(0.5 ** (age / 13) for age in range(30))
    np.testing.assert_allclose(found.mean, (4 * weight + 0.5) / (weight + 0.5 / math.exp(1.38)), rtol=1e-6)


def test_a_new_series_starts_from_its_category() -> None:
    units = np.full((3, 40), 3.0)
    units[2, :-1] = np.nan
    units[2, -1] = 0
    found = baseline(panel_of(units), 7).mean.mean(axis=1)
    assert 0.1 < found[2] / found[0] < 0.6
