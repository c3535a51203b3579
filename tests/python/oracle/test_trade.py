"""Comparable days, branches by day and to date, cohorts, by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from .cleaning import EPOCH_DAY
from .comparable import comparable_day, days_compared_with, easter
from .small import built, frame, rows, sale, seeds


def _of(text: str) -> str:
    found = comparable_day(date.fromisoformat(text).toordinal() - EPOCH_DAY)
    return (date(1970, 1, 1) + timedelta(days=found)).isoformat()


@pytest.mark.parametrize(
    ("year", "sunday"), [(2008, "03-23"), (2011, "04-24"), (2024, "03-31"), (2025, "04-20"), (2035, "03-25")]
)
def test_easter(year: int, sunday: str) -> None:
    assert easter(year).isoformat() == f"{year}-{sunday}"


@pytest.mark.parametrize(
    ("day", "compared"),
    [
        ("2025-01-15", "2024-01-17"),
        # Easter Sunday, Good Friday, Whit Monday
        ("2025-04-20", "2024-03-31"),
        ("2025-04-18", "2024-03-29"),
        ("2025-06-09", "2024-05-20"),
        # Sunday 2025-03-30 would meet Easter of 2024: it takes the Sunday that Easter of 2025 leaves behind.
        ("2025-03-30", "2024-04-21"),
        ("2025-07-01", "2024-07-02"),
    ],
)
def test_comparable_days(day: str, compared: str) -> None:
    assert _of(day) == compared


def test_no_day_is_compared_with_twice() -> None:
    assert len(days_compared_with()) == (date(2036, 1, 1) - date(2009, 1, 1)).days


def test_branch_days() -> None:
    marts = built(
        [
            sale("1", "2024-04-02", "X", "1", sale_price="100"),
            sale("2", "2025-04-01", "X", "2", sale_price="300", receipt_number="R", label_price="200"),
            sale("3", "2025-04-01", "Y", "-1", sale_price="-50", receipt_number="R"),
            sale("4", "2025-04-01", "Y", "1", sale_price="50"),
            sale("5", "2025-04-02", "Y", "1", sale_price="50", branch_number="B2"),
        ],
        given_seeds=seeds(
            sales_plan=frame([{"date_day": "2025-03-31", "branch_number": "B1", "plan_net_revenue": "12.5"}])
        ),
        prices_include_vat=False,
        as_of_date="2025-04-01",
    )
    days = rows(marts, "branch_day_performance")
    # 2025-04-01 less 364 days is 2024-04-02.
    assert set(days) == {"2024-04-02/B1", "2025-03-31/B1", "2025-04-01/B1", "2025-04-02/B2"}
    day = days["2025-04-01/B1"]
    assert (day["receipts"], day["sale_lines"], day["net_units"], day["net_revenue"]) == (2, 3, 2.0, 300.0)
    assert (day["net_revenue_comparable_day"], day["plan_net_revenue"]) == (100.0, None)
    assert day["basket_gross"] == pytest.approx(300 * 1.19 / 2)
    assert day["units_per_receipt"] == 1.0
    assert day["discount_rate"] == pytest.approx(0.25)
    # Easter Monday of 2024 is taken: its day of comparison lies after the first line.
    planned = days["2025-03-31/B1"]
    assert (planned["plan_net_revenue"], planned["net_revenue"], planned["receipts"]) == (12.5, 0.0, 0)
    assert (planned["cogs"], planned["basket_gross"], planned["net_revenue_comparable_day"]) == (None, None, 0.0)
    assert (days["2025-04-02/B2"]["is_complete"], day["is_complete"]) == (False, True)
    to_date = rows(marts, "sales_to_date")
    assert set(to_date) == {
        f"{period}/B1" for period in ("day", "week_to_date", "month_to_date", "season_to_date", "year_to_date")
    }
    week = to_date["week_to_date/B1"]
    assert (week["period_start"], week["net_revenue"], week["net_revenue_last_year"]) == ("2025-03-31", 300.0, 100.0)
    assert (week["change_rate"], week["plan_rate"]) == (pytest.approx(2.0), pytest.approx(24.0))
    # Monday 2025-03-31 loses Easter Monday of 2024 and takes a later one: the earliest is 2024-04-02.
    assert week["is_like_for_like"] is True
    assert to_date["year_to_date/B1"]["is_like_for_like"] is False


def test_a_day_on_which_only_last_year_sold_has_a_row() -> None:
    marts = built(
        [sale("1", "2024-07-02", "X", "1", sale_price="119"), sale("2", "2025-07-03", "X", "1", branch_number="B2")],
        as_of_date="2025-07-03",
    )
    day = rows(marts, "branch_day_performance")["2025-07-01/B1"]
    assert (day["net_revenue"], day["net_revenue_comparable_day"], day["sale_lines"]) == (0.0, 100.0, 0)


def test_cohorts() -> None:
    def bought(identity: str, day: str, customer: str | None, quantity: str = "1") -> dict[str, object]:
        price = "119" if quantity == "1" else "-119"
        return sale(identity, day, "X", quantity, sale_price=price, customer_number=customer, receipt_number=identity)

    marts = built(
        [
            bought("before", "2025-03-31", "1000001", "-1"),
            bought("1", "2025-04-01", "1000001"),
            bought("2", "2025-04-30", "1000002"),
            bought("3", "2025-06-02", "1000001"),
            bought("4", "2025-06-03", "1000001", "-1"),
            bought("5", "2025-06-03", None),
            bought("6", "2025-06-04", "0815"),
            bought("7", "2025-06-05", "1000003", "-1"),
        ],
        as_of_date="2025-06-30",
    )
    cohorts = rows(marts, "customer_cohorts")
    shown = {
        key: (row["customers"], row["active_customers"], row["receipts"], row["net_revenue"], row["repeat_rate"])
        for key, row in cohorts.items()
    }
    assert shown == {
        "2025-04/0": (2, 2, 2, 200.0, 1.0),
        "2025-04/1": (2, 0, 0, 0.0, 0.0),
        "2025-04/2": (2, 1, 2, 0.0, 0.5),
        "walk_in/0": (None, None, 2, 200.0, None),
    }
