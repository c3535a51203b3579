"""A recommendation from forecast to units: one pair worked out by hand, and what holds for all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prohandel.errors import ProhandelError
from prohandel.forecast.distribution import Demand
from prohandel.replenishment.assortment import Ordering, Range
from prohandel.replenishment.counts import CountDemand
from prohandel.replenishment.purchase import Binding
from prohandel.replenishment.recommend import Expected, Policies, Recommendations, Stock, recommend

AS_OF = np.datetime64("2025-11-21")


def policies(n: int) -> Policies:
    def all_(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.full(n, value)

    return Policies(
        lead_time_days=all_(14),
        lead_time_sd=all_(0),
        review_period_days=all_(7),
        service_level=all_(0.9),
        is_fill_rate=np.zeros(n, dtype=bool),
        pack_units=all_(1),
        minimum_units=all_(0),
        order_units=all_(0),
        presentation_minimum=all_(np.nan),
        core_sizes=all_(0),
    )


def articles(n: int) -> Range:
    no = np.zeros(n, dtype=bool)
    return Range(np.full(n, "nos"), ~no, no, no, np.full(n, np.datetime64("NaT"), dtype="datetime64[D]"))


def expected(daily: list[float]) -> Expected:
    """Poisson days."""
    mean = np.array(daily)
    return Expected(
        CountDemand(14 * mean, 14 * mean), CountDemand(21 * mean, 21 * mean), np.sqrt(mean), np.full(len(mean), 1e9)
    )


def stock(*on_hand: float) -> Stock:
    nothing = np.zeros(len(on_hand))
    return Stock(np.array(on_hand), nothing, nothing)


def test_by_hand() -> None:
    # Poisson of mean 4: P(X <= 6) = .889, P(X <= 7) = .949.
    found = recommend(articles(1), policies(1), expected([4 / 21]), stock(3), np.array([12.5]), AS_OF)
    assert found.expected_demand.tolist() == pytest.approx([4.0])
    assert found.reorder_point.tolist() == [7]
    assert found.safety_stock.tolist() == pytest.approx([3.0])
    # z(.9) = 1.281552 times sqrt(21 * 4 / 21) = 2.
    assert found.safety_stock_normal.tolist() == pytest.approx([2.563103], abs=1e-6)
    assert found.orders.units.tolist() == [4]
    assert found.value_cost.tolist() == [50.0]
    # P(X > 3) = 1 - .4335.
    assert found.urgency.tolist() == pytest.approx([0.566530], abs=1e-6)
    assert found.safe_until.tolist() == [np.datetime64("2025-12-12").item()]


def test_an_order_quantity_makes_it_r_s_s() -> None:
    given = replace(policies(2), order_units=np.full(2, 20.0))
    found = recommend(articles(2), given, expected([4 / 21] * 2), stock(6, 7), np.ones(2), AS_OF)
    assert found.reorder_point.tolist() == [7, 7]
    assert found.orders.order_up_to_level.tolist() == [27, 27]
    assert found.orders.units.tolist() == [21, 0]


def test_a_fill_rate_asks_for_less_than_a_cycle_service_of_the_same_name() -> None:
    given = replace(policies(2), is_fill_rate=np.array([False, True]))
    found = recommend(articles(2), given, expected([1.0, 1.0]), stock(0, 0), np.ones(2), AS_OF)
    assert found.reorder_point[1] < found.reorder_point[0]


def test_a_spread_lead_time_needs_more() -> None:
    given = replace(policies(2), lead_time_sd=np.array([0.0, 5.0]))
    found = recommend(articles(2), given, expected([1.0, 1.0]), stock(0, 0), np.ones(2), AS_OF)
    assert found.reorder_point[1] > found.reorder_point[0] + 2
    assert found.safety_stock_normal[1] > found.safety_stock_normal[0] + 2


def test_the_season_binds() -> None:
    ends = np.array(["2026-01-31", "2025-12-15"], dtype="datetime64[D]")
    until = replace(expected([1.0, 1.0]), until_season_end=np.array([12.0, 12.0]))
    found = recommend(replace(articles(2), season_ends_on=ends), policies(2), until, stock(4, 4), np.ones(2), AS_OF)
    assert found.orders.units.tolist() == [8, 0]
    assert Binding(int(found.orders.binding[0])) == Binding.SEASON_END
    assert found.ordering.tolist() == [Ordering.ALLOWED, Ordering.SEASON_TOO_SHORT]


def test_the_forecast_of_the_package_is_taken_as_it_is() -> None:
    demand = Demand(
        np.full((1, 28), 0.5, dtype=np.float32), np.full(1, 0.4, dtype=np.float32), np.full(1, 0.05, dtype=np.float32)
    )
    lead, protection = demand.over(0, 14), demand.over(0, 21)
    given = Expected(
        CountDemand(lead.mean, lead.variance()),
        CountDemand(protection.mean, protection.variance()),
        np.ones(1),
        np.full(1, 1e9),
    )
    found = recommend(articles(1), policies(1), given, stock(0), np.ones(1), AS_OF)
    assert found.reorder_point.tolist() == [float(protection.quantile(0.9)[0])]


def many() -> Recommendations:
    rng = np.random.default_rng(2)
    n = 500
    given = replace(
        policies(n),
        pack_units=rng.choice([1.0, 4.0, 6.0], n),
        minimum_units=rng.choice([0.0, 10.0], n),
        presentation_minimum=rng.choice([np.nan, 3.0], n),
        core_sizes=rng.integers(0, 6, n).astype(float),
        service_level=rng.uniform(0.6, 0.99, n),
        is_fill_rate=rng.random(n) < 0.5,
    )
    kinds = replace(articles(n), assortment_type=rng.choice(["nos", "reorderable", "one_shot"], n))
    held = Stock(rng.integers(-3, 30, n).astype(float), rng.integers(0, 9, n).astype(float), np.zeros(n))
    found = recommend(kinds, given, expected(list(rng.lognormal(-1, 1, n))), held, np.full(n, 9.0), AS_OF)
    assert np.all(found.orders.units % given.pack_units == 0)
    assert np.all((found.orders.units == 0) | (found.orders.units >= given.minimum_units))
    assert np.all(found.orders.units[kinds.assortment_type == "one_shot"] == 0)
    position = held.on_hand + held.on_order
    is_ordered = found.orders.units > 0
    assert np.all(position[is_ordered] < found.reorder_point[is_ordered])
    assert np.all((position + found.orders.units >= found.orders.order_up_to_level)[is_ordered])
    return found


def test_laws_of_many_pairs() -> None:
    found = many()
    assert np.all((found.urgency >= 0) & (found.urgency <= 1))
    assert np.any(found.orders.units > 0)
    assert np.any(found.orders.units == 0)


def test_arrays_have_to_fit() -> None:
    with pytest.raises(ProhandelError, match=r"Stock.on_hand has 2 values, unit_cost has 1"):
        recommend(articles(1), policies(1), expected([1.0]), stock(1, 2), np.ones(1), AS_OF)
