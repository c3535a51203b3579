"""Product Performance: key figures against plain queries, seasons, sizes, markdowns and returns by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from prohandel.dashboard.database import Pool, fetch, open_pool
from prohandel.dashboard.filters import Filters, from_values
from prohandel.dashboard.settings import from_environment
from prohandel.dashboard.sql import product_performance as ask
from tests.python.dashboard.conftest import fill, metrics, open_page, texts
from tests.python.dashboard.retailer import AS_OF

Marts = psycopg.Connection[Any]


@pytest.fixture
def products(marts: Marts) -> Marts:
    """Sums of a year and two seasons on top of the retailer."""
    marts.execute("truncate marts.product_profitability, marts.season_weeks, marts.returns_by_size")
    for number, category, brand, net, with_cost, margin, sold, back, abc in (
        ("A1", "Hemden", "Alster", 9000, 8000, 4400, 100, 5, "A"),
        ("A2", "Kleider", "Tannen", 600, 600, 240, 40, 20, "B"),
        ("A3", "Gürtel", "Alster", 400, 400, 260, 30, 0, "C"),
        ("A4", "Kleider", "Tannen", 0, 0, None, 0, 0, "C"),
    ):
        fill(marts, "product_profitability", [{
            "article_number": number, "name": number, "category": category, "brand": brand, "season": "FS26",
            "net_revenue_365d": net, "net_revenue_with_cost_365d": with_cost, "gross_margin_365d": margin,
            "demand_units_365d": sold, "return_units_365d": back, "return_rate": back / sold if sold else None,
            "margin_pct": margin / with_cost if margin else None, "turnover_rate": 4.0, "abc_class": abc,
        }])  # fmt: skip
    weeks = (
        # season, category, week, received, sold, last year, plan
        ("HW25", "Hemden", 8, 100, 60, 0.5, 0.7), ("HW25", "Hemden", 9, 100, 65, 0.6, 0.75),
        ("HW25", "Kleider", 9, 300, 90, 0.4, None), ("FS26", "Hemden", 2, 10, 1, None, None),
    )  # fmt: skip
    for season, category, week, received, sold, last_year, plan in weeks:
        fill(marts, "season_weeks", [{
            "season": season, "category": category, "season_week": week, "received_units_cumulated": received,
            "net_units_cumulated": sold, "sell_through": sold / received, "sell_through_last_year": last_year,
            "plan_sell_through": plan,
        }])  # fmt: skip
    for category, size, sold, back, usual in (
        ("Hemden", "S", 20, 1, 0.05), ("Hemden", "M", 50, 3, 0.05), ("Hemden", "L", 30, 1, 0.05),
        ("Kleider", "M", 40, 16, 0.4),
    ):  # fmt: skip
        fill(marts, "returns_by_size", [{
            "category": category, "article_size_number": size, "demand_units_365d": sold, "return_units_365d": back,
            "return_rate": back / sold, "category_return_rate": usual,
        }])  # fmt: skip
    marts.execute(
        "update marts.size_availability set is_broken_size_run = article_number = 'A1' and on_hand is not null"
    )
    return marts


@pytest.fixture
def pool(marts: Marts) -> Iterator[Pool]:
    opened = open_pool(from_environment())
    yield opened
    opened.close()


def chosen(**values: Any) -> Filters:
    return from_values(values, AS_OF)


def test_key_figures_are_those_of_the_marts(products: Marts) -> None:
    """Stock to mark down: 4 x 30 EUR. HW25, week 9: 155 of 400; last year 100 x 0.6 + 300 x 0.4 of 400."""
    app = open_page("product_performance")
    row = products.execute(
        """
        select
            sum(net_revenue_365d), sum(gross_margin_365d), sum(return_units_365d) / sum(demand_units_365d),
            (select count(distinct (branch_number, article_number)) from marts.size_availability
             where is_broken_size_run)
        from marts.product_profitability
        """
    ).fetchone()
    assert row is not None
    assert [float(value) for value in row[:2]] == [10000, 4900]
    assert float(row[2]) == pytest.approx(25 / 170)
    assert row[3] == 2
    assert metrics(app) == {
        "Umsatz netto 365 T.": "10.000 €",
        "Rohertrag 365 T.": "4.900 €",
        "Retourenquote": "14,7 %",
        "Gebrochene Größenläufe": "2",
        "Abzuschreiben (EK)": "120 €",
        "Abverkauf HW25": "38,8 %",
    }
    notes = {
        str(metric.label).replace("\u00a0", " "): str(metric.delta).replace("\u00a0", " ") for metric in app.metric
    }
    # 4,900 over the 9,000 EUR that have a cost, not over 10,000.
    assert notes["Rohertrag 365 T."] == "Handelsspanne 54,4 %"
    assert notes["Abverkauf HW25"] == "Woche 9, Vorjahr 45,0 %"
    assert notes["Gebrochene Größenläufe"] == "von 4 Größenläufen"


def test_filters_reach_articles_and_branches_sizes_only(products: Marts) -> None:
    shown = metrics(open_page("product_performance", brand="Alster"))
    assert shown["Umsatz netto 365 T."] == "9.400 €"
    assert shown["Abzuschreiben (EK)"] == "0 €"
    app = open_page("product_performance", branch="0901")
    shown = metrics(app)
    assert shown["Umsatz netto 365 T."] == "10.000 €"
    assert shown["Gebrochene Größenläufe"] == "1"
    assert "Filialen grenzen auf dieser Seite nur die Größen ein" in texts(app)


def test_a_season_of_several_categories_is_weighted_by_what_came(products: Marts, pool: Pool) -> None:
    found = fetch(pool, ask.sell_through(chosen(), "HW25"))
    whole = found[found["category"].isna()].set_index("season_week")
    assert whole.loc[9, "sell_through"] == 155 / 400
    assert whole.loc[9, "sell_through_last_year"] == pytest.approx(0.45)
    # One category alone has a plan.
    assert whole.loc[9, "plan_sell_through"] == pytest.approx(0.75)
    one = fetch(pool, ask.sell_through(chosen(category="Kleider"), "HW25"))
    assert one.loc[one["category"].isna(), "sell_through_last_year"].tolist() == [0.4]


def test_a_season_that_just_began_is_not_shown_first(products: Marts) -> None:
    app = open_page("product_performance")
    seasons = app.selectbox(key="product_season")
    assert (seasons.value, seasons.options) == ("HW25", ["FS26", "HW25"])
    seasons.set_value("FS26").run()
    assert not app.exception
    assert "Ein Saisonplan liegt nicht vor" in texts(app)


def test_the_size_curve_compares_shares(products: Marts, pool: Pool) -> None:
    """Shirts: 20, 50 and 30 of 100 sold; on hand 5 S and 5 L in 0901, none in 0902."""
    found = fetch(pool, ask.size_curve(chosen(), "Hemden")).set_index("article_size_number")
    assert found["share_of_demand"].to_dict() == {"S": 0.2, "M": 0.5, "L": 0.3}
    assert found["share_of_stock"].to_dict() == {"S": 0.5, "M": 0.0, "L": 0.5}
    nowhere = fetch(pool, ask.size_curve(chosen(branch="0902"), "Hemden"))
    assert nowhere["share_of_stock"].isna().all()


def test_broken_runs_name_the_sizes_that_are_missing(products: Marts, pool: Pool) -> None:
    """M is a core size without stock in both branches, L in 0902 as well."""
    found = fetch(pool, ask.broken_runs(chosen())).set_index("article_number")
    assert found.index.tolist() == ["A1"]
    assert found[["broken_size_runs", "size_run_pairs"]].to_numpy().tolist() == [[2, 2]]
    assert found.loc["A1", "missing_core_sizes"] == "M, L"
    assert found.loc["A1", "on_hand"] == 10


def test_only_those_that_come_back_more_often_than_their_category(products: Marts, pool: Pool) -> None:
    """A2: 20 of 40 against 40 % of its category are 4 units too many. A1 is at the rate of its category."""
    found = fetch(pool, ask.returned_articles(chosen()))
    assert found["article_number"].tolist() == ["A2"]
    assert found["units_beyond"].iloc[0] == 4
    products.execute("update marts.product_profitability set demand_units_365d = 19 where article_number = 'A2'")
    assert fetch(pool, ask.returned_articles(chosen())).empty


def test_articles_without_revenue_are_no_candidates_for_a_ranking(products: Marts, pool: Pool) -> None:
    assert fetch(pool, ask.profitability(chosen()))["article_number"].tolist() == ["A1", "A2", "A3"]


def test_markdowns_are_ordered_by_the_money_that_they_bind(products: Marts, pool: Pool) -> None:
    fill(products, "markdown_candidates", [
        {"article_number": "A3", "on_hand": 100, "price_step_rate": 0.2},
        {"article_number": "A1", "on_hand": 100, "price_step_rate": 0},
    ])  # fmt: skip
    found = fetch(pool, ask.markdown_candidates(chosen()))
    assert dict(zip(found["article_number"], found["value_cost"], strict=True)) == {"A3": 800, "A2": 120}
    assert fetch(pool, ask.markdown_candidates(chosen(), most=1))["article_number"].tolist() == ["A3"]
