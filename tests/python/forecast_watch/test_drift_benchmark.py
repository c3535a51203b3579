"""What the benchmark of the watch plants, and what it says of what was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import drift_world
from benchmarks.drift_report import page
from benchmarks.drift_world import EVENTS, plant
from benchmarks.forecast_drift import Found, Quiet, misses
from benchmarks.replenishment_world import HISTORY_WEEKS

WEEK = 10
START = (HISTORY_WEEKS + WEEK) * 7
FOUND = Found(1, "promotion", "category:1", "tracking_signal", 2, 1, 1, -0.4, 0.02, float("nan"), 2)
QUIET = Quiet(1, 20, 1, [("all", "psi", 3)], 520)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift_world, "ARTICLES", 12)
    monkeypatch.setattr(drift_world, "SEASON_ARTICLES", 2)


@pytest.mark.parametrize("event", EVENTS)
def test_a_trouble_begins_on_its_day_and_changes_nothing_before(event: str) -> None:
    quiet, troubled = plant(7, None, WEEK), plant(7, event, WEEK)
    before, after = quiet.world.world, troubled.world.world
    np.testing.assert_array_equal(before.demand[:, :START], after.demand[:, :START])
    np.testing.assert_array_equal(before.lead_time_days[:, : START - 7], after.lead_time_days[:, : START - 7])
    is_demand_changed = bool((before.demand != after.demand).any())
    assert is_demand_changed == (event != "supplier delay")
    assert (before.lead_time_days != after.lead_time_days).any() == (event == "supplier delay")


def test_the_size_of_troubles() -> None:
    quiet = plant(7, None, WEEK).world
    code = quiet.category == np.bincount(quiet.category[:100]).argmax()
    usual = quiet.world.demand[code]
    regime, promotion = (plant(7, event, WEEK).world.world.demand[code] for event in ("regime change", "promotion"))
    assert regime[:, START:].sum() / usual[:, START:].sum() == pytest.approx(1.7, abs=0.1)
    during = slice(START, START + 21)
    assert promotion[:, during].sum() / usual[:, during].sum() == pytest.approx(2.2, abs=0.3)
    np.testing.assert_array_equal(promotion[:, START + 21 :], usual[:, START + 21 :])
    assert plant(7, "closed branch", WEEK).world.world.demand[quiet.branch == 3, START:].sum() == 0
    season = plant(7, "new season", WEEK)
    assert (season.launch_day == START).sum() == 20
    assert season.world.world.demand[season.launch_day == START, :START].sum() == 0
    assert season.world.world.demand[season.launch_day == START, START:].sum() > 0


def test_what_is_missed_is_said() -> None:
    assert misses([QUIET], [FOUND]) == []
    late, never = replace(FOUND, runs_to_flag=3), replace(FOUND, runs_to_flag=None, runs_to_recover=None)
    said = misses([replace(QUIET, flagged_weeks=2)], [late, never])
    assert [one.split(": ")[1].split(" ")[0] for one in said] == ["2", "promotion", "promotion", "promotion"]


def test_the_page_shows_every_run() -> None:
    text = page([QUIET], [FOUND], [])
    assert "| 1 | 20 | 520 | 1 | all psi (week 4) |" in text
    assert "| 1 | promotion | category:1 | tracking_signal | 2 | 1 | 1 | -40 % | +2 % |  |" in text
    assert text.endswith("## Missed\n\nNothing.\n")
