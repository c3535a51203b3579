"""Warehouse Performance: branches side by side, over time, and what they should send each other."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, table, without_effect
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import Kind, is_missing
from prohandel.dashboard.sql import warehouse_performance as ask
from prohandel.dashboard.sql.stock import dates_back

_WEEKS = 26

_MEASURES: dict[str, tuple[Kind, bool]] = {
    "turnover_rate": ("factor", True),
    "gmroi": ("factor", True),
    "sell_through_rate_90d": ("percent", True),
    "stockout_rate_90d": ("percent", False),
    "excess_value_cost": ("money", False),
    "days_of_supply": ("days", False),
}
"""Measures to rank by: how they are written, and whether more is better."""

CONTROLS: tuple[str, ...] = ()

WORDS = {
    "revenue": ("Umsatz netto 365 T.", "Net revenue 365 d"),
    "margin": ("Rohertrag 365 T.", "Gross margin 365 d"),
    "value": ("Lagerwert (EK)", "Stock value (cost)"),
    "excess": ("Überbestand (EK)", "Excess (cost)"),
    "broken": ("Gebrochene Größenläufe", "Broken size runs"),
    "share_of_value": ("{share} des Lagerwerts", "{share} of stock value"),
    "share_of_revenue": ("{share} vom Umsatz", "{share} of revenue"),
    "in_branches": ("{number} Standorte mit Bestand", "{number} places with stock"),
    "of_pairs": ("von {number} Größenläufen", "of {number} size runs"),
    "side_by_side": ("Filialen nebeneinander", "Branches side by side"),
    "side_by_side_question": (
        "Umsatz und Rohertrag stehen beim Verkäufer, Bestand und Umschlag beim Standort, der ihn versorgt.",
        "Revenue and margin stand with who sold, stock and turnover with the place that supplies.",
    ),
    "rank_by": ("Rangfolge nach", "Rank by"),
    "ranking": ("Rangfolge: {measure}", "Ranking: {measure}"),
    "ranking_question_up": (
        "Mehr ist besser; gestrichelt der Median.",
        "More is better; the dashed line is the median.",
    ),
    "ranking_question_down": (
        "Weniger ist besser; gestrichelt der Median.",
        "Less is better; the dashed line is the median.",
    ),
    "over_time": ("Lagerwert je Standort", "Stock value by place"),
    "over_time_question": (
        "Wer baut auf, wer läuft leer? 26 Wochen, jede Fläche mit eigener Skala.",
        "Who builds up, who runs out? 26 weeks, each with a scale of its own.",
    ),
    "eur_cost": ("EUR zu EK", "EUR at cost"),
    "transfers": ("Vorgeschlagene Umlagerungen", "Transfers proposed"),
    "transfers_question": (
        "Was soll diese Woche wohin, und was bringt es?",
        "What should go where this week, and what does it gain?",
    ),
    "gain": ("Mehrumsatz (netto)", "Extra revenue (net)"),
    "why": ("Grund", "Why"),
    "why_text": (
        "{sender} hat {has} und verkauft {sells} am Tag; {receiver} hat {needs_has}, verkauft {needs_sells} am Tag und "
        "sollte {level} haben.",
        "{sender} holds {has} and sells {sells} a day; {receiver} holds {needs_has}, sells {needs_sells} a day and "
        "should hold {level}.",
    ),
    "why_emptied": (
        "{sender} verkauft ihn kaum und gibt alles ab ({has}); {receiver} hat {needs_has}, verkauft {needs_sells} am "
        "Tag und sollte {level} haben.",
        "{sender} hardly sells it and sends all it has ({has}); {receiver} holds {needs_has}, sells {needs_sells} a "
        "day and should hold {level}.",
    ),
}


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    found = context.rows(ask.performance(context.filters))
    _key_figures(context, found)
    measure = st.selectbox(
        context.words("rank_by"), list(_MEASURES), key="rank_by", format_func=context.words.column, width=320
    )
    left, right = st.columns((2, 3), gap="small")
    with left:
        _ranking(context, found, measure)
    with right:
        _small_multiples(context)
    _side_by_side(context, found)
    _transfers(context)
    without_effect(context, *(name for name in context.filters.active() if name != "branch"))


def _key_figures(context: Context, found: pd.DataFrame) -> None:
    words, formats = context.words, context.words.formats
    total = context.rows(ask.company(context.filters)).iloc[0]

    def share(part: Any, whole: Any, key: str) -> str:
        return "" if is_missing(whole) or not whole else words(key, share=formats.percent(part / whole, 0))

    kpi_row(
        context,
        "branches",
        [
            Kpi(words("revenue"), formats.money_short(total["net_revenue_365d"]), "warehouse_performance",
                "net_revenue_365d"),
            Kpi(words("margin"), formats.money_short(total["gross_margin_365d"]), "warehouse_performance",
                "gross_margin_365d",
                note=share(total["gross_margin_365d"], total["net_revenue_365d"], "share_of_revenue")),
            Kpi(words("value"), formats.money_short(total["inventory_value_cost"]), "warehouse_performance",
                "inventory_value_cost",
                note=words("in_branches", number=int(found["inventory_value_cost"].notna().sum()))),
            Kpi(words("excess"), formats.money_short(total["excess_value_cost"]), "warehouse_performance",
                "excess_value_cost",
                note=share(total["excess_value_cost"], total["inventory_value_cost"], "share_of_value")),
            Kpi(words("broken"), formats.number(total["broken_size_runs"]), "warehouse_performance", "broken_size_runs",
                note=words("of_pairs", number=formats.number(total["size_run_pairs"]))),
        ],
    )  # fmt: skip


def _ranking(context: Context, found: pd.DataFrame, measure: str) -> None:
    words = context.words
    kind, more_is_better = _MEASURES[measure]
    ranked = found.dropna(subset=[measure]).sort_values(measure, ascending=not more_is_better)
    ranked = ranked.assign(branch=[context.branch(number) for number in ranked["branch_number"]])
    chart = None
    if not ranked.empty:
        unit = {"percent": "%", "money": words("eur_cost")}.get(kind, "")
        title = f"{words.column(measure)} ({unit})" if unit else words.column(measure)
        bars = charts.bars(ranked, category="branch", value=measure, title=title, kind=kind)
        rule = (
            alt.Chart(pd.DataFrame({"median": [ranked[measure].median()]}))
            .mark_rule(strokeDash=[5, 4], color=charts.ORANGE, strokeWidth=1.5)
            .encode(x="median:Q", tooltip=[alt.Tooltip("median:Q", title="Median", format=charts.number_format(kind))])
        )
        chart = bars + rule
    question = words("ranking_question_up" if more_is_better else "ranking_question_down")
    panel(
        context, "ranking", words("ranking", measure=words.column(measure)), ranked, chart, question=question,
        columns=[Column("branch_number"), Column("name"), Column(measure)],
    )  # fmt: skip


def _small_multiples(context: Context) -> None:
    words = context.words
    last = context.filters.span.last
    days = dates_back(last, last - pd.Timedelta(days=7 * (_WEEKS - 1)), 7)
    found = context.rows(ask.over_time(context.filters, days))
    drawn = found[found["stock_value_cost"].notna()].assign(
        branch=lambda rows: [context.branch(n) for n in rows["part"]]
    )
    chart = None
    if not drawn.empty:
        order = list(dict.fromkeys(drawn["branch"]))
        chart = (
            alt.Chart(drawn, width=150, height=72)
            .mark_area(color=charts.BLUE, opacity=0.25, line={"color": charts.BLUE, "strokeWidth": 1.5})
            .encode(
                x=alt.X("date_day:T", axis=alt.Axis(title=None, format="%m/%y", tickCount=2, grid=False)),
                y=alt.Y("stock_value_cost:Q", axis=alt.Axis(title=None, format="~s", tickCount=2, gridOpacity=0.3)),
                tooltip=[
                    alt.Tooltip("branch:N", title=words("branch")),
                    alt.Tooltip("date_day:T", title=words.column("date_day"), format="%d.%m.%Y"),
                    alt.Tooltip("stock_value_cost:Q", title=words("eur_cost"), format=",.0f"),
                ],
            )
            .facet(
                facet=alt.Facet(
                    "branch:N", sort=order, header=alt.Header(title=None, labelFontSize=11, labelLimit=150)
                ),
                columns=3,
                spacing=10,
            )
            .resolve_scale(y="independent")
        )
    panel(
        context, "branches-over-time", words("over_time"), found, chart, question=words("over_time_question"),
        columns=[Column("date_day"), Column("part"), Column("stock_units"), Column("stock_value_cost"),
                 Column("stockout_rate")],
    )  # fmt: skip


def _side_by_side(context: Context, found: pd.DataFrame) -> None:
    words = context.words
    names = (
        "shop_type", "net_revenue_365d", "margin_pct", "inventory_value_cost", "turnover_rate", "gmroi",
        "days_of_supply", "sell_through_rate_90d", "stockout_rate_90d", "excess_value_cost", "dead_value_cost",
        "broken_size_runs",
    )  # fmt: skip
    columns = [
        Column("branch_number", "warehouse_performance", show=context.branch),
        *(Column(name, "warehouse_performance") for name in names),
    ]
    ranked = found.sort_values("net_revenue_365d", ascending=False)
    table(
        context, "side-by-side", words("side_by_side"), ranked, columns, question=words("side_by_side_question"),
        opens=None, height=520,
    )  # fmt: skip


def _transfers(context: Context) -> None:
    words, formats = context.words, context.words.formats
    found = context.rows(ask.transfers(context.filters))
    found["why"] = [
        words(
            "why_emptied" if row.is_sender_emptied else "why_text",
            sender=context.branch(row.from_branch),
            receiver=context.branch(row.to_branch),
            has=formats.number(row.from_on_hand),
            sells=formats.number(row.from_avg_daily_demand_90d, 2),
            needs_has=formats.number(row.to_on_hand),
            needs_sells=formats.number(row.to_avg_daily_demand_90d, 2),
            level=formats.number(row.to_order_up_to_level),
        )
        for row in found.itertuples()
    ]
    table(
        context,
        "transfers",
        words("transfers"),
        found,
        [
            Column("from_branch", "transfer_recommendations", show=context.branch),
            Column("to_branch", "transfer_recommendations", show=context.branch),
            Column("article_number", "transfer_recommendations"),
            Column("name", "dim_articles"),
            Column("units", "transfer_recommendations"),
            Column("value", "transfer_recommendations", label=words("gain"), kind="money"),
            Column("why", "transfer_recommendations", label=words("why"), kind="text", width=420),
        ],
        question=words("transfers_question"),
        height=440,
    )
