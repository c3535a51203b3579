"""The weekly look on a database: a drift is flagged, told, learned from, and over."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

from prohandel.forecast.commands import forecast_app
from prohandel.forecast.drift_limits import LIMITS
from prohandel.forecast.drift_symptoms import look as symptoms
from prohandel.forecast.warehouse_series import read_series
from prohandel.forecast.watching import Judged, known_breaks, look, needs_selection, prepare
from prohandel.pipeline.target import Target
from prohandel.quality.channels import Rules
from prohandel.quality.incidents import Incident
from prohandel.quality.watch import watch_forecasts
from tests.python.forecast_watch import small_warehouse

SUNDAY = date(2026, 3, 1)
"""Of the last week before trousers sell twice as much."""
NOW = datetime(2026, 3, 16, 6, tzinfo=UTC)


def sales(weeks_after: int) -> np.ndarray:
    """(24, T) half a year and some weeks; the first half of the series doubles after SUNDAY."""
    rng = np.random.default_rng(4)
    length = 182 + 7 * weeks_after
    mean = np.full((24, length), 3.0)
    mean[:12, 182:] *= 2.0
    return rng.poisson(mean).astype(float)


def at(conn: psycopg.Connection[Any], weeks_after: int) -> Judged:
    """The look on the Monday after so many weeks."""
    small_warehouse.write(conn, sales(3)[:, : 182 + 7 * weeks_after], SUNDAY + timedelta(days=7 * weeks_after))
    return look(conn, "forecasting", "intermediate", read_series(conn, "intermediate"))


@pytest.fixture
def watched(connected: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Forecasts of the three weeks before, and of the first one after."""
    small_warehouse.write(connected, sales(0), SUNDAY)
    prepare(connected, "forecasting")
    for week in range(3, -1, -1):
        small_warehouse.forecast(connected, SUNDAY - timedelta(days=7 * week))
    return connected


def drifting(conn: psycopg.Connection[Any]) -> list[str]:
    rows = conn.execute("select segment from forecasting.drift where is_drifting order by week, segment").fetchall()
    return [row[0] for row in rows]


def opened(target: Target) -> list[Incident]:
    return watch_forecasts(target, Rules(channels=()), NOW, send=lambda *_: True)


def test_a_drift_is_flagged_told_learned_from_and_over(target: Target, watched: psycopg.Connection[Any]) -> None:
    quiet = at(watched, 0)
    assert (quiet.week, drifting(watched), symptoms(watched, "forecasting")) == (SUNDAY - timedelta(days=6), [], [])
    assert opened(target) == []

    found = at(watched, 1)
    assert "category:Hosen" in drifting(watched)
    assert "category:Hemden" not in drifting(watched)
    (learned,) = found.breaks
    assert (learned.segment, learned.since) == ("category:Hosen", SUNDAY + timedelta(days=1))
    assert learned.ratio == pytest.approx(2.0, abs=0.15)
    assert "category:Hosen" in needs_selection(watched, "forecasting")
    (incident,) = opened(target)
    assert (incident.kind, incident.severity, incident.owner) == ("forecast_drift", "warn", "merchandising")
    assert incident.symptoms[0].startswith("category:Hosen sells more than was forecast (")
    assert incident.since == datetime(2026, 3, 1, 23, tzinfo=UTC)

    small_warehouse.forecast(watched, SUNDAY + timedelta(days=7))
    over = at(watched, 2)
    assert [one for verdicts in over.verdicts.values() for one in verdicts if one.is_drifting] == []
    assert (opened(target), needs_selection(watched, "forecasting")) == ([], [])
    assert known_breaks(watched, "forecasting", SUNDAY) == [learned]


def test_without_a_batch_that_has_learned_the_drift_goes_on(watched: psycopg.Connection[Any]) -> None:
    at(watched, 1)
    again = at(watched, 2)
    signals = {one.segment: one.tracking_signal for one in again.verdicts["negative_binomial"]}
    assert signals["category:Hosen"] > LIMITS.tracking_signal(len(signals))


def test_a_second_look_gives_the_same_rows(watched: psycopg.Connection[Any]) -> None:
    at(watched, 1)
    first = watched.execute("select * from forecasting.drift order by 1, 2, 3").fetchall()
    learned = watched.execute("select * from forecasting.breaks").fetchall()
    assert at(watched, 1).week == SUNDAY + timedelta(days=1)
    assert watched.execute("select * from forecasting.drift order by 1, 2, 3").fetchall() == first
    assert watched.execute("select * from forecasting.breaks").fetchall() == learned


def test_days_that_a_planner_has_changed_are_not_judged(watched: psycopg.Connection[Any]) -> None:
    watched.execute(
        "update forecasting.forecasts set model_mean = demand_mean, demand_mean = array_fill(6::real, array[28])"
        " where forecast_origin = %s and article_number < '106'",
        [SUNDAY],
    )
    at(watched, 1)
    assert drifting(watched) == []


def test_no_forecast_covers_a_week_yet(connected: psycopg.Connection[Any]) -> None:
    small_warehouse.write(connected, sales(0), SUNDAY)
    found = look(connected, "forecasting", "intermediate", read_series(connected, "intermediate"))
    assert (found.week, found.scored) == (None, 0)
    assert symptoms(connected, "forecasting") is None
    assert needs_selection(connected, "forecasting") == []


def test_overdue_orders_of_a_supplier_are_told_as_lead_time(watched: psycopg.Connection[Any]) -> None:
    at(watched, 0)
    watched.execute(
        """
        create table intermediate.int_planning__open_orders (
            branch_number text, article_number text, expected_on date, open_units numeric);
        create table intermediate.int_planning__order_policies (
            branch_number text, article_number text, lead_time_sd_days numeric);
        insert into intermediate.int_planning__open_orders values
            ('0901', '100', '2026-02-15', 5), ('0901', '101', '2026-02-22', 5), ('0901', '102', '2026-03-08', 5),
            ('0901', '103', '2026-02-01', 0);
        insert into intermediate.int_planning__order_policies values ('0901', '100', 2), ('0901', '101', 2)
        """
    )
    found = look(watched, "forecasting", "intermediate", read_series(watched, "intermediate"))
    # 14 and 7 days late on the first of March, by a deviation of 2 x 0.798 days, the first with 5 deviations at most;
    # one is not due, one has come.
    assert found.late_suppliers == {"supplier:Nord": pytest.approx((5 + 7 / (0.79788 * 2.0)) * 2**0.5, rel=1e-4)}
    (told,) = symptoms(watched, "forecasting") or []
    assert told.what == "supplier:Nord delivers later than planned, tracking signal 13.3, limit 10.0"
    assert needs_selection(watched, "forecasting") == [], "demand is as it was"


def test_the_command_looks_and_tells(
    target: Target, watched: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    at(watched, 1)
    result = CliRunner().invoke(forecast_app, ["watch", "--json"], catch_exceptions=False)
    report = json.loads(result.stdout)
    assert report["week"] == "2026-03-02"
    assert report["breaks"][0]["segment"] == "category:Hosen"
    assert [one["kind"] for one in report["incidents"]] == ["forecast_drift"]
    assert "category:Hosen" in CliRunner().invoke(forecast_app, ["watch"], catch_exceptions=False).stdout
    value = json.loads(CliRunner().invoke(forecast_app, ["value", "--json"], catch_exceptions=False).stdout)
    assert value["forecasts"][0]["of"] == "all forecasts"
