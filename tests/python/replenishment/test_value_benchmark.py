"""The closed-loop benchmark: its world, how policies are compared, and what it writes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import replenishment_policies as policies
from benchmarks import replenishment_report as report
from benchmarks.replenishment_value import compared, stock_at
from benchmarks.replenishment_world import Retailer, retailer
from prohandel.forecast.baseline import baseline
from prohandel.replenishment.simulation import Ledger, copied, open_ledger, run


@pytest.fixture(scope="module")
def store() -> Retailer:
    return retailer(7, articles=6)


@pytest.fixture(scope="module")
def ledger(store: Retailer) -> Ledger:
    return run(store.world, policies.textbook_normal(store, 0.9), open_ledger(store.world), 0, 364)


def test_a_seed_is_a_world(store: Retailer) -> None:
    again, other = retailer(7, articles=6), retailer(8, articles=6)
    assert np.array_equal(again.world.demand, store.world.demand)
    assert np.array_equal(again.world.lead_time_days, store.world.lead_time_days)
    assert not np.array_equal(other.world.demand, store.world.demand)


def test_demand_is_what_the_process_expects() -> None:
    # Shops share good and bad days, of 3 % squared coefficient of variation: the mean of 1,148 of them is within 2 %.
    given = retailer(9, articles=30)
    assert given.world.demand.sum() == pytest.approx(given.expected.sum(), rel=0.03)
    assert np.all(given.world.demand == np.floor(given.world.demand))
    shops = given.branch < 9
    sundays = slice(6, None, 7)
    assert given.world.demand[shops][:, sundays].sum() == 0
    assert given.world.demand[~shops][:, sundays].sum() > 0
    assert given.world.lead_time_days.min() >= 1


def test_no_policy_sees_what_is_to_come(store: Retailer, ledger: Ledger) -> None:
    day = 280
    blind = copied(ledger)
    for values in (blind.sold, blind.in_stock_share, blind.on_hand):
        values[:, day:] = 99
    for made in (
        policies.four_week_average(store, 14),
        policies.textbook_normal(store, 0.9),
        policies.one_level(store, policies.by_forecast(store, baseline), 0.9),
        policies.optimised(store, policies.by_forecast(store, baseline), 0.9),
    ):
        assert np.array_equal(made(day, ledger).order_up_to, made(day, blind).order_up_to)


def test_more_asked_for_is_more_ordered(store: Retailer, ledger: Ledger) -> None:
    sees = policies.by_forecast(store, baseline)
    makers: tuple[Callable[[float], Any], ...] = (
        lambda level: policies.four_week_average(store, 40 * level),
        lambda level: policies.textbook_normal(store, level),
        lambda level: policies.one_level(store, sees, level),
        lambda level: policies.optimised(store, sees, level),
        lambda level: policies.optimised(store, policies.by_process(store), level),
    )
    for make in makers:
        low, high = make(0.8)(280, ledger).order_up_to, make(0.99)(280, ledger).order_up_to
        assert np.all(low <= high)
        assert low.sum() < high.sum()


def test_the_four_week_average_counts_days_in_stock(store: Retailer, ledger: Ledger) -> None:
    seen = copied(ledger)
    seen.sold[0, 252:280], seen.in_stock_share[0, 252:280] = 0, 0
    seen.sold[0, 252:259], seen.in_stock_share[0, 252:259] = 2, 1
    levels = policies.four_week_average(store, 10)(280, seen)
    minimum = 2 * (store.lead_time_mean[0] + 10)
    assert levels.reorder_point[0] == pytest.approx(minimum)
    assert levels.order_up_to[0] == pytest.approx(minimum + 14)


def test_the_process_sees_the_mean_of_what_comes(store: Retailer, ledger: Ledger) -> None:
    certain = replace(store, lead_time_sd=np.zeros_like(store.lead_time_sd))
    seen = policies.by_process(certain)(280, ledger)
    days = int(store.lead_time_mean[0])
    assert seen.lead.mean[0] == pytest.approx(store.expected[0, 280 : 280 + days].sum(), rel=1e-5)
    assert seen.protection.mean[0] == pytest.approx(store.expected[0, 280 : 287 + days].sum(), rel=1e-5)
    assert seen.daily[0] == pytest.approx(store.expected[0, 280:287], rel=1e-5)


def test_the_process_has_the_variance_of_what_comes() -> None:
    ratios = []
    for seed in (40, 41, 42):
        given = retailer(seed, articles=40)
        certain = replace(given, lead_time_sd=np.zeros_like(given.lead_time_sd))
        protection = policies.by_process(certain)(700, open_ledger(given.world)).protection
        days = given.lead_time_mean.astype(int) + 7
        drawn = np.array([row[700 : 700 + length].sum() for row, length in zip(given.world.demand, days, strict=True)])
        # A rare unit at a slow pair would outweigh all others.
        is_fast = protection.mean > 2
        ratios.append(((drawn - protection.mean) ** 2 / protection.variance)[is_fast].mean())
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.2)


CURVE = [{"fill_rate": 0.9, "stock_value": 100.0}, {"fill_rate": 0.99, "stock_value": 400.0}]


def test_between_two_points_of_a_curve() -> None:
    # Half of the way from .9 to .99 by the logarithm of what is lost is 1 - sqrt(.1 * .01); of stock it is 200.
    assert stock_at(CURVE, 1 - np.sqrt(0.001), "fill_rate") == pytest.approx(200.0)
    assert stock_at(CURVE, 0.9, "fill_rate") == pytest.approx(100.0)
    assert stock_at(CURVE, 0.995, "fill_rate") is None
    assert stock_at(CURVE, 0.89, "fill_rate") is None


def measured(policy: str, parameter: float, fill: float, stock: float, seed: int = 1) -> dict[str, Any]:
    return {
        "seed": seed,
        "articles": 6,
        "policy": policy,
        "parameter": parameter,
        "fill_rate": fill,
        "revenue_fill_rate": fill - 0.01,
        "stock_value": stock,
        "cycle_service": fill,
        "pairs_below": 0.1,
    }


RUNS = [
    measured("normal", 0.9, 0.9, 100),
    measured("normal", 0.99, 0.99, 400),
    measured("min_max", 7, 0.9, 200),
    measured("min_max", 28, 0.99, 800),
    measured("ours", 0.9, 0.9, 80),
    measured("ours", 0.98, 0.995, 300),
    measured("ours_by_revenue", 0.9, 0.91, 90),
    measured("ours", 0.9, 0.9, 70, seed=2),
]


def test_policies_are_compared_at_the_service_that_ours_reached() -> None:
    rows = compared(RUNS)
    assert [(row["seed"], row["policy"], row["parameter"]) for row in rows] == [
        (1, "ours", 0.9),
        (1, "ours", 0.98),
        (1, "ours_by_revenue", 0.9),
        (2, "ours", 0.9),
    ]
    assert (rows[0]["saved_against_normal"], rows[0]["saved_against_min_max"]) == (0.2, 0.6)
    # Beyond the curve, and in a world that has none, there is nothing to compare with.
    assert rows[1]["saved_against_normal"] is None
    assert rows[3]["saved_against_normal"] is None
    # By revenue: .90, where the normal formula's own share is .89 at 100 and .98 at 400.
    assert rows[2]["service"] == pytest.approx(0.9)
    assert rows[2]["saved_against_normal"] == pytest.approx(
        1 - 90 / (100 * 4 ** (np.log(0.11 / 0.1) / np.log(0.11 / 0.02))), abs=1e-4
    )


def test_what_is_written(tmp_path: Path) -> None:
    table, plot = report.write(RUNS, compared(RUNS), tmp_path)
    text = table.read_text(encoding="utf-8")
    assert "| 1 | 90.0 % | 90.0 % | 10.0 % | 80 | 60.0 % | 20.0 % |" in text
    assert "| 1 | 98.0 % | 99.5 % | 10.0 % | 300 | - | - |" in text
    assert "2 of 3 targets are reached within a point." in text
    assert "Mean over seeds and targets: 60.0 % less than min/max, 20.0 % less than the normal formula." in text
    drawing = ET.parse(plot).getroot()  # noqa: S314
    lines = drawing.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 5
    # One world has a normal formula at 0.9 to measure by: two points each for normal, min/max and ours.
    assert len(drawing.findall("{http://www.w3.org/2000/svg}circle")) == 6
