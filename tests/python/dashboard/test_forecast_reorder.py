"""The page Forecast & Reorder over the hand-made retailer; its numbers against tables of distributions and marts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from scipy import stats

from prohandel.dashboard.database import MOST_ROWS, Pool, fetch, open_pool
from prohandel.dashboard.filters import from_values
from prohandel.dashboard.forecast_panels import weighted
from prohandel.dashboard.order_file import COLUMNS, all_lines, order_file
from prohandel.dashboard.order_reasons import why
from prohandel.dashboard.settings import from_environment
from prohandel.dashboard.sql.forecast_reorder import happened, import_lines
from prohandel.dashboard.what_if import Pair, demand_of, levels, outcome, quantiles_of
from prohandel.dashboard.words import Words
from tests.python.dashboard.conftest import metrics, open_page, texts
from tests.python.dashboard.planned import HORIZON
from tests.python.dashboard.retailer import AS_OF

Marts = psycopg.Connection[Any]


def told(app: Any) -> str:
    return texts(app).replace("\u00a0", " ")


def frame_with(app: Any, column: str) -> pd.DataFrame:
    frames: list[pd.DataFrame] = [frame.value for frame in app.dataframe]
    return next(frame for frame in frames if column in frame.columns)


@pytest.fixture
def pool(marts: Marts) -> Iterator[Pool]:
    opened = open_pool(from_environment())
    yield opened
    opened.close()


def pair(**changes: Any) -> Pair:
    """Half a piece a day for four weeks, a Poisson."""
    days = pd.DataFrame({"demand_mean": [0.5] * HORIZON, "dispersion": 0.0, "level_cv2": 0.0})
    return Pair(**{
        "days": days, "review_period_days": 7, "lead_time_sd_days": 0.0, "is_fill_rate": False, "position": 3.0,
        "pack_units": 6.0, "unit_cost": 15.0, **changes,
    })  # fmt: skip


def test_key_figures_are_those_of_the_marts(marts: Marts) -> None:
    shown = metrics(open_page("forecast_reorder"))
    row = marts.execute(
        """
        select
            sum(order_value_cost),
            sum(recommended_order_units),
            sum(order_value_cost) filter (where urgency = 'now'),
            count(distinct supplier) filter (where recommended_order_units > 0),
            (select sum(demand_mean) from marts.demand_forecast)
        from marts.reorder_recommendations
        """
    ).fetchone()
    assert row is not None
    assert [float(value) for value in row] == [180.0, 17.0, 180.0, 2.0, 42.0]
    assert shown == {
        "Bestellwert (EK)": "180 €",
        "Zu bestellen": "17 Stück",
        "Davon eilig (EK)": "180 €",
        "Lieferanten": "2",
        "Erwartete Nachfrage": "42 Stück",
    }


def test_filters_reach_orders_and_forecast(marts: Marts) -> None:
    shown = metrics(open_page("forecast_reorder", branch="0912"))
    assert (shown["Zu bestellen"], shown["Erwartete Nachfrage"]) == ("5 Stück", "0 Stück")
    assert metrics(open_page("forecast_reorder", branch="0901"))["Erwartete Nachfrage"] == "28 Stück"
    assert metrics(open_page("forecast_reorder", category="Gürtel"))["Zu bestellen"] == "5 Stück"


def test_pairs_without_stock_of_their_own_are_in_those_of_their_server(marts: Marts) -> None:
    marts.execute("update marts.inventory_status set on_hand = null where branch_number = '0902'")
    assert metrics(open_page("forecast_reorder"))["Erwartete Nachfrage"] == "28 Stück"


def test_sales_without_stock_of_their_own_are_their_servers(marts: Marts, pool: Pool) -> None:
    """Two pieces a day and branch: 0902 sells from the stock of 0912."""
    chosen = from_values({}, AS_OF)

    def sold(branch: str) -> list[float]:
        return fetch(pool, happened(chosen, 7, 2, "A1", branch))["demand_units"].tolist()

    assert (sold("0902"), sold("0912")) == ([14, 14], [0, 0])
    marts.execute("update marts.inventory_status set on_hand = null where branch_number = '0902'")
    marts.execute("update marts.dim_shops set supplied_from = '0912' where branch_number = '0902'")
    assert (sold("0902"), sold("0912")) == ([0, 0], [14, 14])


def test_a_forecast_says_what_it_is_of(marts: Marts) -> None:
    said = told(open_page("forecast_reorder"))
    assert "Summe von 2 Artikeln in Filialen. Bänder addieren sich nicht" in said
    app = open_page("forecast_reorder", article="A1", at="0902")
    assert app.selectbox(key="forecast_article").value == "A1"
    assert app.selectbox(key="forecast_at").value == "0902"
    assert "Ein Artikel in einer Filiale." in told(app)


def test_what_if_tells_the_policy_first_and_then_what_was_tried(marts: Marts) -> None:
    """Poisson(7): 10 pieces last with 90.1 %, 12 with 97.3 %; 10 less the 3 to come are two packs of 6."""
    app = open_page("forecast_reorder", article="A1", at="0902")
    shown = metrics(app)
    assert (shown["Meldebestand"], shown["Sicherheitsbestand"]) == ("10", "3")
    row = marts.execute(
        "select reorder_point, recommended_order_units from marts.reorder_recommendations"
        " where article_number = 'A1' and branch_number = '0902'"
    ).fetchone()
    assert row == (10, 12)
    app.slider(key="try_service_A1-0902").set_value(95.0).run()
    tried = {metric.label: (metric.value, metric.delta) for metric in app.metric}
    assert tried["Meldebestand"] == ("12", "statt 10")
    assert tried["Erwartete Nachfrage"][0] == "7"


def test_without_one_branch_there_is_nothing_to_try(marts: Marts) -> None:
    app = open_page("forecast_reorder", article="A1")
    assert "Eine Filiale wählen" in told(app)
    assert not app.slider


def test_suppliers_and_their_lines(marts: Marts) -> None:
    app = open_page("forecast_reorder")
    suppliers = frame_with(app, "proposals_below_minimum").set_index("supplier")
    columns = ["order_value_cost", "lines", "proposals_below_minimum"]
    assert [float(value) for value in suppliers[columns].to_numpy()[0]] == [180, 1, 1]
    assert list(suppliers.index) == ["Lieferant", "Nord"]
    app.selectbox(key="order_supplier").set_value("Nord").run()
    assert frame_with(app, "why")["article_number"].tolist() == ["A3"]


def test_the_reason_is_in_the_readers_language(marts: Marts) -> None:
    german = frame_with(open_page("forecast_reorder"), "why")["why"].iloc[0]
    assert german.replace("\u00a0", " ") == (
        "Verkauft 3,5 pro Woche, 0 am Lager, 3 kommen per Umlagerung, Lieferant braucht 7 Tage, zu 90 % sicher bis "
        "13.03.2026: 12 bestellen (Packungen zu 6). Alles an Lieferant ist 180 € wert, verlangt sind 200 €. "
        "Offene Bestellungen sind nicht bekannt."
    )
    english = frame_with(open_page("forecast_reorder", lang="en"), "why")["why"].iloc[0]
    assert english == "Sells 3.5 a week, 0 left: order 12 (packs of 6)."


def test_a_reason_without_limits_has_no_brackets() -> None:
    order = SimpleNamespace(
        expected_daily_demand=1.0, on_hand=2.0, on_order_units=4.0, inbound_transfer_units=0.0, lead_time_days=3,
        review_period_days=4, as_of_date=AS_OF, service_level=0.975, recommended_order_units=8.0,
        binding_constraint=None, pack_units=1.0, is_below_minimum_value=False, on_order_source="purchase_orders",
        supplier="L", reason="",
    )  # fmt: skip
    assert why(order, Words("de")).replace("\u00a0", " ") == (
        "Verkauft 7,0 pro Woche, 2 am Lager, 4 bestellt, Lieferant braucht 3 Tage, zu 97,5 % sicher bis 06.03.2026: "
        "8 bestellen."
    )


def test_accuracy_is_weighted_by_the_days_scored(marts: Marts) -> None:
    """Boosted: 20 % over 100 days and 40 % over 300 are 35 %."""
    found = pd.DataFrame({"model": "m", "wape": [0.2, 0.4, np.nan], "n_points": [100, 300, 900]})
    assert weighted(found, ["model"], ["wape"])["wape"].tolist() == [pytest.approx(0.35)]
    app = open_page("forecast_reorder")
    rows = frame_with(app, "coverage_p80")
    assert rows[["segment", "model", "is_champion"]].to_numpy().tolist() == [
        ["A/Hemden", "boosted", "ja"],
        ["A/Hemden", "baseline", "nein"],
        ["C/Kleider", "boosted", "ja"],
        ["C/Kleider", "baseline", "nein"],
    ]
    assert rows["wape"].astype(float).tolist() == pytest.approx([0.2, 0.3, 0.4, 0.5])
    assert frame_with(app, "tracking_signal")["segment"].tolist() == ["A/Hemden"]


def test_without_a_measured_forecast_the_page_says_what_to_run(marts: Marts) -> None:
    marts.execute("truncate marts.forecast_accuracy")
    marts.execute("drop table marts.forecast_drift")
    assert "`prohandel forecast backtest`" in told(open_page("forecast_reorder"))


def test_without_the_marts_the_page_says_so(marts: Marts) -> None:
    marts.execute("drop table marts.demand_forecast")
    assert "Der Mart `demand_forecast` fehlt" in told(open_page("forecast_reorder"))


def test_bands_are_quantiles_of_the_sum() -> None:
    """Poisson tables: 3.5 and 10.5 expected."""
    means = np.array([3.5, 10.5])
    bands = [quantiles_of(means, means, level).tolist() for level in (0.5, 0.8, 0.95)]
    assert bands == [[3.0, 10.0], [5.0, 13.0], [7.0, 16.0]]
    spread = quantiles_of(np.array([10.0]), np.array([30.0]), 0.9)
    assert spread[0] == stats.nbinom.ppf(0.9, 5.0, 1 / 3)


def test_levels_are_quantiles_of_the_stretch() -> None:
    assert levels(pair(), [0.5, 0.9, 0.99], 7).tolist() == stats.poisson.ppf([0.5, 0.9, 0.99], 7).tolist()


def test_days_beyond_the_horizon_are_like_its_last_week() -> None:
    days = pd.DataFrame({
        "demand_mean": [0.0] * 21 + [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 2.0], "dispersion": 0.0, "level_cv2": 0.0,
    })  # fmt: skip
    assert demand_of(pair(days=days), 30).mean[0] == pytest.approx(14 + 2 * 2)
    assert demand_of(pair(days=days), 0).mean[0] == 0


def test_the_error_of_the_level_is_shared_by_the_days() -> None:
    """var = S + c S^2 + a (1 + c) sum(m^2), and (m_d sigma_L)^2 for the lead time."""
    days = pd.DataFrame({"demand_mean": [0.5] * 28, "dispersion": 0.4, "level_cv2": 0.1})
    assert demand_of(pair(days=days), 14).variance[0] == pytest.approx(7 + 0.1 * 49 + 0.4 * 1.1 * 14 * 0.25)
    calm, shaky = outcome(pair(), 0.95, 7), outcome(pair(lead_time_sd_days=10.0), 0.95, 7)
    assert shaky.reorder_point > calm.reorder_point


def test_an_order_fills_whole_packs_up_to_the_level() -> None:
    found = outcome(pair(), 0.9, 7)
    assert (found.reorder_point, found.order_units, found.order_value_cost) == (10, 12, 180)
    assert outcome(pair(position=10.0), 0.9, 7).order_units == 0
    assert np.isnan(outcome(pair(unit_cost=float("nan")), 0.9, 7).order_value_cost)


def test_a_fill_rate_leaves_no_more_short_than_it_allows() -> None:
    """Expected shortage of the review period, by adding up the Poisson."""
    level = int(levels(pair(is_fill_rate=True), [0.95], 7)[0])

    def short(units: int, mean: float) -> float:
        return sum((demand - units) * float(stats.poisson.pmf(demand, mean)) for demand in range(units, 80))

    allowed = 0.05 * 3.5
    assert short(level, 7) - short(level, 3.5) <= allowed
    assert short(level - 1, 7) - short(level - 1, 3.5) > allowed


def test_the_order_file_has_a_line_for_each_size(pool: Pool) -> None:
    lines = all_lines(lambda after: fetch(pool, import_lines(from_values({}, AS_OF), None, after)))
    assert order_file(lines, "de").decode("utf-8").split("\r\n") == [
        "supplier;branch_number;article_number;article_size_number;units;unit_cost;ordered_on",
        "Lieferant;0902;A1;L;3;15,00;2026-02-27",
        "Lieferant;0902;A1;M;7;15,00;2026-02-27",
        "Lieferant;0902;A1;S;2;15,00;2026-02-27",
        "Nord;0912;A3;;5;;2026-02-27",
        "",
    ]
    assert order_file(lines, "en").decode("utf-8").split("\r\n")[1] == "Lieferant,0902,A1,L,3,15.00,2026-02-27"


def test_metres_keep_their_decimals() -> None:
    line = {name: [""] for name in COLUMNS} | {
        "units": [2.25], "unit_cost": [float("nan")], "ordered_on": [date(2026, 2, 27)],
    }  # fmt: skip
    assert order_file(pd.DataFrame(line), "de").decode().splitlines()[1] == ";;;;2,25;;2026-02-27"


def test_no_line_is_lost_beyond_what_a_query_brings() -> None:
    def part(after: int) -> pd.DataFrame:
        return pd.DataFrame({"number": range(after, min(after + MOST_ROWS, 12_000))})

    assert all_lines(part)["number"].tolist() == list(range(12_000))
