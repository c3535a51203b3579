"""Inventory Overview: what the stock is worth, how long it lasts, how old it is, and where to look first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, table
from prohandel.dashboard.context import Context
from prohandel.dashboard.filters import Span
from prohandel.dashboard.formats import change_rate, is_missing
from prohandel.dashboard.sql import inventory_overview as ask
from prohandel.dashboard.sql.stock import cost_of_sales_by_day, levels_by_day
from prohandel.dashboard.stock_history import WINDOW, level, stockout_rate, turnover

_WEEKS = 26
_CATEGORIES = 15
_AGES = ("0-30", "31-90", "91-180", "181-365", "366+", "unknown")

CONTROLS = ("period", "compare")

WORDS = {
    "value_cost": ("Lagerwert (EK)", "Stock value (cost)"),
    "value_retail": ("Lagerwert (VK)", "Stock value (retail)"),
    "units": ("Bestand", "Stock"),
    "pieces": ("{number} Stück", "{number} units"),
    "turnover": ("Lagerumschlag (LUG)", "Turnover"),
    "stockout": ("Fehlbestandsquote", "Stockout rate"),
    "supply": ("Reichweite", "Days of supply"),
    "days": ("{number} Tage", "{number} days"),
    "excess": ("Überbestand (EK)", "Excess (cost)"),
    "dead": ("Ladenhüter (EK)", "Dead stock (cost)"),
    "slow": ("Langsamdreher (EK)", "Slow movers (cost)"),
    "share_of_value": ("{share} des Lagerwerts", "{share} of stock value"),
    "times_cost": ("das {factor}-Fache des EK", "{factor} times cost"),
    "supply_note": ("Nachfrage von 90 T.", "demand of 90 d"),
    "age": ("Lagerwert nach Warengruppe und Alter", "Stock value by category and age"),
    "age_question": ("Wo liegt altes Geld?", "Where does old money lie?"),
    "eur_cost": ("EUR zu EK", "EUR at cost"),
    "age_days": ("{bucket} Tage", "{bucket} days"),
    "matrix": ("ABC \u00d7 XYZ", "ABC \u00d7 XYZ"),
    "matrix_question": (
        "A bis C: Gewicht im Umsatz. X bis Z: wie gleichmäßig es sich verkauft. Zelle anklicken: ihre Artikel.",
        "A to C: weight in revenue. X to Z: how evenly it sells. Click a cell for its articles.",
    ),
    "abc_axis": ("Gewicht im Umsatz", "Weight in revenue"),
    "xyz_axis": ("Schwankung der Nachfrage", "Variation of demand"),
    "no_class": ("ohne", "none"),
    "cell_articles": ("{number} Artikel", "{number} articles"),
    "of_class": ("Artikel der Klasse {cell}", "Articles of class {cell}"),
    "attention": ("Was heute Aufmerksamkeit braucht", "What needs attention today"),
    "attention_question": (
        "Die teuersten Fälle: leer (entgangener Umsatz), Überbestand und Ladenhüter (Wert zu EK).",
        "The dearest cases: out of stock (lost revenue), excess and dead stock (value at cost).",
    ),
    "kind": ("Anlass", "Why"),
    "case_days": ("Tage", "Days"),
    "case_days_out": ("{number} T. leer", "out for {number} d"),
    "case_days_supply": ("reicht {number} T.", "lasts {number} d"),
    "case_days_unsold": ("{number} T. ohne Verkauf", "{number} d without a sale"),
    "case_days_none": ("ohne Nachfrage", "no demand"),
    "detail": ("Genauer", "Detail"),
    "eur": ("EUR", "EUR"),
    "age_of_company": (
        "Alle Filialen: je Filiale ist das Alter nicht bekannt.",
        "All branches: age is not known by branch.",
    ),
    "class_of_company": ("Klassen und Umsatz: alle Filialen.", "Classes and revenue: all branches."),
}


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    _over_time(context)
    _now(context)
    left, right = st.columns((3, 2), gap="small")
    with left:
        _ages(context)
    with right:
        cell = _matrix(context)
    if cell:
        _articles_of(context, *cell)
    _attention(context)


def _over_time(context: Context) -> None:
    """Key figures that have a past: each with its change and 26 weeks of it."""
    words, formats, filters = context.words, context.words.formats, context.filters
    last = filters.span.last
    first = min(filters.before.first, last - timedelta(days=WINDOW + 7 * _WEEKS))
    levels = context.rows(levels_by_day(filters, first, last))
    costs = context.rows(cost_of_sales_by_day(filters, first, last))
    against = words(f"vs_{filters.compare}")
    weeks = [last - timedelta(days=7 * back) for back in range(_WEEKS - 1, -1, -1)]
    newest = context.rows(ask.stock_now(filters)).iloc[0]
    kpis = []
    for column, source, label, shown in (
        ("inventory_value_cost", "stock_value_cost", words("value_cost"), formats.money_short),
        ("stock_units", "stock_units", words("units"), lambda value: words("pieces", number=formats.number(value))),
    ):
        now, before = newest[column], level(levels, source, filters.before.last)
        change = change_rate(now, before)
        history = [*(level(levels, source, day) for day in weeks[:-1]), None if is_missing(now) else float(now)]
        kpis.append(
            Kpi(label, shown(now), "warehouse_performance", column, change, formats.change(change), "neither", against,
                _known(history))
        )  # fmt: skip
    now, before = turnover(levels, costs, last), turnover(levels, costs, filters.before.last)
    change = change_rate(now, before)
    history = [turnover(levels, costs, day) for day in weeks]
    kpis.append(
        Kpi(words("turnover"), formats.number(now, 2), "warehouse_performance", "turnover_rate", change,
            formats.change(change), "up", against, _known(history))
    )  # fmt: skip
    rate, rate_before = stockout_rate(levels, filters.span), stockout_rate(levels, filters.before)
    difference = None if rate is None or rate_before is None else rate - rate_before
    history = [stockout_rate(levels, _week_to(day)) for day in weeks]
    kpis.append(
        Kpi(words("stockout"), formats.percent(rate), "stock_levels", "stockout_rate", difference,
            formats.points(difference), "down", against, _known(history))
    )  # fmt: skip
    kpi_row(context, "over-time", kpis)


def _now(context: Context) -> None:
    """Key figures of the last complete day that the marts have no past of."""
    words, formats = context.words, context.words.formats
    now = context.rows(ask.stock_now(context.filters)).iloc[0]
    cost = now["inventory_value_cost"]

    def share(value: Any) -> str:
        return "" if is_missing(cost) or not cost else words("share_of_value", share=formats.percent(value / cost, 0))

    factor = None if is_missing(cost) or not cost else now["inventory_value_retail"] / cost
    kpi_row(
        context,
        "now",
        [
            Kpi(words("value_retail"), formats.money_short(now["inventory_value_retail"]), "inventory_status",
                "inventory_value_retail", note=words("times_cost", factor=formats.number(factor, 1))),
            Kpi(words("supply"), words("days", number=formats.number(now["days_of_supply"])), "warehouse_performance",
                "days_of_supply", note=words("supply_note")),
            Kpi(words("excess"), formats.money_short(now["excess_value_cost"]), "inventory_status", "excess_value_cost",
                note=share(now["excess_value_cost"])),
            Kpi(words("slow"), formats.money_short(now["slow_moving_value_cost"]), "warehouse_performance",
                "slow_moving_value_cost", note=share(now["slow_moving_value_cost"])),
            Kpi(words("dead"), formats.money_short(now["dead_value_cost"]), "warehouse_performance", "dead_value_cost",
                note=share(now["dead_value_cost"])),
        ],
    )  # fmt: skip


def _ages(context: Context) -> None:
    words = context.words
    found = context.rows(ask.stock_by_age(context.filters))
    names = {
        bucket: words.of_value(bucket)
        if bucket == "unknown"
        else words("age_days", bucket=bucket.replace("-", "\u2013"))
        for bucket in _AGES
    }
    found["age"] = found["age_bucket"].map(names)
    found["name"] = [words.of_value(value) for value in found["category"]]
    found["rank"] = found["age_bucket"].map({bucket: rank for rank, bucket in enumerate(_AGES)})
    largest = found.groupby("name")["stock_value_cost"].sum().nlargest(_CATEGORIES).index.tolist()
    drawn = found[found["name"].isin(largest)]
    present = [names[bucket] for bucket in _AGES if (drawn["age_bucket"] == bucket).any()]
    chart = (
        alt.Chart(drawn, height=27 * max(len(largest), 3) + 60)
        .mark_bar()
        .encode(
            y=alt.Y("name:N", sort=largest, axis=alt.Axis(title=None, labelPadding=6, labelOverlap=False)),
            x=alt.X("sum(stock_value_cost):Q", axis=alt.Axis(title=words("eur_cost"), format=",.0f", tickCount=5)),
            color=alt.Color(
                "age:N", sort=present, scale=alt.Scale(domain=present, range=list(charts.AGES[: len(present)]))
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("name:N", title=words.column("category")),
                alt.Tooltip("age:N", title=words.column("age_bucket")),
                alt.Tooltip("sum(stock_value_cost):Q", title=words("eur_cost"), format=",.0f"),
                alt.Tooltip("sum(stock_units):Q", title=words.column("stock_units"), format=",.0f"),
            ],
        )
    )
    panel(
        context, "stock-age", words("age"), found, chart, question=_of_company(context, "age"),
        columns=[Column("category"), Column("age_bucket"), Column("stock_units"), Column("stock_value_cost")],
    )  # fmt: skip


def _matrix(context: Context) -> tuple[str, str] | None:
    """The matrix; returns the cell that the reader clicked."""
    words, formats = context.words, context.words.formats
    found = context.rows(ask.abc_xyz(context.filters))
    found["label"] = [words("cell_articles", number=formats.number(number)) for number in found["articles"]]
    found["money"] = [formats.money_short(value) for value in found["net_revenue_365d"]]
    found["share"] = found["net_revenue_365d"].clip(lower=0) / max(found["net_revenue_365d"].clip(lower=0).sum(), 1)
    picked = alt.selection_point(name="cell", fields=["abc_class", "xyz_class"], toggle=False)
    base = alt.Chart(height=330).encode(
        x=alt.X("xyz_class:N", sort=["X", "Y", "Z", "-"], axis=alt.Axis(
            title=words("xyz_axis"), orient="top", labelAngle=0, labelFontSize=14,
            labelExpr=f"datum.value == '-' ? '{words('no_class')}' : datum.value")),
        y=alt.Y("abc_class:N", sort=["A", "B", "C"], axis=alt.Axis(title=words("abc_axis"), labelFontSize=14)),
        tooltip=[
            alt.Tooltip("abc_class:N", title="ABC"),
            alt.Tooltip("xyz_class:N", title="XYZ"),
            alt.Tooltip("articles:Q", title=words.column("articles"), format=",.0f"),
            alt.Tooltip("net_revenue_365d:Q", title=words.column("net_revenue_365d"), format=",.0f"),
            alt.Tooltip("share:Q", title="%", format=".1%"),
            alt.Tooltip("inventory_value_cost:Q", title=words.column("inventory_value_cost"), format=",.0f"),
        ],
    )  # fmt: skip
    cells = base.mark_rect(cornerRadius=6, stroke="#7F848C", strokeOpacity=0.4, cursor="pointer").encode(
        color=alt.value(charts.BLUE),
        fillOpacity=alt.Opacity(
            "share:Q", scale=alt.Scale(domain=[0, 0.5], range=[0.06, 0.5], clamp=True), legend=None
        ),
        strokeWidth=alt.StrokeWidthValue(**alt.condition(picked, alt.value(2), alt.value(0.5), empty=False)),
    )
    numbers = base.mark_text(fontSize=14, fontWeight=600, dy=-9, color=charts.TEXT).encode(text="label:N")
    money = base.mark_text(fontSize=12, dy=10, color=charts.TEXT).encode(text="money:N")
    event = panel(
        context, "abc-xyz", words("matrix"), found, alt.layer(cells.add_params(picked), numbers, money, data=found),
        question=_of_company(context, "matrix"), on_select="rerun", selection="cell",
        columns=[Column("abc_class"), Column("xyz_class"), Column("articles"), Column("net_revenue_365d"),
                 Column("inventory_value_cost")],
    )  # fmt: skip
    points = event["selection"].get("cell", []) if event else []
    return (points[0]["abc_class"], points[0]["xyz_class"]) if points else None


def _articles_of(context: Context, abc_class: str, xyz_class: str) -> None:
    words = context.words
    found = context.rows(ask.articles_of_class(context.filters, abc_class, xyz_class))
    table(
        context,
        f"class-{abc_class}-{xyz_class}",
        words("of_class", cell=f"{abc_class} / {words('no_class') if xyz_class == '-' else xyz_class}"),
        found,
        [
            Column("article_number", "abc_classification"),
            Column("name", "dim_articles"),
            Column("category", "dim_articles"),
            Column("net_revenue_365d", "abc_classification"),
            Column("on_hand", "inventory_status"),
            Column("inventory_value_cost", "inventory_status"),
            Column("days_of_supply", "inventory_status"),
            Column("excess_value_cost", "inventory_status"),
        ],
    )


def _attention(context: Context) -> None:
    words, formats = context.words, context.words.formats
    found = context.rows(ask.attention(context.filters))
    details = {"out_of_stock": "case_days_out", "excess": "case_days_supply", "dead": "case_days_unsold"}
    found["detail"] = [
        words("case_days_none") if is_missing(days) else words(details[kind], number=formats.number(days))
        for kind, days in zip(found["kind"], found["days"], strict=True)
    ]
    table(
        context,
        "attention",
        words("attention"),
        found,
        [
            Column("kind", "inventory_status", label=words("kind"), kind="text"),
            Column("article_number", "dim_articles"),
            Column("name", "dim_articles"),
            Column("branch_number", "inventory_status", show=context.branch),
            Column("abc_class", "inventory_status"),
            Column("value", label=words("eur"), kind="money"),
            Column("detail", label=words("detail"), kind="text"),
        ],
        question=words("attention_question"),
        height=420,
    )


def _of_company(context: Context, name: str) -> str:
    """The question of a panel, and that it holds all branches where the reader chose some."""
    question = context.words(f"{name}_question")
    told = {"age": "age_of_company", "matrix": "class_of_company"}[name]
    return f"{question} {context.words(told)}" if context.filters.branch else question


def _week_to(day: date) -> Span:
    return Span(day - timedelta(days=6), day)


def _known(history: list[float | None]) -> list[float]:
    return [float(value) for value in pd.Series(history, dtype=float).dropna()]
