"""Runs of stockout days and lost units, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .small import built, days, rows, sale, stock, version
from .stockouts import runs

COAT = {"id": "1", "article_number": "COAT", "price": "119", "cost": "40", "_fivetran_synced": "2025-01-01 00:00:00+00"}


def _events(marts: Any) -> dict[str, dict[str, Any]]:
    return rows(marts, "stockout_events")


def test_runs_are_maximal() -> None:
    flags = np.array([[True, True, False, True], [False, False, False, False], [False, True, True, True]])
    assert runs(flags) == [(0, 0, 2), (0, 3, 4), (2, 1, 4)]


def test_lost_units_follow_the_weekday_and_closed_days_lose_nothing() -> None:
    # B3 opens every day. Two weeks from Monday 2025-06-02: 1 a day, on Saturdays 4, then none is left.
    fortnight = days("2025-06-02", 14)
    saturdays = {"2025-06-07", "2025-06-14"}
    sold = [
        sale(day, day, "COAT", "4" if day in saturdays else "1", sale_price="119", branch_number="B3")
        for day in fortnight
    ]

    def events(branch: str) -> dict[str, dict[str, Any]]:
        marts = built(
            [{**line, "branch_number": branch} for line in sold],
            articles=[COAT],
            history=[
                version(branch, "COAT", "30", "2025-06-01 22:30:00+00", "2025-06-15 19:59:59.999+00"),
                version(branch, "COAT", "0", "2025-06-15 20:00:00+00"),
            ],
            inventory=[stock(branch, "COAT", "0", "2025-06-15 20:00:00+00")],
            as_of_date="2025-06-22",
        )
        return _events(marts)

    found = events("B3")
    # The 15th itself ends without stock, though it sold: it is a stockout day, and in stock.
    assert list(found) == ["B3/COAT/2025-06-15"]
    event = found["B3/COAT/2025-06-15"]
    assert (event["ended_on"], event["stockout_days"]) == (None, 8)
    # 18 units less the one of the 15th on the 13 days before.
    assert event["demand_per_day_before"] == pytest.approx(19 / 13)
    # 21 days since the first line, 20 units in all: the factors are (2 or 8) / 3 weekdays over 20 / 21.
    mean = 20 / 21
    usual, saturday = (2 / 3) / mean, (8 / 3) / mean
    lost = (19 / 13) * (usual * 6 + saturday) + max(0.0, (19 / 13) * usual - 1)
    assert event["estimated_lost_units"] == pytest.approx(lost)
    assert event["estimated_lost_net_revenue"] == pytest.approx(lost * (14 * 100) / 20)
    # B1 is closed on Sundays, the 15th and the 22nd.
    assert events("B1")["B1/COAT/2025-06-15"]["estimated_lost_units"] == pytest.approx(
        (19 / 13) * (usual * 5 + saturday)
    )


def test_a_day_in_stock_ends_a_run() -> None:
    marts = built(
        [sale("1", "2025-06-02", "COAT", "1", sale_price="119", branch_number="B3")],
        articles=[COAT],
        history=[
            version("B3", "COAT", "1", "2025-06-02 08:00:00+00", "2025-06-03 07:59:59.999+00"),
            version("B3", "COAT", "0", "2025-06-03 08:00:00+00", "2025-06-05 07:59:59.999+00"),
            version("B3", "COAT", "1", "2025-06-05 08:00:00+00", "2025-06-06 07:59:59.999+00"),
            version("B3", "COAT", "-1", "2025-06-06 08:00:00+00"),
        ],
        inventory=[stock("B3", "COAT", "-1", "2025-06-06 08:00:00+00")],
        as_of_date="2025-06-07",
    )
    found = _events(marts)
    assert {key[-10:]: (row["ended_on"], row["stockout_days"]) for key, row in found.items()} == {
        "2025-06-03": ("2025-06-04", 2),
        "2025-06-06": (None, 2),
    }
    # One unit on the one day in stock; every weekday but Monday has sold nothing.
    assert found["B3/COAT/2025-06-03"]["demand_per_day_before"] == 1.0
    assert found["B3/COAT/2025-06-03"]["estimated_lost_units"] == 0.0
    assert found["B3/COAT/2025-06-06"]["demand_per_day_before"] == pytest.approx(1 / 2)


def test_without_a_day_in_stock_before_nothing_is_estimated() -> None:
    marts = built(
        [sale("1", "2025-05-01", "COAT", "1", sale_price="119", branch_number="B3")],
        articles=[COAT],
        history=[version("B3", "HAT", "1", "2025-06-01 08:00:00+00")],
        inventory=[stock("B3", "HAT", "1", "2025-06-01 08:00:00+00")],
        as_of_date="2025-06-03",
        ranging_days=60,
    )
    event = _events(marts)["B3/COAT/2025-06-01"]
    # In May the stock is unknown: the day counts as in stock, one unit in 28 days that sold none of them.
    assert (event["stockout_days"], event["demand_per_day_before"], event["estimated_lost_units"]) == (3, 0.0, 0.0)
    never = built(
        [sale("1", "2025-06-01", "COAT", "-1", sale_price="-1"), sale("2", "2025-06-03", "HAT", "1", sale_price="1")],
        history=[version("B1", "COAT", "-1", "2025-06-01 08:00:00+00")],
        inventory=[stock("B1", "COAT", "-1", "2025-06-01 08:00:00+00")],
        as_of_date="2025-06-03",
    )
    # Neither stock nor a sale: not ranged, no stockout; HAT sold out on its first day.
    assert {key: row["demand_per_day_before"] for key, row in _events(never).items()} == {"B1/HAT/2025-06-03": None}
