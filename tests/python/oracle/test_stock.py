"""Measures of stock, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from .small import built, days, frame, rows, sale, seeds, stock, version

COAT = {"id": "1", "article_number": "COAT", "price": "119", "cost": "40", "_fivetran_synced": "2025-01-01 00:00:00+00"}


def _day(marts: Any, day: str, pair: str = "B1/COAT") -> dict[str, Any]:
    return rows(marts, "fct_inventory_daily")[f"{day}/{pair}"]


def test_closing_stock_receipts_and_issues_per_day() -> None:
    marts = built(
        [
            sale("1", "2025-06-02", "COAT", "2", sale_price="1"),
            sale("2", "2025-06-03", "COAT", "-1", sale_price="-1"),
            sale("3", "2025-06-04", "COAT", "-2", sale_price="0"),
            sale("4", "2025-06-05", "COAT", "4", sale_price="1"),
        ],
        articles=[COAT],
        history=[
            version("B1", "COAT", "5", "2025-06-01 08:00:00+00", "2025-06-02 10:59:59.999+00"),
            version("B1", "COAT", "3", "2025-06-02 11:00:00+00", "2025-06-02 21:59:59.999+00"),
            # the business day ends at 22:00Z: this one is of the 3rd
            version("B1", "COAT", "14", "2025-06-02 22:00:00+00", "2025-06-04 09:59:59.999+00"),
            version("B1", "COAT", "12", "2025-06-04 10:00:00+00", "2025-06-05 09:59:59.999+00"),
            version("B1", "COAT", "-1", "2025-06-05 10:00:00+00"),
        ],
        inventory=[stock("B1", "COAT", "-1", "2025-06-05 10:00:00+00")],
    )
    first = _day(marts, "2025-06-01")
    assert (first["closing_stock"], first["inferred_receipts"], first["is_observed"]) == (5.0, None, True)
    assert first["stock_value_cost"] == 200.0
    second = _day(marts, "2025-06-02")
    assert (second["closing_stock"], second["inferred_receipts"], second["inferred_issues"]) == (3.0, 0.0, 0.0)
    third = _day(marts, "2025-06-03")
    # 14 - 3 - 1 came back = 10 received
    assert (third["closing_stock"], third["inferred_receipts"], third["net_units"]) == (14.0, 10.0, -1.0)
    fourth = _day(marts, "2025-06-04")
    # a write-off is no sale: its units are issues
    assert (fourth["inferred_issues"], fourth["net_units"]) == (2.0, 0.0)
    fifth = _day(marts, "2025-06-05")
    assert (fifth["closing_stock"], fifth["inferred_issues"], fifth["stock_value_cost"]) == (-1.0, 9.0, 0.0)
    assert (fifth["is_ranged"], fifth["is_in_stock"]) == (True, True)
    status = rows(marts, "inventory_status")["B1/COAT"]
    assert (status["on_hand"], status["negative_stock_units"], status["inventory_value_cost"]) == (-1.0, 1.0, 0.0)
    # demand 6 on the in-stock days 1st to 5th
    assert status["avg_daily_demand_90d"] == pytest.approx(6 / 5)
    assert status["days_of_supply"] == 0.0
    # the only empty day is the 5th, of five ranged ones
    assert (status["stockout_days_90d"], status["stockout_frequency"]) == (1, 0.2)
    assert status["stock_status"] == "out_of_stock"
    assert status["as_of_date"] == "2025-06-05"


def test_a_pair_without_a_row_holds_zero_once_its_branch_is_observed() -> None:
    sales = [
        sale("1", "2025-06-01", "HAT", "1", sale_price="1"),
        sale("2", "2025-06-03", "HAT", "1", sale_price="1"),
        sale("3", "2025-06-01", "HAT", "1", sale_price="1", branch_number="B2"),
    ]
    history = [version("B1", "COAT", "5", "2025-06-02 08:00:00+00")]
    inventory = [stock("B1", "COAT", "5", "2025-06-02 08:00:00+00")]
    marts = built(sales, articles=[COAT], history=history, inventory=inventory)
    unknown = _day(marts, "2025-06-01", "B1/HAT")
    assert (unknown["closing_stock"], unknown["is_in_stock"], unknown["is_observed"]) == (None, True, False)
    empty = _day(marts, "2025-06-02", "B1/HAT")
    assert (empty["closing_stock"], empty["is_in_stock"], empty["is_ranged"]) == (0.0, False, True)
    sold = _day(marts, "2025-06-03", "B1/HAT")
    assert (sold["closing_stock"], sold["is_in_stock"], sold["inferred_receipts"]) == (0.0, True, 1.0)
    status = rows(marts, "inventory_status")
    hat = status["B1/HAT"]
    assert (hat["on_hand"], hat["avg_daily_demand_90d"], hat["is_stock_history_complete"]) == (0.0, 1.0, False)
    never = status["B2/HAT"]
    assert (never["on_hand"], never["stock_status"], never["stockout_days_90d"]) == (None, None, None)
    # days 1 to 3 are ranged and count as in stock, because nothing is known
    assert never["avg_daily_demand_90d"] == pytest.approx(1 / 3)
    incomplete = built(sales, articles=[COAT], history=history, inventory=inventory, inventory_is_complete=False)
    assert _day(incomplete, "2025-06-02", "B1/HAT")["closing_stock"] is None
    assert rows(incomplete, "inventory_status")["B1/HAT"]["on_hand"] is None


def test_deleted_rows_hold_zero_from_their_deletion_on() -> None:
    marts = built(
        [sale("1", "2025-06-05", "COAT", "1", sale_price="1")],
        articles=[COAT],
        history=[
            version("B1", "COAT", "5", "2025-06-01 08:00:00+00", "2025-06-03 08:00:00+00"),
            version("B1", "COAT", "2", "2025-06-04 08:00:00+00", id="other"),
        ],
        inventory=[
            stock("B1", "COAT", "5", "2025-06-03 08:00:00+00", _fivetran_deleted="true"),
            stock("B1", "COAT", "3", "2025-06-05 08:00:00+00", id="other"),
        ],
    )
    daily = rows(marts, "fct_inventory_daily")
    closing = {key[:10]: row["closing_stock"] for key, row in daily.items()}
    assert closing == {
        "2025-06-01": 5.0,
        "2025-06-02": 5.0,
        "2025-06-03": 0.0,
        "2025-06-04": 2.0,
        "2025-06-05": 3.0,
    }
    assert daily["2025-06-03/B1/COAT"]["inferred_issues"] == 5.0
    assert rows(marts, "inventory_status")["B1/COAT"]["on_hand"] == 3.0


def test_sizes_add_up() -> None:
    sizes = [("S", "3"), ("M", "0"), ("L", "-1")]
    marts = built(
        [sale("1", "2025-06-02", "COAT", "1", sale_price="1")],
        articles=[COAT],
        inventory=[
            stock("B1", "COAT", units, "2025-06-01 08:00:00+00", article_size_number=size, id=size)
            for size, units in sizes
        ],
    )
    status = rows(marts, "inventory_status")["B1/COAT"]
    assert (status["on_hand"], status["size_availability_rate"]) == (2.0, pytest.approx(1 / 3))
    assert rows(marts, "stock_levels")["2025-06-01/B1/unknown"]["stock_units"] == 2.0


def test_a_served_branch_has_no_stock_of_its_own() -> None:
    marts = built(
        [
            sale("1", "2025-06-02", "COAT", "2", sale_price="119", branch_number="web"),
            sale("2", "2025-06-04", "COAT", "1", sale_price="119", branch_number="web"),
        ],
        articles=[COAT],
        history=[
            version("depot", "COAT", "2", "2025-06-01 08:00:00+00", "2025-06-02 11:59:59.999+00"),
            version("depot", "COAT", "0", "2025-06-02 12:00:00+00", "2025-06-04 07:59:59.999+00"),
            version("depot", "COAT", "5", "2025-06-04 08:00:00+00", "2025-06-04 08:59:59.999+00"),
            version("depot", "COAT", "4", "2025-06-04 09:00:00+00"),
        ],
        inventory=[stock("depot", "COAT", "4", "2025-06-04 09:00:00+00")],
    )
    web = _day(marts, "2025-06-03", "web/COAT")
    assert (web["closing_stock"], web["is_in_stock"], web["is_ranged"]) == (None, False, True)
    depot = _day(marts, "2025-06-04", "depot/COAT")
    assert (depot["demand_units"], depot["inferred_receipts"], depot["closing_stock"]) == (1.0, 5.0, 4.0)
    status = rows(marts, "inventory_status")
    # ranged on the 2nd to 4th, in stock on the 2nd and 4th
    assert status["web/COAT"]["avg_daily_demand_90d"] == 1.5
    assert (status["web/COAT"]["on_hand"], status["web/COAT"]["stock_status"]) == (None, None)
    assert status["web/COAT"]["is_stock_history_complete"] is True
    # and the 1st, when the depot had stock already
    assert status["depot/COAT"]["avg_daily_demand_90d"] == 1.0
    assert status["depot/COAT"]["stock_status"] == "low"
    levels = rows(marts, "stock_levels")
    assert levels["2025-06-03/web/unknown"]["stock_units"] is None
    assert levels["2025-06-03/depot/unknown"]["stockout_rate"] == 1.0


def test_range_start_takes_the_creation_only_where_nothing_is_older_than_stock_history() -> None:
    article = {**COAT, "created_at": "2024-01-01"}
    old = {**COAT, "id": "2", "article_number": "HAT", "created_at": "2024-01-01"}
    marts = built(
        [
            sale("1", "2025-06-10", "COAT", "1", sale_price="1"),
            sale("2", "2025-05-20", "HAT", "1", sale_price="1"),
        ],
        articles=[article, old],
        history=[
            version("B1", "COAT", "5", "2025-06-01 08:00:00+00"),
            version("B1", "HAT", "5", "2025-06-01 08:00:00+00"),
        ],
        inventory=[
            stock("B1", "COAT", "5", "2025-06-01 08:00:00+00"),
            stock("B1", "HAT", "5", "2025-06-01 08:00:00+00"),
        ],
    )
    status = rows(marts, "inventory_status")
    # Excess: 5 - demand x 120 is below 0 for both, so only dead and slow tell the range starts apart.
    assert not status["B1/COAT"]["is_dead_stock"]
    assert status["B1/COAT"]["avg_daily_demand_90d"] == pytest.approx(1 / 10)
    # known days 2025-06-01 to -10, and 12 ranged days before them in which stock is unknown
    assert status["B1/HAT"]["avg_daily_demand_90d"] == pytest.approx(1 / 22)
    assert status["B1/HAT"]["is_stock_history_complete"] is False


def test_ranged_ends_ninety_days_after_the_last_sale_and_with_deletion() -> None:
    gone = {**COAT, "id": "2", "article_number": "GONE", "is_deleted": "1"}
    marts = built(
        [
            sale("1", "2025-01-01", "COAT", "1", sale_price="1"),
            sale("2", "2025-01-01", "GONE", "1", sale_price="1"),
            sale("3", "2025-06-10", "HAT", "1", sale_price="1"),
        ],
        articles=[COAT, gone],
        history=[version("B1", "HAT", "1", "2024-12-31 08:00:00+00")],
        inventory=[stock("B1", "HAT", "1", "2024-12-31 08:00:00+00")],
    )
    coat = [key[:10] for key in rows(marts, "fct_inventory_daily") if key.endswith("B1/COAT")]
    assert coat == days("2025-01-01", 90)
    assert [key[:10] for key in rows(marts, "fct_inventory_daily") if key.endswith("B1/GONE")] == ["2025-01-01"]


def _aged(sold_on: list[str], on_hand: str, as_of: str = "2025-06-30", **article: str) -> dict[str, Any]:
    """inventory_status of a pair that holds `on_hand` since 2024-01-01 and sold one on each day."""
    marts = built(
        [sale(day, day, "COAT", "1", sale_price="119") for day in sold_on]
        + [sale("clock", as_of, "HAT", "1", sale_price="1")],
        articles=[{**COAT, **article}],
        history=[version("B1", "COAT", on_hand, "2024-01-01 08:00:00+00")],
        inventory=[stock("B1", "COAT", on_hand, "2024-01-01 08:00:00+00")],
        as_of_date=as_of,
    )
    return rows(marts, "inventory_status")["B1/COAT"]


def test_classes_of_stock() -> None:
    dead = _aged(["2025-01-01"], "3")
    # 2025-01-01 is 180 days before 2025-06-30
    assert (dead["days_since_last_sale"], dead["is_dead_stock"], dead["stock_status"]) == (180, True, "dead")
    assert (dead["excess_units"], dead["excess_value_cost"]) == (3.0, 120.0)
    younger = _aged(["2025-01-02"], "3")
    assert (younger["is_dead_stock"], younger["is_slow_moving"], younger["stock_status"]) == (False, True, "excess")
    slow = _aged(["2025-05-01"], "3")
    # one in 90 days: 270 days of supply
    assert (slow["days_since_last_sale"], slow["is_slow_moving"]) == (60, True)
    assert slow["days_of_supply"] == pytest.approx(270)
    assert slow["excess_units"] == pytest.approx(3 - 120 / 90)
    daily = days("2025-06-01", 30)
    quick = _aged(daily, "10")
    assert quick["avg_daily_demand_30d"] == 1.0
    assert (quick["days_of_supply"], quick["stock_status"]) == (pytest.approx(30), "healthy")
    low = _aged(daily, "2")
    assert (low["days_of_supply"], low["stock_status"]) == (pytest.approx(6), "low")
    out = _aged(daily, "0", season="FS25")
    assert (out["assortment_type"], out["stock_status"], out["days_of_supply"]) == ("one_shot", "sold_out", 0.0)


def test_turnover_takes_days_with_known_stock_only() -> None:
    def turnover(first_day: str) -> Any:
        marts = built(
            [
                sale("1", "2025-06-30", "COAT", "3", sale_price="357"),
                sale("2", "2025-06-01", "COAT", "1", sale_price="119"),
            ],
            articles=[COAT],
            history=[version("B1", "COAT", "5", f"{first_day} 08:00:00+00")],
            inventory=[stock("B1", "COAT", "5", f"{first_day} 08:00:00+00")],
            as_of_date="2025-06-30",
        )
        return rows(marts, "inventory_status")["B1/COAT"]["turnover_rate"]

    # 28 known days from the 3rd on: cogs 3 x 40, mean value 5 x 40; the sale of the 1st lies before
    assert turnover("2025-06-03") == pytest.approx(120 * 365 / 28 / 200)
    assert turnover("2025-06-04") is None


def test_stockout_rate_leaves_one_shots_and_other_seasons_out() -> None:
    nos = {"id": "2", "article_number": "NOS", "_fivetran_synced": "2025-01-01 00:00:00+00"}
    one_shot = {**nos, "id": "3", "article_number": "SHOT", "season": "FS25"}
    seasonal = {**nos, "id": "4", "article_number": "SKI", "season": "HW24", "brand": "none"}
    calendar = frame(
        [
            {"season": "FS25", "starts_on": "2025-02-01", "ends_on": "2025-07-31"},
            {"season": "HW24", "starts_on": "2024-08-01", "ends_on": "2025-01-31"},
        ]
    )
    numbers = ["NOS", "SHOT", "SKI", "STOCKED"]
    marts = built(
        [sale(number, "2025-06-02", number, "1", sale_price="1") for number in numbers],
        articles=[nos, one_shot, seasonal],
        history=[version("B1", "STOCKED", "5", "2025-06-01 08:00:00+00")],
        inventory=[stock("B1", "STOCKED", "5", "2025-06-01 08:00:00+00")],
        given_seeds=seeds(seasons=calendar),
    )
    level = rows(marts, "stock_levels")["2025-06-02/B1/unknown"]
    assert (level["ranged_articles"], level["stocked_out_articles"], level["stockout_rate"]) == (4, 3, 0.5)


def test_non_merchandise_is_in_no_stock_figure() -> None:
    marts = built(
        [sale("1", "2025-06-02", "GIFT20", "1", sale_price="20"), sale("2", "2025-06-02", "COAT", "1")],
        articles=[COAT],
        inventory=[stock("B1", "GIFT20", "9", "2025-06-01 08:00:00+00")],
    )
    assert set(rows(marts, "inventory_status")) == {"B1/COAT"}
    assert "2025-06-02/B1/non_merchandise" in rows(marts, "sales_performance")


def test_limits_are_exact() -> None:
    # 3 sold on 90 days: 6 pieces last 180 days, neither more nor less
    edge = _aged(["2025-04-10", "2025-05-10", "2025-06-10"], "6")
    assert (edge["days_of_supply"], edge["is_slow_moving"]) == (pytest.approx(180), False)
    assert _aged(["2025-04-10", "2025-05-10", "2025-06-10"], "6.0001")["is_slow_moving"] is True
    # 9 sold on 90 days: 12 pieces last 120 days
    sold = days("2025-06-01", 9)
    assert (_aged(sold, "12")["excess_units"], _aged(sold, "12")["stock_status"]) == (0.0, "healthy")
    assert _aged(days("2025-06-01", 30), "0.0001")["stock_status"] == "low"


def test_an_unreadable_quantity_is_no_observation() -> None:
    marts = built(
        [sale("1", "2025-06-05", "COAT", "1", sale_price="1")],
        articles=[COAT],
        history=[
            version("B1", "COAT", "5", "2025-06-01 08:00:00+00", "2025-06-03 07:59:59.999+00"),
            version("B1", "COAT", "?", "2025-06-03 08:00:00+00", "2025-06-04 07:59:59.999+00"),
            version("B1", "COAT", "4", "2025-06-04 08:00:00+00", "2025-06-05 07:59:59.999+00"),
            version("B1", "COAT", "?", "2025-06-05 08:00:00+00"),
        ],
        inventory=[stock("B1", "COAT", "?", "2025-06-05 08:00:00+00")],
    )
    closing = [row["closing_stock"] for row in rows(marts, "fct_inventory_daily").values()]
    assert closing == [5.0, 5.0, 5.0, 4.0, 4.0]
    assert rows(marts, "inventory_status")["B1/COAT"]["on_hand"] == 0.0


def test_a_pair_that_only_ever_lacked_stock_has_rows() -> None:
    marts = built(
        [sale("1", "2025-06-03", "HAT", "1", sale_price="1"), sale("2", "2025-06-03", "COAT", "-1", sale_price="-1")],
        inventory=[stock("B1", "CAP", "-2", "2025-06-02 08:00:00+00")],
    )
    cap = [row["closing_stock"] for key, row in rows(marts, "fct_inventory_daily").items() if key.endswith("CAP")]
    assert cap == [-2.0, -2.0]
    status = rows(marts, "inventory_status")
    assert status["B1/CAP"]["negative_stock_units"] == 2.0
    # a return alone starts nothing
    assert "B1/COAT" not in status


def test_a_pair_that_only_ever_showed_zero_is_like_one_without_a_row() -> None:
    marts = built(
        [sale("1", "2025-06-03", "HAT", "1", sale_price="1")],
        inventory=[
            stock("B1", "CAP", "0", "2025-06-01 08:00:00+00"),
            stock("B2", "CAP", "2", "2025-06-02 08:00:00+00"),
        ],
    )
    assert [key for key in rows(marts, "inventory_status") if key.endswith("CAP")] == ["B2/CAP"]


def test_sell_through_of_a_branch_starts_with_its_pairs() -> None:
    marts = built(
        [sale("1", "2025-06-25", "HAT", "1"), sale("2", "2025-06-20", "COAT", "-1", sale_price="-9")],
        history=[
            version("B1", "CAP", "-1", "2025-01-10 08:00:00+00", "2025-06-10 08:00:00+00"),
            version("B1", "CAP", "2", "2025-06-10 08:00:00+00"),
            version("B1", "HAT", "4", "2025-01-10 08:00:00+00"),
        ],
    )
    # 4 hats and a cap lacking from before; 3 caps received, and a hat to make up for the one sold. The coat that came
    # back before one was sold counts in nothing.
    assert rows(marts, "warehouse_performance")["B1"]["sell_through_rate_90d"] == pytest.approx(1 / 7)
    # the days on which it was lacking are shown, although more than that is there now
    assert _day(marts, "2025-06-09", "B1/CAP")["closing_stock"] == -1.0


def test_a_branch_that_first_sold_after_the_day_has_no_row() -> None:
    lines = [sale("1", "2025-06-20", "COAT", "1"), sale("2", "2025-06-28", "COAT", "-1", branch_number="B2")]
    assert list(rows(built(lines, as_of_date="2025-06-25"), "warehouse_performance")) == ["B1"]


def test_stock_that_nobody_had_seen_is_unknown_and_not_zero() -> None:
    marts = built(
        [sale("1", "2025-06-20", "COAT", "1", sale_price="1"), sale("2", "2025-06-28", "HAT", "1", sale_price="1")],
        inventory=[
            stock("B1", "COAT", "3", "2025-06-28 08:00:00+00"),
            stock("B2", "HAT", "3", "2025-06-01 08:00:00+00"),
        ],
        as_of_date="2025-06-25",
    )
    branches = rows(marts, "warehouse_performance")
    assert (branches["B1"]["stock_units"], branches["B1"]["size_run_pairs"]) == (None, None)
    assert (branches["B2"]["stock_units"], branches["B2"]["excess_value_cost"]) == (3.0, 0.0)
    parts = rows(marts, "assortment_performance")
    assert {key.split("/")[0]: row["stock_units"] for key, row in parts.items()} == {"B1": None, "B2": 3.0}


def test_sell_through_of_a_branch_that_was_observed_before_it_had_merchandise() -> None:
    marts = built(
        [sale("1", "2025-06-12", "COAT", "1", sale_price="1")],
        articles=[COAT],
        history=[
            version("B1", "GIFT20", "9", "2025-01-10 08:00:00+00"),
            version("B1", "COAT", "4", "2025-06-10 08:00:00+00", "2025-06-12 08:00:00+00"),
            version("B1", "COAT", "3", "2025-06-12 08:00:00+00"),
        ],
    )
    assert rows(marts, "warehouse_performance")["B1"]["sell_through_rate_90d"] == 0.25


def test_what_comes_to_a_branch_that_was_observed_before_is_received() -> None:
    marts = built(
        [sale("1", "2025-06-12", "COAT", "1", sale_price="1")],
        articles=[COAT],
        # the branch is known by its vouchers, days before any merchandise is there
        inventory=[
            stock("B1", "GIFT20", "9", "2025-06-01 08:00:00+00"),
            stock("B1", "COAT", "5", "2025-06-10 08:00:00+00"),
        ],
    )
    first = _day(marts, "2025-06-10")
    assert (first["inferred_receipts"], first["inferred_issues"]) == (5.0, 0.0)
