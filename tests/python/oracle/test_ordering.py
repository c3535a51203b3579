"""The oracle's forecasts and orders, on a landing that can be worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from .marts import Marts
from .small import SYNCED, built, days, frame, rows, sale, seeds, stock, version

# Every day of the window sells two of each, Sundays too, so that no weekday is another.
_DAYS = days("2024-07-02", 364)


@pytest.fixture(scope="module")
def marts() -> Marts:
    """One branch as of 2025-06-30: always there, by season, with sizes, and with a minimum and packs."""
    articles = ("always", "fashion", "sized", "packed")
    common: dict[str, Any] = {"price": "119", "cost": "40", "category": "hats", "_fivetran_synced": SYNCED}
    size = {"sized": {"article_size_number": "M"}}
    return built(
        [
            sale(f"{article} {day}", day, article, 2, sale_price="100", **size.get(article, {}))
            for article in articles
            for day in _DAYS
        ],
        articles=[
            {**common, "id": name, "article_number": name, "season": "FS25" if name == "fashion" else None}
            for name in articles
        ],
        inventory=[
            stock("B1", "always", 3),
            stock("B1", "fashion", 3),
            {**stock("B1", "sized", 1), "article_size_number": "M"},
            {**stock("B1", "sized", 90), "id": "large", "article_size_number": "L"},
            stock("B1", "packed", 3),
        ],
        history=[version("B1", "always", 3, "2025-06-30 18:00:00+00")],
        given_seeds=seeds(
            order_terms=frame(
                [
                    {"scope": "article", "scope_value": "packed", "minimum_order_units": "100"}
                    | dict.fromkeys(("lead_time_days", "lead_time_sd_days", "service_kind", "minimum_order_value"))
                ]
            ),
            size_pack=frame(
                [
                    {"scope": "article", "scope_value": "sized", "article_size_number": None, "pack_units": "8"}
                    | {"is_lot": "false"}
                ]
            ),
        ),
        as_of_date="2025-06-30",
    )


# What a mean series sells is known in steps of 2 %, and counts half a unit among the hundred and more of each.
_NEARLY = 1e-4


def test_what_sells_two_a_day_will_sell_two_a_day(marts: Marts) -> None:
    found = rows(marts, "demand_forecast")
    assert len(found) == 4 * 28
    for row in found.values():
        assert row["demand_mean"] == pytest.approx(2, rel=_NEARLY)
        assert row["dispersion"] == 0
        assert (row["model"], row["is_from_batch"]) == ("baseline", False)


def test_levels_are_quantiles_of_two_weeks(marts: Marts) -> None:
    found = rows(marts, "reorder_recommendations")["always/B1"]
    assert found["expected_lead_time_demand"] == pytest.approx(28, rel=_NEARLY)
    # The sum of 364 weights, each day a factor of 0.5^(1/56) less than the next.
    weighted = 2 * (1 - 0.5 ** (364 / 56)) / (1 - 0.5 ** (1 / 56))
    size = 1 / (0.02 + 1 / (weighted + 0.5))
    level = stats.nbinom.ppf(0.95, size, size / (size + 28))
    assert found["reorder_point"] == level
    assert found["safety_stock"] == pytest.approx(level - 28, rel=_NEARLY)
    assert found["recommended_order_units"] == level - 3
    assert (found["order_value_cost"], found["urgency"]) == (40 * (level - 3), "now")


def test_fashion_is_not_ordered_again_and_minimums_count(marts: Marts) -> None:
    found = rows(marts, "reorder_recommendations")
    assert (found["fashion/B1"]["recommended_order_units"], found["fashion/B1"]["urgency"]) == (0, "none")
    assert found["packed/B1"]["recommended_order_units"] == 100


def test_surplus_of_a_size_covers_no_other(marts: Marts) -> None:
    lines, pair = rows(marts, "reorder_size_lines"), rows(marts, "reorder_recommendations")["sized/B1"]
    medium, large = lines["sized/B1/M"], lines["sized/B1/L"]
    # Only M ever sold, so that all of the level is its own.
    assert medium["needed_units"] == medium["order_up_to_level"] - 1 == pair["needed_units"]
    assert (large["order_up_to_level"], large["recommended_units"]) == (0, 0)
    assert (medium["recommended_units"] % 8, medium["pack_units"]) == (0, 8)
    assert 0 <= medium["recommended_units"] - medium["needed_units"] < 8
    assert pair["recommended_order_units"] == medium["recommended_units"]
