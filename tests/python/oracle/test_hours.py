"""Opening hours without stock, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from .small import built, rows, sale, seeds, stock, version

# In June Berlin is two hours ahead of UTC.
_BUSY = [f"2025-06-{day:02d} {hour:02d}:00:00+00" for day in (6, 7, 10, 11) for hour in range(7, 18)]
_BUSY += [f"2025-06-12 {hour:02d}:00:00+00" for hour in range(7, 17)]


def _hours(branch: str, history: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """stockout_hours of a pair by day, in a company whose stock changes by the hour elsewhere until the 12th."""
    clock = [
        version("B1", "CLOCK", str(at % 2 + 1), start, end, id="clock")
        for at, (start, end) in enumerate(zip(_BUSY, [*_BUSY[1:], None], strict=True))
    ]
    sold = [sale("1", "2025-06-06", "COAT", "1", branch_number=branch), sale("2", "2025-06-12", "HAT", "1")]
    marts = built(
        sold, history=[*clock, *history], inventory=[stock("B1", "CLOCK", "1", _BUSY[-1], id="clock")], **more
    )
    daily = rows(marts, "fct_inventory_daily")
    return {key[8:10]: row["stockout_hours"] for key, row in daily.items() if key.endswith(f"{branch}/COAT")}


def _pair(branch: str) -> list[dict[str, Any]]:
    return [
        version(branch, "COAT", "2", "2025-06-05 08:00:00+00", "2025-06-06 10:29:59.999+00"),
        # empty from 12:30 on the 6th to 11:15 on the 10th, and from 16:00 on the 11th on
        version(branch, "COAT", "0", "2025-06-06 10:30:00+00", "2025-06-10 09:14:59.999+00"),
        version(branch, "COAT", "1", "2025-06-10 09:15:00+00", "2025-06-11 13:59:59.999+00"),
        version(branch, "COAT", "-1", "2025-06-11 14:00:00+00"),
    ]


def test_hours_between_opening_and_closing() -> None:
    hours = _hours("B1", _pair("B1"))
    # open from 10:00 to 19:00; the 8th is a Sunday, on the 9th no stock was observed, on the 12th not after closing
    assert hours == {
        "05": None,
        "06": 6.5,
        "07": 9.0,
        "08": 0.0,
        "09": None,
        "10": 1.25,
        "11": 3.0,
        "12": None,
    }


def test_a_branch_that_is_open_day_and_night() -> None:
    hours = _hours("B3", _pair("B3"))
    # 11 of 24 hours were seen at most
    assert set(hours.values()) == {None}


def test_holidays_of_its_state_close_a_branch() -> None:
    hours = _hours("B4", _pair("B4"))
    # open from 9:30 to 11:00; the 9th is a holiday in its state, the 11th elsewhere
    assert hours == {
        "05": None,
        "06": 0.0,
        "07": 1.5,
        "08": 0.0,
        "09": 0.0,
        "10": 1.5,
        "11": 0.0,
        "12": 1.5,
    }


def test_a_branch_of_an_unknown_state_keeps_the_holidays_of_all_states() -> None:
    assert seeds().holidays("unknown") == {date(2025, 12, 25)}
    assert seeds().holidays("SN") == {date(2025, 6, 11), date(2025, 12, 25)}
