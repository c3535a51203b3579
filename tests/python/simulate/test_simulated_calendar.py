"""Opening days against the package `holidays`."""

from __future__ import annotations

from datetime import date

import holidays
import pytest

from prohandel.landing.simulate.calendar import STATES, has_clock_change, next_open_day, open_days, public_holidays


@pytest.mark.parametrize("state", STATES)
def test_public_holidays_equal_the_package(state: str) -> None:
    for year in range(2018, 2031):
        assert public_holidays(year, state) == frozenset(holidays.country_holidays("DE", subdiv=state, years=year)), (
            year
        )


def test_stores_shut_on_sundays_and_their_state_s_holidays() -> None:
    bavaria = open_days(date(2025, 1, 1), 12, "BY")
    berlin = open_days(date(2025, 1, 1), 12, "BE")
    assert [int(day) for day in bavaria] == [0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0]
    assert bool(berlin[5])
    assert next_open_day(bavaria)[4] == 6


def test_clock_changes() -> None:
    assert has_clock_change(date(2025, 3, 30))
    assert has_clock_change(date(2025, 10, 26))
    assert not has_clock_change(date(2025, 10, 27))
