"""What-ifs against levels worked out by hand and by scipy's distributions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from prohandel.replenishment.counts import CountDemand
from prohandel.replenishment.levels import level_for_fill_rate
from tests.python.api.asking import Api, problem, served
from tests.python.api.hand_made import ODD_ARTICLE, baseline, recommend
from tests.python.conftest import Database

A1 = {"branch_number": "B1", "article_number": "A1"}


def asked(api: Api, **changes: Any) -> dict[str, Any]:
    response = api.post("/v1/what-if", A1 | changes)
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def test_without_a_change_it_is_the_recommendation(api: Api) -> None:
    given = asked(api)
    assert given["what_if"] == given["current"]
    # Fourteen days of 0.5 are Poisson(7), 0.95 of which is 12. Sizes add 14 - 12; there are 5 and 1 comes.
    wanted = {
        "service_level": 0.95, "service_kind": "cycle", "lead_time_days": 7, "lead_time_sd_days": 0.0,
        "review_period_days": 7, "on_hand": 5.0, "on_order_units": 1.0, "inbound_transfer_units": 0.0,
        "expected_lead_time_demand": 7.0, "safety_stock": 5.0, "reorder_point": 12.0, "order_up_to_level": 14.0,
        "recommended_order_units": 8.0, "replenishment_units": 0.0, "order_value_cost": 80.0,
        "not_ordered_because": None,
    }  # fmt: skip
    assert given["current"] == wanted
    assert given["recommended"] == {
        "reorder_point": 12.0, "order_up_to_level": 14.0, "recommended_order_units": 8.0, "replenishment_units": 0.0,
        "reason": "Sells 3.5 a week: order 8.",
    }  # fmt: skip
    assert (given["demand_factor"], given["price_elasticity"]) == (1.0, None)


@pytest.mark.parametrize(
    ("changes", "mean", "level", "units"),
    [
        ({"service_level": 0.99}, 7.0, 14, 10),
        ({"lead_time_days": 21}, 14.0, 20, 16),
        ({"review_period_days": 1, "lead_time_days": 1}, 1.0, 3, 0),
        ({"on_hand": 0, "on_order_units": 0}, 7.0, 12, 14),
        ({"on_hand": 40}, 7.0, 12, 0),
        # Demand times (80 / 100) ** -2 = 1.5625: Poisson(10.9375), 0.95 of which is 17.
        ({"price_gross": 80, "price_elasticity": 2}, 10.9375, 17, 13),
    ],
)
def test_a_change_moves_what_it_should(
    api: Api, changes: dict[str, Any], mean: float, level: float, units: float
) -> None:
    given = asked(api, **changes)["what_if"]
    share = changes.get("service_level", 0.95)
    assert level == stats.poisson.ppf(share, mean)
    assert given["expected_lead_time_demand"] == pytest.approx(mean)
    assert given["reorder_point"] == level
    assert given["safety_stock"] == pytest.approx(level - mean)
    assert given["order_up_to_level"] == level + 2
    assert given["recommended_order_units"] == units


def test_a_lead_time_that_varies_packs_and_a_branch_that_is_supplied(marts: Database, tmp_path: Path) -> None:
    with marts.connect() as conn:
        conn.execute("delete from marts.reorder_recommendations where article_number = 'A1'")
        recommend(conn, "B1", "A1", lead_time_sd_days=2, pack_units=6, binding_constraint="supplied",
                  recommended_order_units=0, replenishment_units=8, supplied_from="B2")  # fmt: skip
    try:
        with served(marts, tmp_path) as api:
            given = asked(api)
    finally:
        with marts.connect() as conn:
            conn.execute("delete from marts.reorder_recommendations where article_number = 'A1'")
            recommend(conn, "B1", "A1", reason="Sells 3.5 a week: order 8.")
    # Variance 7 + (0.5 * 2) ** 2 = 8: a negative binomial of size 49.
    level = stats.nbinom.ppf(0.95, 49, 49 / 56)
    assert given["current"]["reorder_point"] == level
    assert given["current"]["not_ordered_because"] == "supplied"
    assert given["current"]["recommended_order_units"] == 0
    assert given["current"]["replenishment_units"] == level + 2 - 6
    assert "The goods come from branch B2." in given["notes"]


def test_packs_and_a_fill_rate(marts: Database, tmp_path: Path) -> None:
    with marts.connect() as conn:
        recommend(conn, "B2", "A2", service_kind="fill", service_level=0.98, pack_units=6, order_up_to_level=12)
        baseline(conn, "B2", "A2", 0.5)
    try:
        with served(marts, tmp_path) as api:
            given = api.post("/v1/what-if", {"branch_number": "B2", "article_number": "A2"}).json()["current"]
    finally:
        with marts.connect() as conn:
            conn.execute(
                "delete from marts.reorder_recommendations where (branch_number, article_number) = ('B2', 'A2')"
            )
            conn.execute("delete from marts.demand_forecast where branch_number = 'B2'")
    lead, protection = (CountDemand([days / 2], [days / 2]) for days in (7, 14))  # type: ignore[arg-type]
    assert given["reorder_point"] == level_for_fill_rate(lead, protection, 0.98, is_lost=False)[0]
    # What is short on average between two deliveries is at most 2 % of 3.5 units, and with a unit less it is more.
    level = int(given["reorder_point"])
    short = [sum(stats.poisson.sf(k, mean) for k in range(at, 60)) for at in (level, level - 1) for mean in (7, 3.5)]
    assert short[0] - short[1] <= 0.07 < short[2] - short[3]
    assert given["recommended_order_units"] == -(-(level - 6) // 6) * 6


def test_a_price_without_elasticity_says_so(api: Api, marts: Database, tmp_path: Path) -> None:
    problem(api.post("/v1/what-if", A1 | {"price_gross": 80}), 409, "elasticity-unknown")
    body = {"branch_number": "B1", "article_number": "A2", "price_gross": 80, "price_elasticity": 2}
    assert "list price" in problem(api.post("/v1/what-if", body), 409, "elasticity-unknown")["detail"]
    with served(marts, tmp_path, price_elasticity=1.0) as told:
        given = asked(told, price_gross=50)
    assert (given["price_elasticity"], given["price_elasticity_source"], given["demand_factor"]) == (1.0, "server", 2.0)


def test_what_may_not_be_ordered_is_not(api: Api) -> None:
    given = api.post("/v1/what-if", {"branch_number": "B2", "article_number": ODD_ARTICLE, "on_hand": 0}).json()
    assert given["what_if"]["recommended_order_units"] == 0
    assert given["what_if"]["not_ordered_because"] == "one_shot"
    assert given["what_if"]["reorder_point"] > 0


def test_a_pair_without_forecast_or_recommendation_is_a_problem(api: Api) -> None:
    problem(api.post("/v1/what-if", {"branch_number": "B2", "article_number": "A3"}), 404, "no-forecast")
    problem(api.post("/v1/what-if", {"branch_number": "B9", "article_number": "A1"}), 404, "no-forecast")


def test_days_beyond_the_horizon_are_noted(api: Api) -> None:
    given = asked(api, lead_time_days=30)
    assert given["what_if"]["expected_lead_time_demand"] == pytest.approx(18.5)
    assert any("horizon" in note for note in given["notes"])
    problem(api.post("/v1/what-if", A1 | {"lead_time_days": 366}), 422, "invalid-request")
