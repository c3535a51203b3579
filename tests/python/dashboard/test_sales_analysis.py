"""Sales Analysis: key figures against plain queries on the marts; comparisons, cut periods and rates by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import psycopg
import pytest

from prohandel.dashboard import periods
from prohandel.dashboard.database import Pool, fetch, open_pool
from prohandel.dashboard.filters import Filters, Span, from_values
from prohandel.dashboard.formats import Formats
from prohandel.dashboard.sales_rates import with_changes, with_rates
from prohandel.dashboard.settings import from_environment
from prohandel.dashboard.sql import sales_analysis as ask
from prohandel.dashboard.sql.sales_analysis import Grain, Part, days_in
from prohandel.dashboard.words import Words
from tests.python.dashboard.conftest import fill, metrics, open_page, texts
from tests.python.dashboard.retailer import AS_OF

Marts = psycopg.Connection[Any]

_NUMBERS = ("demand_units", "return_units", "net_units", "gross_revenue", "net_revenue", "net_revenue_with_cost",
            "gross_margin", "discount_amount", "label_value")  # fmt: skip


@pytest.fixture
def sold(marts: Marts) -> Marts:
    """Both sale marts filled anew, for 40 days and the same days a year before, with a cost missing here and there."""
    marts.execute("truncate marts.sales_performance, marts.fct_sales_daily")
    rows = []
    for back, year in itertools.product(range(40), (0, 364)):
        for number, (branch, article, category) in enumerate(
            (("0901", "A1", "Hemden"), ("0901", "A2", "Kleider"), ("0902", "A1", "Hemden"))
        ):
            net = 100 + 7 * number + back - (20 if year else 0)
            with_cost, margin = (0, None) if back % 9 == 0 else (net, net * 0.5 - number)
            rows.append((AS_OF - timedelta(days=back + year), branch, category, article, 5 + number, 1, 4 + number,
                         net * 1.19, net, with_cost, margin, 3 + number, net * 1.3))  # fmt: skip
    numbers = ", ".join(_NUMBERS)
    for table, kind in (("sales_performance", "category"), ("fct_sales_daily", "article_number")):
        with marts.cursor().copy(f"copy marts.{table} (date_day, branch_number, {kind}, {numbers}) from stdin") as copy:
            for row in rows:
                copy.write_row((*row[:2], row[2 if kind == "category" else 3], *row[4:]))
    return marts


@pytest.fixture
def pool(marts: Marts) -> Iterator[Pool]:
    opened = open_pool(from_environment())
    yield opened
    opened.close()


def sums(conn: Marts, where: str = "true") -> dict[str, Any]:
    """Figures of the last 28 days by a plain query."""
    row = conn.execute(
        f"""
        select
            sum(net_revenue), sum(gross_revenue), sum(gross_margin), sum(gross_margin) / sum(net_revenue_with_cost),
            sum(net_units), sum(discount_amount) / sum(label_value), sum(return_units) / sum(demand_units)
        from marts.fct_sales_daily join marts.dim_articles using (article_number)
        where date_day > date '{AS_OF}' - 28 and date_day <= date '{AS_OF}' and {where}
        """  # noqa: S608
    ).fetchone()
    assert row is not None
    names = ("net", "gross", "margin", "margin_pct", "units", "discount_rate", "return_rate")
    return dict(zip(names, row, strict=True))


_CHOICES: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "true"),
    ({"branch": "0902"}, "branch_number = '0902'"),
    ({"category": "Kleider"}, "category = 'Kleider'"),
    ({"brand": "Alster", "branch": "0901"}, "brand = 'Alster' and branch_number = '0901'"),
)


def test_key_figures_are_those_of_the_marts(sold: Marts) -> None:
    for address, where in _CHOICES:
        shown = metrics(open_page("sales_analysis", **address))
        expected, formats = sums(sold, where), Formats("de")
        wanted = {
            "Umsatz": formats.money_short(expected["net"]),
            "Rohertrag": formats.money_short(expected["margin"]),
            "Handelsspanne": formats.percent(expected["margin_pct"]),
            "Absatz": formats.number(expected["units"]),
            "Nachlassquote": formats.percent(expected["discount_rate"]),
            "Retourenquote": formats.percent(expected["return_rate"]),
        }
        assert {name: shown[name] for name in wanted} == {
            name: text.replace("\u00a0", " ") for name, text in wanted.items()
        }


def test_gross_is_what_was_paid(sold: Marts) -> None:
    shown = metrics(open_page("sales_analysis", money="gross", branch="0901"))
    assert shown["Umsatz"] == Formats("de").money_short(sums(sold, "branch_number = '0901'")["gross"]).replace(
        "\u00a0", " "
    )


def test_receipts_and_baskets_are_those_of_the_branches(marts: Marts) -> None:
    """28 days with 3 receipts of 6 units in 0901 and 0902, three Fridays of 0903; 4,330 EUR net."""
    shown = metrics(open_page("sales_analysis"))
    assert shown["Bons"] == "87"
    assert shown["Ø-Bon"] == "59,23 €"
    assert shown["Teile/Bon"] == "2,00"


def test_changes_name_what_they_are_compared_with(sold: Marts) -> None:
    """Last year each line had 20 EUR less."""
    before = sums(sold)["net"] - 28 * 3 * 20
    expected = Formats("de").change((sums(sold)["net"] - before) / before)
    assert open_page("sales_analysis").metric[0].delta == expected


def chosen(**values: Any) -> Filters:
    return from_values(values, AS_OF)


def test_easter_is_compared_with_easter(sold: Marts, pool: Pool) -> None:
    """The as-of date is told to be comparable with a day eleven days off."""
    other = AS_OF - timedelta(days=375)
    sold.execute("update marts.dim_dates set comparable_day_last_year = %s where date_day = %s", [other, AS_OF])
    sold.execute("update marts.sales_performance set net_revenue = 1000 where date_day = %s", [other])
    found = fetch(pool, ask.sales(chosen(period="own", **{"from": AS_OF.isoformat(), "to": AS_OF.isoformat()})))
    assert found["net_revenue_before"].tolist() == [3000]


def test_the_period_before_is_as_long(sold: Marts, pool: Pool) -> None:
    found = fetch(pool, ask.sales(chosen(period="p7", compare="previous"), "day"))
    whole = fetch(pool, ask.sales(chosen(period="p28")))
    assert len(found) == 7
    expected = sold.execute(
        "select sum(net_revenue) from marts.sales_performance where date_day between %s and %s",
        [AS_OF - timedelta(days=13), AS_OF - timedelta(days=7)],
    ).fetchone()
    assert expected is not None
    assert found["net_revenue_before"].sum() == float(expected[0])
    assert len(whole) == 1


def test_parts_and_periods_add_up_to_the_whole(sold: Marts, pool: Pool) -> None:
    whole = fetch(pool, ask.sales(chosen())).iloc[0]
    columns = [f"{name}{side}" for name in ask.MEASURES for side in ("", "_before", "_comparable")]
    grains: tuple[Grain, ...] = ("day", "week", "month")
    splits: tuple[Part, ...] = ("branch_number", "category", "brand")
    for grain, by in itertools.product(grains, splits):
        parts = fetch(pool, ask.sales(chosen(), grain, by))
        largest = fetch(pool, ask.sales(chosen(), grain, by, [str(parts["part"].iloc[0])]))
        assert largest["part"].nunique(dropna=False) == 2
        for found in (parts, largest):
            assert found[columns].sum().to_dict() == pytest.approx(whole[columns].to_dict())


def test_days_that_have_nothing_to_be_compared_with_are_in_no_change(sold: Marts, pool: Pool) -> None:
    """The data begin with the comparable day of the as-of date: one day of 28 can be compared."""
    first = AS_OF - timedelta(days=364)
    sold.execute("delete from marts.branch_day_performance where date_day < %s", [first])
    sold.execute("delete from marts.sales_performance where date_day < %s", [first])
    found = fetch(pool, ask.sales(chosen())).iloc[0]
    assert found["net_revenue_comparable"] == 100 + 107 + 114
    assert found["net_revenue_before"] == 80 + 87 + 94
    assert found["net_revenue"] == float(sums(sold)["net"])
    assert "mit 1 von 28 Tagen" in texts(open_page("sales_analysis"))


def test_like_for_like_leaves_out_who_was_not_there(marts: Marts) -> None:
    """0901: 2,900 EUR after 28 x 80; 0902: 1,400 after 28 x 50; 0904 opened this month with 5,000 EUR."""
    marts.execute("truncate marts.sales_performance")
    for branch, now, before in (("0901", 2900, 2240), ("0902", 1400, 1400), ("0904", 5000, 0)):
        for day, net in ((AS_OF, now), (AS_OF - timedelta(days=364), before)):
            if net:
                row = {"date_day": day, "branch_number": branch, "net_revenue": net, "category": "Hemden"}
                fill(marts, "sales_performance", [row])
    marts.execute("delete from marts.branch_day_performance where branch_number = '0904'")
    fill(marts, "branch_day_performance", [{"date_day": AS_OF, "branch_number": "0904", "receipts": 9}])
    shown = metrics(open_page("sales_analysis"))
    assert shown["Flächenbereinigt"] == "+18,1 %"
    assert shown["Alle Filialen"] == "+155,5 %"
    assert shown["Vergleichbare Filialen"] == "2"


def test_a_split_is_drawn_for_each_choice(sold: Marts) -> None:
    app = open_page("sales_analysis", period="p90")
    for by, measure in (("branch_number", "return_rate"), ("brand", "revenue")):
        app.segmented_control(key="sales_by").set_value(by)
        app.selectbox(key="sales_measure").set_value(measure).run()
        assert not app.exception
        assert "Das ging schief" not in texts(app)


def test_the_calendar_begins_on_a_monday(sold: Marts, pool: Pool) -> None:
    sold.execute("update marts.dim_dates set holiday_name = 'Fest' where date_day = %s", [AS_OF])
    found = fetch(pool, ask.calendar(chosen(period="p7"), 3))
    assert found["date_day"].iloc[0] == pd.Timestamp(2026, 2, 9)
    assert len(found) == 19
    assert found["holiday_name"].iloc[-1] == "Fest"
    assert found["net_revenue"].iloc[-1] == 321


def test_cut_weeks_and_months_are_marked() -> None:
    """From Wednesday 2026-01-28 to Tuesday 2026-02-10: two cut weeks around a whole one, two cut months."""
    span = Span(date(2026, 1, 28), date(2026, 2, 10))
    weeks = pd.DataFrame({"period_start": pd.to_datetime(["2026-01-26", "2026-02-02", "2026-02-09"])})
    words = Words("en", {"days_of": ("", "{number} of {days}"), "whole": ("", "all")})
    shown = periods.named(weeks, "week", span, words)
    assert shown["is_partial"].tolist() == [True, False, True]
    assert shown["days_inside"].tolist() == ["5 of 7", "all", "2 of 7"]
    assert shown["label"].tolist() == ["W5/26", "W6/26", "W7/26"]
    months = pd.DataFrame({"period_start": pd.to_datetime(["2026-01-01", "2026-02-01"])})
    assert periods.named(months, "month", span, words)["days_inside"].tolist() == ["4 of 31", "10 of 28"]
    assert days_in(date(2028, 2, 1), "month") == 29
    assert periods.label_of(date(2026, 1, 1), "week", words) == "W1/26"
    assert periods.label_of(date(2024, 12, 30), "week", words) == "W1/25"


def test_rates_over_nothing_are_missing() -> None:
    columns = [f"{name}{side}" for name in ask.MEASURES for side in ("", "_before", "_comparable")]
    row: dict[str, float | None] = dict.fromkeys(columns, 0.0)
    row |= {"gross_margin": 50.0, "net_revenue_with_cost": 200.0, "return_units": None, "demand_units": 4.0}
    found = with_changes(with_rates(pd.DataFrame([row])), "net_revenue").iloc[0]
    assert found["margin_pct"] == 0.25
    assert pd.isna(found[["margin_pct_before", "discount_rate", "return_rate", "change_rate"]]).all()


def test_like_for_like_is_always_against_last_year(sold: Marts, pool: Pool) -> None:
    here, there = chosen(), replace(chosen(), compare="previous")
    assert fetch(pool, ask.like_for_like(here)).equals(fetch(pool, ask.like_for_like(there)))
