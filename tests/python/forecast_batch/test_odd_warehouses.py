"""Warehouses with nothing, with little, and with what cannot be: a clear answer each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from prohandel.errors import ProhandelError
from prohandel.forecast import store
from prohandel.forecast.batch import Options, Place, run_batch
from tests.python.forecast_batch.world import one_series, span, write
from tests.python.forecasting_models.panels import A

DAY = timedelta(days=1)


def test_without_models_it_says_what_to_build(connected: psycopg.Connection[Any], place: Place) -> None:
    with pytest.raises(ProhandelError, match=r"no intermediate\.int_forecasting__series") as raised:
        run_batch(connected, place, Options())
    assert "prohandel run" in raised.value.remedy


def test_an_unknown_model_is_named(connected: psycopg.Connection[Any], place: Place) -> None:
    with pytest.raises(ProhandelError, match="no model oracle") as raised:
        run_batch(connected, place, Options("oracle"))
    assert "negative_binomial" in raised.value.remedy


@pytest.mark.parametrize(
    ("series", "spans", "message"),
    [
        ([], [], "has no rows"),
        ([one_series(is_forecastable=False)], [], "None of the 1 series"),
        ([one_series(series_start=A + DAY)], [], "after its end"),
        (
            [one_series(), one_series(article_number="c", series_end=A - DAY)],
            [],
            "ends on different days, 2026-03-28 to 2026-03-29",
        ),
        ([one_series()], [span(A - 3 * DAY, A, "NaN")], "no number: branch b, article a, first_day 2026-03-26"),
        ([one_series()], [span(A - 3 * DAY, A, -2)], "negative demand_units: branch b, article a"),
        ([one_series()], [span(A - 3 * DAY, A, 1, 1.5)], "in_stock_share outside of 0 to 1"),
        ([one_series()], [span(A, A - 3 * DAY, 1)], "last_day before its first_day"),
    ],
)
def test_what_cannot_be_forecast_is_refused_by_name(
    connected: psycopg.Connection[Any],
    place: Place,
    series: list[dict[str, Any]],
    spans: list[dict[str, Any]],
    message: str,
) -> None:
    write(connected, series, spans)
    with pytest.raises(ProhandelError, match=message):
        run_batch(connected, place, Options())
    assert connected.execute("select to_regclass('forecasting.runs')").fetchone() == (None,)


@pytest.mark.parametrize("model", ["negative_binomial", "boosted", "seasonal_naive", "auto"])
@pytest.mark.parametrize(
    ("series", "spans"),
    [
        ([one_series(series_start=A)], [span(A, A, 3)]),
        ([one_series(series_start=A)], []),
        ([one_series()], [span(A - 59 * DAY, A, 0)]),
        ([one_series()], [span(A - 59 * DAY, A - 30 * DAY, 2), span(A - 29 * DAY, A, 0, 0)]),
    ],
    ids=["one day", "one day without stock", "all zeros", "stock gone or below zero"],
)
def test_little_is_enough(
    connected: psycopg.Connection[Any],
    place: Place,
    model: str,
    series: list[dict[str, Any]],
    spans: list[dict[str, Any]],
) -> None:
    write(connected, series, spans)
    run_batch(connected, place, Options(model, threads=1))
    stored = store.read_batch(connected, "forecasting", A)
    assert stored.mean.shape == (1, 28)
    assert np.isfinite(stored.mean).all()
    assert np.isfinite(stored.quantiles).all()
    assert (stored.mean >= 0).all()
    assert (np.diff(stored.quantiles, axis=1) >= 0).all()
    assert np.isfinite([stored.dispersion, stored.level_cv2]).all()
    if not any(each["demand_units"] for each in spans):
        assert not stored.mean.any()


def test_a_date_of_two_hundred_years_ago_does_no_harm(connected: psycopg.Connection[Any], place: Place) -> None:
    old = date(1826, 3, 29)
    write(
        connected,
        [one_series(series_start=old), one_series(article_number="c")],
        [
            span(old, A - 400 * DAY, 5),
            span(A - 399 * DAY, A - 1 * DAY, 2),
            span(A, A, 1),
            span(A - 5 * DAY, A, 1, article="c"),
        ],
    )
    summary = run_batch(connected, place, Options())
    assert len(summary.warnings) == 1
    assert "1 series begin before 1970, first branch b, article a on 1826-03-29" in summary.warnings[0]
    stored = store.read_batch(connected, "forecasting", A)
    assert stored.history_days.tolist() == [728, 60]
