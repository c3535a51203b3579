"""Stock Level Monitoring: how stock and stockouts develop, what runs out next, and what cannot be right."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, table
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import Kind
from prohandel.dashboard.pages.product import stock_panel
from prohandel.dashboard.sql import stock_monitoring as ask
from prohandel.dashboard.sql.stock import Dimension, dates_back, levels_on

_PARTS = 5
_DAILY_UP_TO = 92

Measure = Literal["stock_value_cost", "stock_units", "stockout_rate"]
_KINDS: dict[Measure, Kind] = {"stock_value_cost": "money", "stock_units": "units", "stockout_rate": "percent"}

CONTROLS = ("period",)

WORDS = {
    "at_risk_pairs": ("Bestände in Gefahr", "Stocks at risk"),
    "out_now": ("Leer", "Out of stock"),
    "low_now": ("Knapp", "Low"),
    "articles_in": ("{number} Artikel", "{number} articles"),
    "lost": ("Entgangener Umsatz, laufend", "Revenue lost so far"),
    "lost_note": ("{number} leere Bestände, ohne Saisonware", "{number} empty stocks, one-shots apart"),
    "below_point": ("verkäuflich und zu wenig da", "they sell, and too little is there"),
    "by": ("Aufteilen nach", "Split by"),
    "measure": ("Kennzahl", "Measure"),
    "by_all": ("Gesamt", "Total"),
    "by_article": ("Artikel", "Article"),
    "over_time": ("Bestand im Zeitverlauf", "Stock over time"),
    "over_time_question": (
        "Baut sich Bestand auf oder läuft er leer? Größte {parts}, der Rest zusammen.",
        "Does stock build up or run out? The largest {parts}, the rest together.",
    ),
    "over_time_question_all": ("Baut sich Bestand auf oder läuft er leer?", "Does stock build up or run out?"),
    "rest": ("Übrige", "Others"),
    "stock_value_cost": ("Lagerwert", "Stock value"),
    "stock_units": ("Stück", "Units"),
    "stockout_rate": ("Fehlbestandsquote", "Stockout rate"),
    "eur_cost": ("EUR zu EK", "EUR at cost"),
    "unit_units": ("Stück", "units"),
    "unit_rate": ("% der geführten Artikel", "% of ranged articles"),
    "which_article": ("Welcher Artikel?", "Which article?"),
    "risk": ("Artikel in Gefahr", "Articles at risk"),
    "risk_question": (
        "Was ist leer oder läuft vor der nächsten Lieferung leer? A-Artikel zuerst.",
        "What is out, or runs out before the next delivery? A articles first.",
    ),
    "days_until_empty": ("Tage bis leer", "Days until empty"),
    "lost_so_far": ("Entgangen (netto)", "Lost (net)"),
    "anomalies": ("Zählen und klären", "Count and clear up"),
    "anomalies_question": (
        "Bestände und Verkäufe, die nicht stimmen können.",
        "Stock and sales that cannot be right.",
    ),
    "do_negative": (
        "Artikel zählen, fehlenden Wareneingang buchen",
        "Count it, and book the missing receipt",
    ),
    "do_phantom": (
        "Nachsehen, ob die Ware da ist; sonst ausbuchen",
        "See whether it is there; else correct it",
    ),
    "do_below_cost_sale": (
        "VK, Nachlass und EK dieser Verkäufe prüfen",
        "Check their price, discount and cost",
    ),
    "do_no_cost": ("EK des Artikels eintragen", "Enter the cost of the article"),
    "do_no_price": ("VK des Artikels eintragen", "Enter the list price of the article"),
}


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    risk = context.rows(ask.at_risk(context.filters))
    _key_figures(context, risk)
    _over_time(context, risk)
    _risk(context, risk)
    _anomalies(context)


def _key_figures(context: Context, risk: pd.DataFrame) -> None:
    words, formats = context.words, context.words.formats
    counts = context.rows(ask.status_counts(context.filters)).set_index("stock_status")
    lost = context.rows(ask.lost_now(context.filters)).iloc[0]

    def pairs(status: str) -> tuple[str, str]:
        if status not in counts.index:
            return formats.number(0), ""
        row = counts.loc[status]
        return formats.number(row["pairs"]), words("articles_in", number=formats.number(row["articles"]))

    out, out_articles = pairs("out_of_stock")
    low, low_articles = pairs("low")
    kpi_row(
        context,
        "risk",
        [
            Kpi(words("at_risk_pairs"), formats.number(len(risk)), "reorder_points", "reorder_point",
                note=words("below_point")),
            Kpi(words("out_now"), out, "inventory_status", "stock_status", note=out_articles),
            Kpi(words("low_now"), low, "inventory_status", "stock_status", note=low_articles),
            Kpi(words("lost"), formats.money_short(lost["estimated_lost_net_revenue"]), "stockout_events",
                "estimated_lost_net_revenue", note=words("lost_note", number=formats.number(lost["events"]))),
        ],
    )  # fmt: skip


def _over_time(context: Context, risk: pd.DataFrame) -> None:
    words = context.words
    labels = {"all": words("by_all"), "branch_number": words("branch"), "category": words("category"),
              "article_number": words("by_article")}  # fmt: skip
    with st.container(key="over-time-choice", horizontal=True, gap="small"):
        by = st.segmented_control(
            words("by"), list(labels), key="stock_by", default="all", format_func=lambda name: labels[name],
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        if by != "article_number":
            measure: Measure = st.segmented_control(
                words("measure"), list(_KINDS), key="stock_measure", default="stock_value_cost", format_func=words,
                required=True, label_visibility="collapsed",
            )  # fmt: skip
    if by == "article_number":
        _one_article(context, risk)
        return
    filters = context.filters
    step = 1 if filters.span.days <= _DAILY_UP_TO and not filters.needs_articles else 7
    dimension: Dimension = by if by in ("branch_number", "category") else "all"  # type: ignore[assignment]
    found = context.rows(levels_on(filters, dates_back(filters.span.last, filters.span.first, step), dimension))
    drawn, order = _named(context, found, dimension, measure)
    unit = {
        "stock_value_cost": words("eur_cost"),
        "stock_units": words("unit_units"),
        "stockout_rate": words("unit_rate"),
    }
    chart = None
    if not drawn.empty:
        chart = charts.lines(
            drawn, words, x="date_day", y=measure, series="name" if order else None, title=unit[measure],
            kind=_KINDS[measure], order=order, from_zero=measure == "stockout_rate", height=320,
        )  # fmt: skip
    question = words("over_time_question", parts=_PARTS) if order else words("over_time_question_all")
    panel(context, "stock-over-time", words("over_time"), drawn, chart, question=question)


def _named(
    context: Context, found: pd.DataFrame, by: Dimension, measure: Measure
) -> tuple[pd.DataFrame, list[str] | None]:
    """Rows by day and name: the largest parts on the last day, the rest together; and the names in order."""
    if by == "all" or found.empty:
        return found, None
    last = found[found["date_day"] == found["date_day"].max()]
    order = last.sort_values("stock_value_cost", ascending=False)["part"].tolist()
    largest = order[: _PARTS if measure != "stockout_rate" else _PARTS + 1]
    name = context.branch if by == "branch_number" else context.words.of_value
    names = {part: name(part) if part in largest else context.words("rest") for part in found["part"].unique()}
    sums = ["stock_units", "stock_value_cost", "rated_articles", "rated_stocked_out_articles"]
    grouped = found.assign(name=found["part"].map(names)).groupby(["date_day", "name"], as_index=False)[sums].sum()
    grouped["stockout_rate"] = grouped["rated_stocked_out_articles"] / grouped["rated_articles"].where(
        grouped["rated_articles"] > 0
    )
    rest = [context.words("rest")] if len(order) > len(largest) else []
    return grouped.dropna(subset=[measure]), [names[part] for part in largest] + rest


def _one_article(context: Context, risk: pd.DataFrame) -> None:
    words = context.words
    choices = dict(zip(risk["article_number"], risk["name"], strict=True))
    if not choices:
        panel(context, "stock-over-time", words("over_time"), risk, None)
        return
    article = st.selectbox(
        words("which_article"), list(choices), key="stock_article",
        format_func=lambda number: f"{number} · {words.of_value(choices.get(number, number))}",
    )  # fmt: skip
    stock_panel(context, str(article))


def _risk(context: Context, risk: pd.DataFrame) -> None:
    words = context.words
    table(
        context,
        "at-risk",
        words("risk"),
        risk,
        [
            Column("abc_class", "inventory_status"),
            Column("article_number", "dim_articles"),
            Column("name", "dim_articles"),
            Column("branch_number", "inventory_status", show=context.branch),
            Column("stock_status", "inventory_status"),
            Column("on_hand", "inventory_status"),
            Column("days_of_supply", "inventory_status", label=words("days_until_empty"), kind="units_exact"),
            Column("avg_daily_demand_90d", "inventory_status", kind="factor"),
            Column("reorder_point", "reorder_points", kind="units_exact"),
            Column("on_order_units", "reorder_points"),
            Column("stockout_days", "stockout_events", kind="days"),
            Column("estimated_lost_net_revenue", "stockout_events", label=words("lost_so_far")),
        ],
        question=words("risk_question"),
        height=440,
    )


def _anomalies(context: Context) -> None:
    words = context.words
    found = context.rows(ask.anomalies(context.filters))
    todo = {kind: words(f"do_{kind}") for kind in found["kind"].unique()}
    table(
        context,
        "anomalies",
        words("anomalies"),
        found.assign(what_to_do=found["kind"].map(todo)),
        [
            Column("kind", "stock_anomalies"),
            Column("article_number", "dim_articles"),
            Column("name", "dim_articles"),
            Column("branch_number", "stock_anomalies", show=context.branch),
            Column("since", "stock_anomalies", kind="date"),
            Column("units", "stock_anomalies"),
            Column("value_cost", "stock_anomalies"),
            Column("what_to_do", "stock_anomalies", kind="text"),
        ],
        question=words("anomalies_question"),
        height=380,
    )
