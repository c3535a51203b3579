"""Explained forecasts: factors by hand, a boosted model's drivers against the model itself, errors, and the picture."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner, Result

from prohandel.errors import ProhandelError
from prohandel.forecast import store
from prohandel.forecast.batch import assembled
from prohandel.forecast.commands import forecast_app
from prohandel.forecast.explain import DAYS, Explanation, factors_of
from prohandel.forecast.explain_plot import svg, write_plot
from prohandel.forecast.store import Outcome
from prohandel.forecast.trained import Training
from prohandel.forecast.warehouse_series import read_series
from prohandel.pipeline.target import Target
from tests.python.forecast_watch import small_warehouse

ORIGIN = date(2026, 3, 1)
"""A Sunday."""


def call(*words: str) -> Result:
    return CliRunner().invoke(forecast_app, ["explain", *words])


@pytest.fixture
def explained(connected: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A batch of a boosted model on twelve series; the first one's last two days had no stock."""
    rng = np.random.default_rng(2)
    units, share = rng.poisson(2.0, (12, 150)).astype(float), np.ones((12, 150))
    units[0, -2:], share[0, -2:] = 0.0, 0.0
    small_warehouse.write(connected, units, ORIGIN, share=share)
    series = read_series(connected, "intermediate")
    made = Training(series.panel, 14).forecast("boosted")
    names = np.full(12, "boosted")
    batch = assembled(series, np.arange(12), names, {"boosted": made}, 14)
    run_id = store.begin_run(connected, "forecasting", ORIGIN, 14, "test", {})
    store.write_batch(connected, "forecasting", run_id, batch, Outcome("test", list(made.artefacts)))
    connected.execute(
        """
        drop table if exists marts.reorder_recommendations;
        create table marts.reorder_recommendations as
        select '100' as article_number, '0901' as branch_number, 3 as on_hand, 18 as recommended_order_units,
            0.9 as service_level, 'Sells 14 a week, 3 left: order 18.' as reason;
        insert into forecasting.overrides (article_number, branch_number, starts_on, ends_on, factor, reason, author)
        values ('100', '0901', '2026-03-05', '2026-03-06', 2, 'market', 'anna'),
            ('100', '0901', '2026-04-05', '2026-04-06', 2, 'too late', 'anna')
        """
    )
    return connected


def test_factors_multiply_to_the_forecast() -> None:
    # A level of 2, Saturdays four times as much as other days (2.8 and 0.7), April half as strong as March.
    days = [date(2026, 3, 23) + timedelta(days=ahead) for ahead in range(14)]
    month = np.ones(12)
    month[3] = 0.5
    mean = np.array([2.0 * (2.8 if day.weekday() == 5 else 0.7) * (0.5 if day.month == 4 else 1.0) for day in days])
    found = factors_of(mean, days, month)
    assert found["level"] == pytest.approx(2.0)
    assert found["weekday"] == {day: pytest.approx(2.8 if day == "Saturday" else 0.7) for day in DAYS}
    assert found["month"] == {"3": 1.0, "4": 0.5}


def test_days_after_a_season_are_no_weekday_without_sales() -> None:
    days = [date(2026, 3, 23) + timedelta(days=ahead) for ahead in range(14)]
    found = factors_of(np.array([1.0] * 7 + [0.0] * 7), days, np.ones(12))
    assert (found["level"], set(found["weekday"].values())) == (1.0, {1.0})
    assert factors_of(np.zeros(14), days, np.ones(12))["weekday"]["Monday"] is None


def test_a_boosted_forecast_is_explained(target: Target, explained: psycopg.Connection[Any]) -> None:
    result = call("100", "0901", "--json")
    assert result.exception is None
    found = json.loads(result.stdout)
    stored = store.read_batch(explained, "forecasting", ORIGIN, [("0901", "100")])
    assert found["mean"] == pytest.approx(stored.mean[0].tolist(), abs=1e-4)
    assert found["quantiles"]["p95"] == stored.quantiles[0, 12].tolist()
    assert (found["model"], found["is_from_batch"], found["censored_days"]) == ("boosted", True, 2)
    assert len(found["history"]) == 150
    assert found["history"][-3:][0][0] == "2026-02-27"
    assert [one["override_id"] for one in found["overrides"]] == [1]
    assert found["order"]["recommended_order_units"] == 18
    # SHAP values add up to what the model makes of the plain forecast, the logarithm of which is its offset.
    from prohandel.forecast.features import future_rows

    panel = read_series(explained, "intermediate").panel
    rows = future_rows(panel, slice(0, 12), 14)
    place = next(row for row in range(12) if small_warehouse.key(row) == ("0901", "100"))
    offset = rows.offset.reshape(12, 14)[read_series(explained, "intermediate").keys.index(("0901", "100"))]
    assert place == 0
    added = np.log(np.array(found["mean"])) - offset
    assert np.log([factor for _, factor in found["drivers"]]).sum() == pytest.approx(added.mean(), abs=2e-3)


def test_words_and_pictures(target: Target, explained: psycopg.Connection[Any], tmp_path: Path) -> None:
    plot = tmp_path / "forecast.svg"
    result = call("100", "0901", "--plot", str(plot))
    assert result.exception is None
    for words in ("model boosted", "2 days without full stock", "order 18", "of anna: x 2 from 2026-03-05"):
        assert words in result.stdout
    assert "too late" not in result.stdout
    ET.fromstring(plot.read_text(encoding="utf-8"))  # noqa: S314
    page = tmp_path / "forecast.html"
    assert call("100", "0901", "--plot", str(page)).exception is None
    assert "order 18" in page.read_text(encoding="utf-8")
    assert "neither an SVG" in str(call("100", "0901", "--plot", "forecast.png").exception)


def test_what_is_not_known_is_said(target: Target, explained: psycopg.Connection[Any]) -> None:
    for words, says in (
        (("10", "0901"), "There is no article 10.\nDid you mean 100?"),
        (("100", "901"), "There is no branch 901.\nDid you mean 0901"),
        (("200", "0902"), "There is no forecast of article 200 in branch 0902."),
    ):
        error = call(*words).exception
        assert isinstance(error, ProhandelError)
        assert str(error).startswith(says)


def test_the_baseline_of_the_marts_is_explained_without_a_batch(
    target: Target, connected: psycopg.Connection[Any]
) -> None:
    small_warehouse.write(connected, np.ones((2, 30)), ORIGIN)
    connected.execute(
        """
        drop table if exists marts.reorder_recommendations;
        create table marts.demand_forecast as
        select '100' as article_number, '0901' as branch_number, date '2026-03-01' + ahead as forecast_date,
            1.5 as demand_mean, 1 as demand_p50, 2 as demand_p80, 4 as demand_p95, 'baseline' as model,
            date '2026-03-01' as forecast_origin, 0.3 as dispersion, 0.04 as level_cv2
        from generate_series(1, 14) as days (ahead)
        """
    )
    try:
        found = json.loads(call("100", "0901", "--json").stdout)
        shown = call("100", "0901").stdout
    finally:
        connected.execute("drop table marts.demand_forecast")
    assert (found["model"], found["is_from_batch"], found["factors"]["level"]) == ("baseline", False, 1.5)
    assert found["factors"]["level_error"] == pytest.approx(0.2)
    assert "embedded in the marts" in shown
    assert "no order recommendation" in shown


def picture_of(**values: Any) -> Explanation:
    plain = Explanation(
        "1 & 2", "0901", "m", ORIGIN, True, [ORIGIN + timedelta(days=1)], [0.0], [], {}, {}, [],
        [(ORIGIN, 0.0, 1.0)],
    )  # fmt: skip
    return replace(plain, **values)


@pytest.mark.parametrize(
    "explained", [picture_of(), picture_of(history=[]), picture_of(mean=[1e6], model_mean=[3.0])],
    ids=["zeros", "no history", "large"],
)  # fmt: skip
def test_odd_pictures_are_drawn(explained: Explanation, tmp_path: Path) -> None:
    ET.fromstring(svg(explained))  # noqa: S314
    with pytest.raises(ProhandelError, match="cannot be written"):
        write_plot(explained, tmp_path / "none" / "a.svg")
