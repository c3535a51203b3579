"""Markdowns and limits of buyers, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from .marts import Marts
from .small import SYNCED, built, frame, rows, sale, seeds, stock

# FS25 ends 31 days after A: of 28 units in 28 days 31 would sell. By article: stock, season.
_STOCKED = {
    **{f"{on_hand}": (on_hand, "FS25") for on_hand in (0, 31, 32, 48, 49, 63, 64, 900)},
    "no season": (900, "XX"),
    "idle": (5, "FS25"),
    "new": (500, "FS25"),
}
_PLAN = [
    {"month": "2025-05", "plan_sales_cost": "1", "plan_closing_stock_cost": "1"},
    {"month": "2025-06", "plan_sales_cost": "1000", "plan_closing_stock_cost": "500"},
    {"month": "2025-07", "plan_sales_cost": "700", "plan_closing_stock_cost": "300"},
    {"month": "2025-09", "plan_sales_cost": "100", "plan_closing_stock_cost": "100"},
]
_ORDERS = [
    {"id": "late", "quantity": "3", "expected_at": "2025-05-20"},
    {"id": "no day", "quantity": "2"},
    {"id": "partly here", "quantity": "5", "received_quantity": "4", "expected_at": "2025-06-30T22:30:00Z"},
    {"id": "all here", "quantity": "5", "received_quantity": "6", "expected_at": "2025-07-02"},
    {"id": "cancelled", "quantity": "5", "status": "Storniert", "expected_at": "2025-07-02"},
    {"id": "no cost", "quantity": "5", "article_number": "free", "expected_at": "2025-07-02"},
]


@pytest.fixture(scope="module")
def marts() -> Marts:
    """One branch, all in one landing; the articles of the plan are coats, the others hats."""
    numbers = [number for number in _STOCKED if number not in ("idle", "new")]
    lines = [
        *(sale(f"old {number}", "2025-05-01", number, 1) for number in [*numbers, "idle"]),
        *(sale(f"in the window {number}", "2025-06-03", number, 28) for number in numbers),
        sale("new", "2025-06-04", "new", 28),
        sale("month before", "2025-05-31", "coat", 9),
        sale("month", "2025-06-01", "coat", 2),
        sale("running day", "2025-07-01", "coat", 7, _fivetran_synced="2025-07-01 08:00:00+00"),
    ]
    hats: dict[str, Any] = {"price": "119", "cost": "40", "category": "hats", "_fivetran_synced": SYNCED}
    articles = [
        *({**hats, "id": n, "article_number": n, "season": season} for n, (_, season) in _STOCKED.items()),
        {**hats, "id": "coat", "article_number": "coat", "category": "coats"},
        {**hats, "id": "free", "article_number": "free", "category": "coats", "cost": None},
    ]
    common = {"article_number": "coat", "branch_number": "B1", "_fivetran_synced": SYNCED}
    return built(
        lines,
        articles=articles,
        inventory=[
            *(stock("B1", number, on_hand) for number, (on_hand, _) in _STOCKED.items()),
            stock("B1", "coat", 10),
            stock("B2", "coat", -4),
        ],
        tables={"purchase_order": [{**common, **order} for order in _ORDERS]},
        given_seeds=seeds(purchase_plan=frame([{"category": "coats", **row} for row in _PLAN])),
        as_of_date="2025-06-30",
    )


@pytest.fixture(scope="module")
def markdowns(marts: Marts) -> dict[str, dict[str, Any]]:
    return rows(marts, "markdown_candidates")


def test_only_what_outlasts_its_season_is_a_candidate(markdowns: dict[str, dict[str, Any]]) -> None:
    assert _STOCKED.keys() - markdowns.keys() == {"0", "31", "no season"}
    assert markdowns.keys() <= _STOCKED.keys()


@pytest.mark.parametrize(("on_hand", "step"), [(32, 0.2), (48, 0.2), (49, 0.3), (63, 0.3), (64, 0.5), (900, 0.5)])
def test_the_smallest_step_that_clears_the_stock_is_taken(
    markdowns: dict[str, dict[str, Any]], on_hand: int, step: float
) -> None:
    assert markdowns[f"{on_hand}"]["price_step_rate"] == step


def test_what_a_step_costs_and_brings(markdowns: dict[str, dict[str, Any]]) -> None:
    found = markdowns["32"]
    assert found["weeks_of_cover"] == pytest.approx(32 / 7)
    assert found["weeks_of_season_left"] == pytest.approx(31 / 7)
    assert (found["expected_units_without_step"], found["expected_extra_units"]) == (31, 1)
    assert found["margin_cost"] == pytest.approx(31 * 0.2 * 100)
    assert (found["margin_gained"], found["capital_freed"]) == (pytest.approx(80 - 40), 40)


def test_without_demand_nothing_is_expected_and_new_articles_wait(markdowns: dict[str, dict[str, Any]]) -> None:
    idle, new = markdowns["idle"], markdowns["new"]
    assert (idle["price_step_rate"], idle["weeks_of_cover"], idle["expected_extra_units"]) == (0.5, None, None)
    assert (new["is_new_article"], new["price_step_rate"], new["margin_cost"]) == (True, 0, 0)


def test_limits_take_off_what_lies_there_and_what_is_to_come(marts: Marts) -> None:
    limits = rows(marts, "open_to_buy")
    assert list(limits) == ["2025-06/coats", "2025-07/coats", "2025-09/coats"]
    june, july, september = limits.values()
    assert june["is_on_order_known"]
    assert (june["opening_stock_cost"], june["on_order_cost"], june["sold_cost_to_date"]) == (400, 5 * 40, 2 * 40)
    assert (june["open_to_buy_cost"], june["open_to_buy_rest_cost"]) == (1500 - 600, 1500 - 680)
    assert (july["opening_stock_cost"], july["on_order_cost"], july["open_to_buy_cost"]) == (500, 40, 1000 - 540)
    assert (september["opening_stock_cost"], september["open_to_buy_cost"]) == (None, None)


def test_what_is_to_come_is_on_order_for_its_branch(marts: Marts) -> None:
    assert rows(marts, "reorder_points")["B1/coat"]["on_order_units"] == 6
