"""Features look back only: what happens on a day or later changes none of them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tests.python.forecasting_models.panels import A, random_case
from tests.python.forecasting_models.queries import Queries

HORIZON = 28
TARGETS = ("demand_units", "in_stock_share")
WINDOWS = (7, 28, 91, 364)
SEEN = (
    "demand_lag_1",
    *(f"demand_same_weekday_{week}" for week in range(1, 5)),
    *(f"demand_mean_{window}d" for window in WINDOWS),
    "in_stock_share_28d", "demand_trend", "demand_mean_last_year", "days_since_demand",
    "label_price_28d", "label_price_depth_28d", "discount_rate_7d", "discount_rate_28d",
)  # fmt: skip
KNOWN = (
    "seen_until", "days_ahead", "age_days", "season_day", "days_until_season_end", "season_phase", "iso_weekday",
    "is_promotion", "category", "list_price_gross", "sizes",
)  # fmt: skip
KEY = ("branch_number", "article_number", "date_day")
Tables = dict[str, list[dict[str, Any]]]


def _tables(seed: int, days: int) -> Tables:
    case = random_case(seed, days)
    tables = case.tables()
    draw = np.random.default_rng(seed)
    for row in tables["intermediate.int_forecasting__series"]:
        row |= {"list_price_gross": 50, "season_starts_on": date(2026, 2, 1), "season_ends_on": date(2026, 7, 31)}
    tables["intermediate.int_forecasting__calendar"] = [
        {"branch_number": branch, "date_day": day, "iso_weekday": day.isoweekday(), "is_promotion": day.day == 1}
        for branch in ("b", "c")
        for day in (case.day(0) + timedelta(days=n) for n in range(days + HORIZON))
    ]
    tables["marts.fct_sales_daily"] = [
        {
            "date_day": case.day(int(place)),
            "branch_number": branch,
            "article_number": article,
            "demand_units": case.units[row, place],
            "label_value": 40 * case.units[row, place],
            "discount_amount": float(draw.integers(0, 9)),
        }
        for row, (branch, article) in enumerate(case.keys)
        for place in np.flatnonzero(case.units[row] > 0)
    ]
    return tables


def _features(queries: Queries, tables: Tables, columns: tuple[str, ...]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = queries.run(tables, "int_forecasting__features", KEY + columns)
    return {row[:3]: row[3:] for row in rows}


def _changed_from(tables: Tables, day: date) -> Tables:
    """Everything that happened on that day or later is another thing: demand, stock, prices."""
    eve = day - timedelta(days=1)
    spans = [
        {**span, "last_day": min(span["last_day"], eve)}
        for span in tables["intermediate.int_forecasting__demand_spans"]
        if span["first_day"] < day
    ]
    for row in tables["intermediate.int_forecasting__series"]:
        key = {name: row[name] for name in KEY[:2]}
        for place in range((A - day).days + 1):
            later = day + timedelta(days=place)
            spans.append({**key, "first_day": later, "last_day": later, "demand_units": 77, "in_stock_share": 0.3})
    sales = [
        row if row["date_day"] < day else {**row, "demand_units": 77, "label_value": 9, "discount_amount": 5}
        for row in tables["marts.fct_sales_daily"]
    ]
    return {**tables, "intermediate.int_forecasting__demand_spans": spans, "marts.fct_sales_daily": sales}


@pytest.mark.parametrize("days_before", [0, 1, 6, 7, 40])
def test_no_feature_of_a_day_sees_that_day_or_a_later_one(queries: Queries, days_before: int) -> None:
    tables, day = _tables(1, 120), A - timedelta(days=days_before)
    before = _features(queries, tables, SEEN + KNOWN)
    after = _features(queries, _changed_from(tables, day), SEEN + KNOWN)
    assert before.keys() == after.keys()
    untouched = {key: row for key, row in before.items() if key[2] <= day}
    assert len(untouched) > 100
    assert untouched == {key: after[key] for key in untouched}
    # The change is one that features of later days do see.
    assert any(before[key] != after[key] for key in before if key[2] > day)


def test_the_changed_days_are_seen_as_what_is_to_be_learned(queries: Queries) -> None:
    tables, day = _tables(1, 60), A - timedelta(days=3)
    found = _features(queries, _changed_from(tables, day), TARGETS)
    assert {row for key, row in found.items() if day <= key[2] <= A} == {(77, Decimal("0.3"))}
    assert {row for key, row in found.items() if key[2] > A} == {(None, None)}


def test_days_after_tomorrow_see_what_tomorrow_sees(queries: Queries) -> None:
    columns = ("days_ahead", "demand_lag_1", "demand_mean_28d", "days_since_demand", "discount_rate_28d")
    found = _features(queries, _tables(2, 80), columns)
    for branch, article in {key[:2] for key in found}:
        of_pair = [found[branch, article, A + timedelta(days=ahead)] for ahead in range(1, HORIZON + 1)]
        assert [row[0] for row in of_pair] == list(range(1, HORIZON + 1))
        assert {row[1:] for row in of_pair} == {of_pair[0][1:]}


def test_features_against_numpy(queries: Queries) -> None:
    """Rolling means, lags and weekdays, worked out from the days themselves."""
    case = random_case(3, 200)
    tables = _tables(3, 200)
    found = _features(queries, tables, ("seen_until", *SEEN[:11]))
    for row, (branch, article) in enumerate(case.keys):
        for place in range(max(case.starts[row], 60), case.length + HORIZON, 17):
            day = case.day(0) + timedelta(days=place)
            seen = min(place - 1, case.length - 1)
            got = found[branch, article, day]
            assert got[0] == case.day(seen)
            expected: list[float | None] = [case.units[row, seen]]
            newest = place - 7 * -(-(place - seen) // 7)
            expected += [case.units[row, newest - 7 * week] for week in range(4)]
            for window in WINDOWS:
                days = slice(max(0, seen - window + 1), seen + 1)
                exposure = case.share[row, days].sum()
                expected.append(case.units[row, days].sum() / exposure if exposure else None)
            expected.append(case.share[row, max(0, seen - 27) : seen + 1].sum() / 28)
            figures = [None if figure is None else float(figure) for figure in got[1:11]]
            assert figures == pytest.approx(expected, abs=1e-6), (branch, article, day)
