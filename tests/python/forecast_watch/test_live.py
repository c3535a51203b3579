"""Live scores and value added, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import psycopg
import pytest

from prohandel.forecast import store
from prohandel.forecast.live import Stored, orders_against_recommended, score_stored, value_added, write_scores
from prohandel.forecast.panel import Panel
from prohandel.forecast.store import Batch, Outcome
from prohandel.forecast.warehouse_series import read_series
from tests.python.forecast_watch import small_warehouse

ORIGIN = date(2026, 3, 1)


def stored(mean: list[float], model_mean: list[float]) -> Stored:
    one = np.ones(1)
    return Stored(ORIGIN, np.array([0]), np.array(["m"]), np.array([mean]), np.array([model_mean]), one, one)


def panel(units: list[float], share: list[float] | None = None) -> Panel:
    """One series whose last week before the origin comes first."""
    days = np.datetime64("2026-02-23") + np.arange(len(units))
    stock = np.array([share or [1.0] * len(units)], dtype=np.float32)
    return Panel(("one",), days, "D", np.array([units], dtype=np.float32), stock)


def test_only_days_that_have_passed_with_full_stock_are_scored() -> None:
    week = [1, 0, 2, 0, 0, 5, 0]
    scored = score_stored(
        stored([2.0, 1.0, 1.0, 9.0], [1.0, 1.0, 4.0, 9.0]), panel([*week, 3, 7, 0], [1.0] * 8 + [0.5, 1.0])
    )
    # Days 1 and 3: sold 3 and 0; used 2 and 1, model 1 and 4, naive (last Monday and Wednesday) 1 and 2.
    found = [values[0] for values in vars(scored).values()]
    assert found == [2, 3.0, 3.0, 2.0, 6.0, 4.0]


def test_the_naive_forecast_repeats_the_last_week() -> None:
    week = [1, 0, 2, 0, 0, 5, 0]
    scored = score_stored(stored([0.0] * 10, [0.0] * 10), panel([*week, *week, 1, 0, 2]))
    assert scored.naive_abs_error.tolist() == [0.0]
    assert scored.abs_error.tolist() == [11.0]


def test_nothing_has_passed() -> None:
    assert score_stored(stored([1.0], [1.0]), panel([1] * 7)).days.tolist() == [0]


@pytest.fixture
def scored(connected: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Two series with forecasts of 1 a day; a planner has doubled the first one's four days, of which two have passed.

    The first sold 2 and 3 on them, the second nothing.
    """
    units = np.zeros((2, 9))
    units[0, 7:] = [2, 3]
    small_warehouse.write(connected, units, date(2026, 3, 3))
    n, days = 2, 4
    mean = np.array([[2.0] * days, [1.0] * days], dtype=np.float32)
    batch = Batch(
        ORIGIN, [("0901", "100"), ("0902", "100")], ["m"] * n, np.zeros(n, dtype=bool), mean,
        np.zeros((n, 14, days), dtype=np.float32), np.array([[1.0] * days, [np.nan] * days], dtype=np.float32),
        np.ones(n, dtype=np.float32), np.ones(n, dtype=np.float32), np.ones(n, dtype=np.int32),
        np.zeros(n, dtype=np.int32),
    )  # fmt: skip
    run_id = store.begin_run(connected, "forecasting", ORIGIN, days, "test", {})
    store.write_batch(connected, "forecasting", run_id, batch, Outcome("test"))
    connected.execute(
        "insert into forecasting.overrides (article_number, branch_number, starts_on, ends_on, factor, reason, author)"
        " values ('100', '0901', '2026-03-02', '2026-03-05', 2, 'market', 'anna')"
    )
    return connected


def test_scores_are_written_once_and_renewed(scored: psycopg.Connection[Any]) -> None:
    series = read_series(scored, "intermediate")
    assert write_scores(scored, "forecasting", series) == 2
    first = scored.execute("select * from forecasting.live_scores order by branch_number").fetchall()
    assert first == [
        (ORIGIN, "0901", "100", "m", 2, 5.0, 4.0, 1.0, 3.0, 5.0),
        (ORIGIN, "0902", "100", "m", 2, 0.0, 2.0, 2.0, 2.0, 0.0),
    ]
    assert write_scores(scored, "forecasting", series) == 2
    assert scored.execute("select * from forecasting.live_scores order by branch_number").fetchall() == first


def test_settled_forecasts_are_left_alone(scored: psycopg.Connection[Any]) -> None:
    series = read_series(scored, "intermediate")
    write_scores(scored, "forecasting", series)
    small_warehouse.write(scored, np.zeros((2, 30)), date(2026, 3, 24))
    later = read_series(scored, "intermediate")
    assert write_scores(scored, "forecasting", later) == 0
    assert write_scores(scored, "forecasting", replace(later, panel=later.panel.until(17))) == 2


def test_value_added_is_what_planners_took_off_the_error(scored: psycopg.Connection[Any]) -> None:
    write_scores(scored, "forecasting", read_series(scored, "intermediate"))
    everything, changed, anna = value_added(scored, "forecasting")
    assert (everything["of"], changed["of"], anna["of"]) == (
        "all forecasts", "changed by planners", "changed by anna",
    )  # fmt: skip
    # The planner's errors are 0 + 1, the model's 1 + 2, the naive forecast's 2 + 3, of 5 units.
    assert (changed["series"], changed["wape"], changed["model_wape"], changed["naive_wape"]) == (1, 0.2, 0.6, 1.0)
    assert (changed["value_added"], changed["helped_share"]) == (pytest.approx(0.4), 1.0)
    assert (everything["series"], everything["wape"], everything["model_wape"]) == (2, 0.6, 1.0)
    assert {**anna, "of": changed["of"]} == changed


def test_orders_are_held_against_what_was_proposed(connected: psycopg.Connection[Any]) -> None:
    assert orders_against_recommended(connected, "forecasting", "marts") == []
    connected.execute(
        """
        create table marts.fct_inventory_daily as
        select date '2026-03-01' + day as date_day, '0901' as branch_number, '100' as article_number,
            case day when 5 then 8 when 29 then 99 else 0 end as inferred_receipts, 1 as demand_units
        from generate_series(0, 40) as days (day);
        insert into forecasting.proposals
            (proposed_on, article_number, branch_number, supplier, units, value_cost, status)
        values ('2026-03-01', '100', '0901', 'Nord', 10, 50, 'accepted'), ('2026-03-01', '200', '0901', 'Nord', 4, 8,
            'rejected')
        """
    )
    try:
        accepted, rejected = orders_against_recommended(connected, "forecasting", "marts")
    finally:
        connected.execute("drop table marts.fct_inventory_daily")
    # Of 28 days after the first of March, one brought 8 units; the 99 of the 29th are not counted.
    assert list(accepted.values()) == ["accepted", 1, 10.0, 50.0, 8.0, 28.0, 0.8]
    assert list(rejected.values()) == ["rejected", 1, 4.0, 8.0, 0.0, 0.0, 0.0]
