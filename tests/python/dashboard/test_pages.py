"""Pages run by Streamlit's AppTest over the retailer of `retailer.py`, whose key figures can be added up by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import altair as alt
import pandas as pd
import psycopg
import pytest
import streamlit as st
from altair.utils.schemapi import SchemaValidationError

from prohandel.dashboard import charts
from prohandel.dashboard.words import Words
from tests.python.conftest import Server
from tests.python.dashboard.conftest import fill, metrics, open_page, settings_of, texts
from tests.python.dashboard.retailer import RUN_AT

Marts = psycopg.Connection[Any]

PAGES = (
    "", "inventory_overview", "stock_monitoring", "product", "warehouse_performance", "forecast_reorder",
    "data_quality", "sales_analysis", "product_performance",
)  # fmt: skip


def told(app: Any) -> str:
    return texts(app).replace("\u00a0", " ")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_shows_itself_in_both_languages(marts: Marts, page: str, language: str) -> None:
    app = open_page(page, lang=language, **({"article": "A1"} if page == "product" else {}))
    assert not app.exception
    assert "Das ging schief" not in told(app)
    assert "This went wrong" not in told(app)
    assert len(app.metric) >= 4
    assert all(metric.help for metric in app.metric)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_warehouse_says_what_comes_next(empty_marts: Marts, page: str) -> None:
    app = open_page(page)
    assert not app.exception
    assert "Noch keine Daten" in told(app)
    assert not app.metric


def test_a_warehouse_without_marts_is_an_empty_one(
    database: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_of(monkeypatch, server, database.name)
    app = open_page()
    assert "Noch keine Daten" in told(app)
    st.cache_resource.clear()


@pytest.mark.parametrize("page", PAGES)
def test_stale_data_are_told(marts: Marts, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("PROHANDEL_DASHBOARD_NOW", "2026-03-02T17:00:00+00:00")
    assert any("48 Stunden" in warning.value for warning in open_page(page).warning)


def test_fresh_data_carry_no_warning(marts: Marts) -> None:
    app = open_page()
    assert not app.warning
    assert "Stand Fr 27.02.2026" in told(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_database_that_is_gone_is_told_without_a_trace(
    marts: Marts, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setenv("PGHOST", "/nowhere")
    st.cache_resource.clear()
    app = open_page(page)
    assert not app.exception
    assert "Die Datenbank antwortet nicht" in told(app)


def test_today_adds_up(marts: Marts) -> None:
    """Day: 200 + 50. Week from Monday: 4 x 150 + 250. Month: 26 x 150 + 250, and three Fridays of 0903 before."""
    app = open_page()
    assert metrics(app) == {
        "Umsatz Fr 27.02.": "250 €",
        "Umsatz KW 9": "850 €",
        "Umsatz Monat": "4.180 €",
        "Bons Fr 27.02.": "3",
        "Ø-Bon Fr 27.02.": "99,17 €",
        "Teile/Bon Fr 27.02.": "2,00",
    }
    # 250 against 80 + 50 of the comparable day.
    assert app.metric[0].delta == "+92,3\u00a0%"


def test_gross_shows_what_was_paid(marts: Marts) -> None:
    assert metrics(open_page(money="gross"))["Umsatz Fr 27.02."] == "298 €"


def test_a_branch_alone(marts: Marts) -> None:
    assert metrics(open_page(branch="0902"))["Umsatz Fr 27.02."] == "50 €"


def test_a_branch_that_went_silent_is_named(marts: Marts) -> None:
    silent = open_page().dataframe
    names = [frame.value["branch_number"].tolist() for frame in silent if "days_silent" in frame.value.columns]
    assert names == [["0903 Köln"]]


def test_what_is_to_be_done_today(marts: Marts) -> None:
    """Order: 12 for A1 in 0902 at 15 EUR; markdown: 4 x 30 EUR; count: |120| + |-30| EUR."""
    said = told(open_page())
    assert "### 180 €" in said
    assert "### 62 €" in said
    assert "### 120 €" in said
    assert "### 150 €" in said


def test_the_value_of_stock_is_that_of_the_mart(marts: Marts) -> None:
    shown = metrics(open_page("inventory_overview"))
    row = marts.execute(
        """
        select sum(inventory_value_cost), sum(inventory_value_retail), sum(excess_value_cost)
        from marts.inventory_status
        """
    ).fetchone()
    assert row is not None
    assert [float(value) for value in row] == [1070.0, 3848.6, 440.0]
    assert shown["Lagerwert (EK)"] == "1.070 €"
    assert shown["Lagerwert (VK)"] == "3.849 €"
    assert shown["Überbestand (EK)"] == "440 €"
    assert shown["Ladenhüter (EK)"] == "120 €"
    assert shown["Langsamdreher (EK)"] == "920 €"
    # 114 units over 1 + 0.5 + 0.5 a day.
    assert shown["Reichweite"] == "57 Tage"


def test_the_stockout_rate_is_that_of_the_period(marts: Marts) -> None:
    """One of four articles is out on each of the last 28 days, none before: 7/7 of 25 %, then 28/60 of it."""
    assert metrics(open_page("inventory_overview", period="p7"))["Fehlbestandsquote"] == "25,0 %"
    assert metrics(open_page("inventory_overview", period="p365"))["Fehlbestandsquote"] == "11,7 %"


def test_turnover_is_annualised_over_known_days(marts: Marts) -> None:
    """40 EUR cost a branch and day: 60 x 80 + 8 Fridays of 0903 x 40, times 365 / 60, over 1,000 EUR."""
    assert metrics(open_page("inventory_overview"))["Lagerumschlag (LUG)"] == "31,15"


def test_filters_of_articles_reach_the_stock(marts: Marts) -> None:
    shown = metrics(open_page("inventory_overview", brand="Tannen"))
    assert shown["Lagerwert (EK)"] == "120 €"
    assert metrics(open_page("inventory_overview", assortment="nos"))["Lagerwert (EK)"] == "950 €"


def test_stock_at_risk(marts: Marts) -> None:
    app = open_page("stock_monitoring")
    shown = metrics(app)
    assert shown["Bestände in Gefahr"] == "1"
    assert shown["Leer"] == "1"
    assert shown["Entgangener Umsatz, laufend"] == "210 €"


def test_services_without_stock_are_not_at_risk(marts: Marts) -> None:
    marts.execute("update marts.dim_articles set is_merchandise = false")
    assert metrics(open_page("stock_monitoring"))["Bestände in Gefahr"] == "0"


def test_what_nobody_counts_is_not_at_risk(marts: Marts) -> None:
    marts.execute("update marts.reorder_recommendations set binding_constraint = 'not_kept'")
    assert metrics(open_page("stock_monitoring"))["Bestände in Gefahr"] == "0"


def test_the_article_page(marts: Marts) -> None:
    shown = metrics(open_page("product", article="A1"))
    assert shown["Bestand"] == "10 Stück"
    assert shown["Reichweite"] == "7 Tage"
    # 28 days x 2 branches x 2 units, and three Fridays of 0903.
    assert shown["Verkauf 28 Tage"] == "118 Stück"
    assert shown["Handelsspanne"] == "60,0 %"


def test_an_article_that_is_not_there(marts: Marts) -> None:
    assert "Den Artikel X9 gibt es nicht" in told(open_page("product", article="X9"))


def test_without_a_forecast_the_article_page_says_how_to_get_one(marts: Marts) -> None:
    marts.execute("drop table if exists marts.demand_forecast")
    assert "Der Mart `demand_forecast` fehlt" in told(open_page("product", article="A1"))


def test_branches_add_up(marts: Marts) -> None:
    shown = metrics(open_page("warehouse_performance"))
    assert shown["Umsatz netto 365 T."] == "55.270 €"
    assert shown["Lagerwert (EK)"] == "1.500 €"
    assert shown["Überbestand (EK)"] == "300 €"
    assert shown["Gebrochene Größenläufe"] == "6"


def test_the_reason_of_a_transfer_is_in_the_readers_language(marts: Marts) -> None:
    for language, words in (("de", "verkauft 1,00 am Tag"), ("en", "sells 1.00 a day")):
        frames = open_page("warehouse_performance", lang=language).dataframe
        reasons = [frame.value["why"].iloc[0] for frame in frames if "why" in frame.value.columns]
        assert len(reasons) == 1
        assert words in reasons[0]


def test_a_filter_without_effect_is_named(marts: Marts) -> None:
    assert "Ohne Wirkung auf dieser Seite: Marke." in told(open_page(brand="Alster"))


@pytest.mark.parametrize("page", PAGES)
def test_a_filter_leaves_everything_in_its_place(marts: Marts, page: str) -> None:
    """Streamlit draws anew what has another place than before."""
    app = open_page(page, **({"article": "A1"} if page == "product" else {}))
    before = [element.type for element in app.main.children.values()]
    branches = app.multiselect(key="filter_branch")
    for branch in branches.options:
        branches.select(branch)
    branches.run()
    assert f"**Filiale:** {branches.options[0]}" in told(app)
    assert [element.type for element in app.main.children.values()] == before


def test_a_chart_against_the_schema_is_refused() -> None:
    chart = alt.Chart(pd.DataFrame({"x": [0]})).mark_point().encode(x=alt.X("x:Q", axis={"format": 1}))
    with pytest.raises(SchemaValidationError):
        charts.finished(chart, Words("de")).to_dict()


def test_nothing_that_fits_is_a_designed_state(marts: Marts) -> None:
    app = open_page("inventory_overview", branch="0903", brand="Tannen")
    assert not app.exception
    assert "Nichts zu zeigen" in told(app)


def test_a_new_run_shows_at_once_and_an_old_answer_is_kept_until_then(marts: Marts) -> None:
    assert metrics(open_page("warehouse_performance"))["Lagerwert (EK)"] == "1.500 €"
    marts.execute("update marts.warehouse_performance set inventory_value_cost = 600 where branch_number = '0901'")
    assert metrics(open_page("warehouse_performance"))["Lagerwert (EK)"] == "1.500 €"
    fill(marts, "quality.test_results", [{"run_at": RUN_AT + timedelta(hours=1), "test_id": "t"}])
    assert metrics(open_page("warehouse_performance"))["Lagerwert (EK)"] == "1.600 €"


def test_search_finds_by_number_ean_and_name(marts: Marts) -> None:
    for text in ("A2", "4000000000002", "kleid"):
        app = open_page()
        app.text_input(key="search").set_value(text).run()
        assert [button.label for button in app.button if str(button.key).startswith("hit-")] == ["A2 · Kleid rot"]


def test_search_takes_signs_of_patterns_as_they_are(marts: Marts) -> None:
    app = open_page()
    app.text_input(key="search").set_value("%%%").run()
    assert not [button for button in app.button if str(button.key).startswith("hit-")]
    assert "Kein Artikel passt" in told(app)


def test_the_address_tells_the_filters(marts: Marts) -> None:
    app = open_page("inventory_overview", period="p90", branch=["0901"], money="gross")
    assert app.session_state["filter_branch"] == ["0901"]
    assert app.query_params["period"] == "p90"
    app.selectbox(key="filter_period").set_value("p7").run()
    assert app.query_params["period"] == "p7"
    assert app.query_params["branch"] == "0901"
    assert app.query_params["money"] == "gross"


def test_an_own_period_outlives_a_page_without_periods(marts: Marts) -> None:
    chosen = {"period": "own", "from": "2026-02-02", "to": "2026-02-08"}
    app = open_page("", **chosen)
    assert {name: app.query_params[name] for name in chosen} == chosen
    assert "02.02.2026 \u2013 08.02.2026" in told(open_page("inventory_overview", **chosen))


def test_panels_that_no_branch_narrows_say_so(marts: Marts) -> None:
    notes = ("je Filiale ist das Alter nicht bekannt", "Klassen und Umsatz: alle Filialen")
    assert all(note in told(open_page("inventory_overview", branch="0901")) for note in notes)
    assert not any(note in told(open_page("inventory_overview")) for note in notes)


def test_controls_without_effect_are_not_drawn(marts: Marts) -> None:
    drawn = {page: {box.key for box in open_page(page).selectbox} for page in ("", "inventory_overview")}
    assert "filter_period" not in drawn[""]
    assert "filter_period" in drawn["inventory_overview"]


def test_as_of_line_names_the_publication(marts: Marts) -> None:
    marts.execute("create table quality.publications (publication_id bigint, outcome text, decided_at timestamptz)")
    marts.execute(
        "insert into quality.publications values (12, 'published', %s), (13, 'refused', %s)", [RUN_AT, RUN_AT]
    )
    assert "Veröffentlichung 12 vom 28.02.2026 18:30" in told(open_page())
