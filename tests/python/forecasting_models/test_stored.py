"""What `prohandel forecast` has written, as the marts show it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from scipy import stats

from prohandel.forecast.distribution import Demand
from tests.python.forecasting_models.panels import A, random_case
from tests.python.forecasting_models.queries import Queries

COLUMNS = ("article_number", "branch_number", "forecast_date", "demand_mean", "demand_p80", "model", "is_from_batch")
HORIZON = 28
# Models in the place of those that make them.
GIVEN = {
    "intermediate.int_forecasting__batches": (
        "branch_number text, article_number text, run_id bigint, is_fresh boolean"
    ),
    "intermediate.int_forecasting__baseline": (
        "branch_number text, article_number text, iso_weekday integer, demand_mean numeric(28, 15),"
        " dispersion numeric(28, 15), level_cv2 numeric(28, 15)"
    ),
    "marts.demand_forecast": (
        "branch_number text, article_number text, forecast_date date, demand_mean numeric(18, 6),"
        " dispersion numeric(18, 6), level_cv2 numeric(18, 6), model text, forecast_origin date,"
        " is_from_batch boolean"
    ),
}


def _forecast(origin: date, branch: str, article: str, mean: float) -> dict[str, Any]:
    """A stored forecast that rises by a hundredth a day; its 80 % quantile is ten times its mean."""
    means = [mean + day / 100 for day in range(1, HORIZON + 1)]
    return {
        "forecast_origin": origin,
        "branch_number": branch,
        "article_number": article,
        "model": "boosted",
        "is_cold_start": False,
        "demand_mean": means,
        "demand_quantiles": [[10 * each if level == 10 else 0.0 for each in means] for level in range(14)],
        "dispersion": 0.5,
        "level_cv2": 0.1,
    }


def _shown(queries: Queries, forecasts: list[dict[str, Any]]) -> dict[tuple[str, str, int], tuple[float, float, str]]:
    tables = {**random_case(5, 60).tables(), "forecasting.forecasts": forecasts}
    rows = queries.run(tables, "demand_forecast", COLUMNS)
    assert all((model == "boosted") == from_batch for *_, model, from_batch in rows)
    return {
        (branch, article, (day - A).days): (float(mean), float(p80), model)
        for article, branch, day, mean, p80, model, _ in rows
    }


def test_without_a_batch_all_is_baseline(queries: Queries) -> None:
    found = _shown(queries, [])
    assert len(found) == 10 * HORIZON
    assert {model for _, _, model in found.values()} == {"baseline"}


def test_the_newest_fresh_batch_is_used_as_far_as_it_reaches(queries: Queries) -> None:
    origin = A - timedelta(days=7)
    found = _shown(
        queries,
        [
            _forecast(origin, "b", "coat", 2.0),
            _forecast(origin - timedelta(days=1), "b", "coat", 9.0),
            _forecast(origin - timedelta(days=1), "b", "hat", 9.0),
            _forecast(A + timedelta(days=1), "b", "coat", 9.0),
        ],
    )
    for day, mean, upper in ((1, 2.08, 20.8), (21, 2.28, 22.8)):
        assert found["b", "coat", day][:2] == pytest.approx((mean, upper))
        assert found["b", "coat", day][2] == "boosted"
    assert {found["b", "coat", day][2] for day in range(22, 29)} == {"baseline"}
    assert found["b", "hat", 1][2] == "baseline"


def test_a_batch_that_is_a_day_too_old_is_not_used(queries: Queries) -> None:
    found = _shown(queries, [_forecast(A - timedelta(days=8), "b", "coat", 2.0)])
    assert {model for _, _, model in found.values()} == {"baseline"}


def _exact(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(Decimal(str(value)) if isinstance(value, float) else value for value in row.values())


def test_accuracy_and_drift_are_shown_as_stored(queries: Queries) -> None:
    score = {
        "model": "boosted", "segment": "AX", "forecast_origin": A, "horizon_week": 2, "wape": 0.5, "bias": -0.1,
        "rmsse": 0.9, "scaled_pinball": 0.2, "coverage_p80": 0.81, "coverage_p95": 0.94, "n_series": 7, "n_points": 49,
        "is_champion": True,
    }  # fmt: skip
    assert queries.run({"forecasting.scores": [score]}, "forecast_accuracy", tuple(score)) == [_exact(score)]
    drift = {
        "model": "boosted", "segment": "AX", "week": date(2026, 3, 23), "tracking_signal": 4.5, "wape": 0.7,
        "baseline_wape": 0.6, "psi": 0.3, "is_drifting": True,
    }  # fmt: skip
    assert queries.run({"forecasting.drift": [drift]}, "forecast_drift", tuple(drift)) == [_exact(drift)]


@pytest.mark.parametrize(
    ("proposals", "receipts", "expected"),
    [
        # Units, status, decided so many days ago; received units, so many days ago; lead time 7.
        ([(10, "accepted", 3)], [], 10),
        ([(10, "accepted", 300)], [], 10),
        ([(10, "accepted", 3)], [(4, 1)], 6),
        ([(10, "accepted", 3)], [(4, 3)], 10),
        ([(10, "accepted", 3)], [(14, 1)], 0),
        ([(10, "exported", 7)], [], 10),
        ([(10, "exported", 8)], [], None),
        ([(10, "rejected", 1), (10, "proposed", 1)], [], None),
        # The first came whole before the second was decided; what came more than that is not set against it.
        ([(10, "accepted", 9), (6, "accepted", 3)], [(12, 5)], 6),
        # Goods that come later serve the older one first.
        ([(10, "accepted", 9), (6, "accepted", 3)], [(12, 1)], 4),
        ([(10, "accepted", 9), (6, "accepted", 3)], [], 16),
    ],
)
def test_proposals_are_open_until_they_have_come(
    queries: Queries, proposals: list[tuple[int, str, int]], receipts: list[tuple[int, int]], expected: int | None
) -> None:
    key = {"branch_number": "b", "article_number": "a"}
    tables: dict[str, list[dict[str, Any]]] = {
        "intermediate.int_as_of": [{"newest_day": A, "as_of_date": A}],
        "intermediate.int_planning__order_policies": [{**key, "lead_time_days": 7}],
        "intermediate.int_inventory__pair_spans": [
            {**key, "first_day": A - timedelta(days=ago), "inferred_receipts": units} for units, ago in receipts
        ],
        "forecasting.proposals": [
            {
                **key,
                "proposal_id": number,
                "proposed_on": A - timedelta(days=ago),
                "units": units,
                "status": status,
                "decided_at": datetime.combine(A - timedelta(days=ago), datetime.min.time(), UTC),
            }
            for number, (units, status, ago) in enumerate(proposals)
        ],
    }
    found = queries.run(tables, "int_planning__proposals", ("open_units",))
    assert [float(units) for (units,) in found] == ([] if expected is None else [expected])


@pytest.mark.parametrize(("lead", "review", "sd"), [(0, 1, 0.0), (7, 7, 0.0), (14, 14, 3.0), (21, 14, 0.0)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_demand_of_a_lead_time_is_that_of_python(
    queries: Queries, lead: int, review: int, sd: float, level: float
) -> None:
    """Sums over days, past the horizon too, and their quantiles."""
    draw = np.random.default_rng(lead)
    means = np.round(draw.gamma(1.0, 2.0, (3, HORIZON)), 6)
    spread, error = np.array([0.0, 0.5, 2.0]), np.array([0.02, 0.3, 0.0])
    key = {"branch_number": "b", "has_own_stock": True, "series_end": A}
    policy = {"lead_time_days": lead, "lead_time_sd_days": sd, "review_period_days": review}
    tables: dict[str, list[dict[str, Any]]] = {
        "intermediate.int_forecasting__series": [{**key, "article_number": f"{row}"} for row in range(3)],
        "intermediate.int_planning__order_policies": [
            {
                **policy,
                "branch_number": "b",
                "article_number": f"{row}",
                "service_level": level,
                "service_kind": "cycle",
            }
            for row in range(3)
        ],
        "intermediate.int_forecasting__batches": [
            {"branch_number": "b", "article_number": f"{row}", "is_fresh": True} for row in range(3)
        ],
        "marts.demand_forecast": [
            {
                "branch_number": "b",
                "article_number": f"{row}",
                "forecast_date": A + timedelta(days=day + 1),
                "demand_mean": float(means[row, day]),
                "dispersion": float(spread[row]),
                "level_cv2": float(error[row]),
                "model": "baseline",
                "forecast_origin": A,
                "is_from_batch": False,
            }
            for row in range(3)
            for day in range(HORIZON)
        ],
    }
    columns = ("article_number", "protection_demand", "protection_level")
    found = queries.run(tables, "int_planning__lead_time_demand", columns, GIVEN)
    days = lead + review
    beyond = np.repeat(means[:, -7:].mean(axis=1, keepdims=True), max(0, days - HORIZON), axis=1)
    summed = Demand(np.concatenate([means, beyond], axis=1), spread, error).over(0, days)
    uncertain = type(summed)(summed.mean, summed.dispersion + (sd / days) ** 2)
    for row, (article, mean, units) in enumerate(found):
        assert article == f"{row}"
        assert float(mean) == pytest.approx(summed.mean[row], abs=1e-6)
        assert float(units) == uncertain.quantile(level)[row]


@pytest.mark.parametrize("ends", range(7))
@pytest.mark.parametrize(
    ("lead", "review", "season"), [(3, 1, None), (7, 7, 10), (10, 20, -4), (30, 14, 50), (0, 1, 0)]
)
def test_days_of_the_baseline_that_are_counted_are_those_of_the_forecast(
    queries: Queries, ends: int, lead: int, review: int, season: int | None
) -> None:
    """The same days once by weekday, once one by one, from every day of the week on."""
    end = A + timedelta(days=ends)
    means = [0.1, 0.25, 0.3, 0.7, 1.1, 1.9, 0.0]
    key, terms = {"branch_number": "b", "has_own_stock": True, "series_end": end}, {"dispersion": 0.5, "level_cv2": 0.3}
    season_ends_on = None if season is None else end + timedelta(days=season)
    pairs = [
        {**key, "article_number": name, "is_forecastable": True, "season_ends_on": season_ends_on} for name in "xy"
    ]
    policy = {
        "lead_time_days": lead, "lead_time_sd_days": 1, "review_period_days": review, "service_level": 0.9,
        "service_kind": "cycle",
    }  # fmt: skip
    days = [end + timedelta(days=ahead + 1) for ahead in range(HORIZON)]
    tables: dict[str, list[dict[str, Any]]] = {
        "intermediate.int_forecasting__series": pairs,
        "intermediate.int_planning__order_policies": [
            {**policy, "branch_number": "b", "article_number": name} for name in "xy"
        ],
        "intermediate.int_forecasting__batches": [{"branch_number": "b", "article_number": "y", "is_fresh": True}],
        "intermediate.int_forecasting__baseline": [
            {**terms, "branch_number": "b", "article_number": "x", "iso_weekday": place + 1, "demand_mean": mean}
            for place, mean in enumerate(means)
        ],
        "marts.demand_forecast": [
            {
                **terms, "branch_number": "b", "article_number": "y", "forecast_date": day,
                "demand_mean": means[day.weekday()], "model": "baseline", "forecast_origin": end,
                "is_from_batch": False,
            }
            for day in days
        ],
    }  # fmt: skip
    columns = (
        "article_number", "model", "forecast_origin", "is_from_batch", "daily_demand", "lead_demand",
        "protection_demand", "demand_until_season_end", "days_until_season_end", "lead_dispersion",
        "protection_dispersion",
    )  # fmt: skip
    counted, read = queries.run(tables, "int_planning__lead_time_sums", columns, GIVEN)
    assert counted[0] == "x"
    assert counted[1:9] == read[1:9]
    assert counted[9:] == pytest.approx(read[9:], rel=1e-12)
    assert float(counted[4]) > 0


def test_a_fill_rate_asks_for_what_brute_force_finds(queries: Queries) -> None:
    """Poisson demand of one a day, seven days of lead time, seven of review."""
    tables: dict[str, list[dict[str, Any]]] = {
        "intermediate.int_forecasting__series": [
            {
                    "branch_number": "b", "article_number": "a", "has_own_stock": True, "series_end": A,
                    "is_forecastable": True,
                }
        ],
        "intermediate.int_planning__order_policies": [
            {
                "branch_number": "b", "article_number": "a", "lead_time_days": 7, "lead_time_sd_days": 0,
                "review_period_days": 7, "service_level": 0.98, "service_kind": "fill",
            }
        ],
        "intermediate.int_forecasting__batches": [{"branch_number": "b", "article_number": "a", "is_fresh": True}],
        "marts.demand_forecast": [
            {
                "branch_number": "b", "article_number": "a", "forecast_date": A + timedelta(days=day + 1),
                "demand_mean": 1, "dispersion": 0, "level_cv2": 0, "model": "baseline", "forecast_origin": A,
                "is_from_batch": False,
            }
            for day in range(HORIZON)
        ],
    }  # fmt: skip
    (found,) = queries.run(tables, "int_planning__lead_time_demand", ("protection_level",), GIVEN)

    def short(level: int) -> float:
        units = np.arange(level, 400)
        return float((stats.poisson.sf(units, 14) - stats.poisson.sf(units, 7)).sum())

    assert float(found[0]) == next(level for level in range(100) if short(level) <= 0.02 * 7)
