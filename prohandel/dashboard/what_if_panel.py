"""The panel in which a reader tries another service level or lead time for one article in one branch."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, section
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import is_missing
from prohandel.dashboard.sql import forecast_reorder as ask
from prohandel.dashboard.what_if import Outcome, Pair, levels, outcome

_CURVE = tuple(np.round(np.concatenate([np.arange(0.5, 0.95, 0.025), np.arange(0.95, 0.996, 0.005)]), 4))
_MOST_DAYS = 180

WORDS = {
    "what_if": ("Was wäre, wenn?", "What if?"),
    "what_if_text": (
        "{branch}: aus der gespeicherten Verteilung der Nachfrage. Größen, Mindestmengen und Saisonende bleiben außer "
        "Acht; der Vorschlag in der Liste kennt sie.",
        "{branch}: from the stored distribution of demand. Sizes, minimum orders and the season's end are left out; "
        "the proposal in the list knows them.",
    ),
    "what_if_choose": (
        "Eine Filiale wählen, um Lieferbereitschaft und Lieferzeit auszuprobieren.",
        "Choose a branch to try other service levels and lead times.",
    ),
    "no_pair": (
        "Für diesen Artikel gibt es in den gewählten Filialen keine Prognose mit eigenem Bestand.",
        "In the chosen branches this article has no forecast with stock of its own.",
    ),
    "try_service": ("Lieferbereitschaft (%)", "Service level (%)"),
    "try_lead_time": ("Lieferzeit (Tage)", "Lead time (days)"),
    "expected_demand": ("Erwartete Nachfrage", "Expected demand"),
    "reorder_point": ("Meldebestand", "Reorder point"),
    "safety_stock": ("Sicherheitsbestand", "Safety stock"),
    "to_order": ("Zu bestellen", "To order"),
    "bound": ("Ø Lagerwert (EK)", "Mean stock (cost)"),
    "instead": ("statt {value}", "instead of {value}"),
    "as_now": ("wie in der Vorgabe", "as by policy"),
    "curve": ("Was Lieferbereitschaft kostet", "What service costs"),
    "curve_question": (
        "Wie viel Bestand fordert jeder weitere Prozentpunkt? Gestrichelt: jetzige Vorgabe.",
        "How much stock does each further point ask for? Dashed: the policy as it is.",
    ),
    "units": ("Stück", "units"),
}


def what_if_panel(context: Context, article: str, at: str | None) -> None:
    """Key figures and a curve for the chosen article in the chosen branch.

    Args:
        context: of the page.
        article: its number.
        at: the branch; None where several are looked at.
    """
    context = context.with_words(WORDS)
    words = context.words
    pairs = context.rows(ask.pairs_of(context.filters, article))
    chosen = pairs[pairs["branch_number"] == at] if at else pairs
    section(words("what_if"))
    if len(chosen) != 1:
        st.caption(words("what_if_choose" if len(pairs) else "no_pair"))
        return
    row = chosen.iloc[0]
    days = context.rows(ask.days_of_pair(context.filters, article, str(row["branch_number"])))
    if days.empty:
        st.caption(words("no_pair"))
        return
    st.caption(words("what_if_text", branch=context.branch(row["branch_number"])))
    pair = _pair(row, days)
    policy, lead_time = float(row["service_level"]), int(row["lead_time_days"])
    mark = f"{article}-{row['branch_number']}"
    with st.container(key="what-if-choice", horizontal=True, gap="medium"):
        service = st.slider(
            words("try_service"), 50.0, 99.5, min(round(policy * 100, 1), 99.5), 0.5, key=f"try_service_{mark}",
            format="%.1f", width=320,
        )  # fmt: skip
        days_of_lead = st.slider(
            words("try_lead_time"), 0, _MOST_DAYS, min(lead_time, _MOST_DAYS), 1, key=f"try_lead_time_{mark}", width=320
        )
    now = outcome(pair, policy, lead_time)
    _figures(context, now, outcome(pair, service / 100, days_of_lead))
    _curve(context, pair, policy, days_of_lead)


def _pair(row: Any, days: pd.DataFrame) -> Pair:
    return Pair(
        days=days,
        review_period_days=int(row["review_period_days"]),
        lead_time_sd_days=0.0 if is_missing(row["lead_time_sd_days"]) else float(row["lead_time_sd_days"]),
        is_fill_rate=row["service_kind"] == "fill",
        position=max(0.0, float(row["on_hand"])) + float(row["on_order_units"]) + float(row["inbound_transfer_units"]),
        pack_units=1.0 if is_missing(row["pack_units"]) or not row["pack_units"] else float(row["pack_units"]),
        unit_cost=float("nan") if is_missing(row["unit_cost"]) else float(row["unit_cost"]),
    )


def _figures(context: Context, now: Outcome, tried: Outcome) -> None:
    words, formats = context.words, context.words.formats

    def figure(label: str, column: str, before: float, after: float, *, is_money: bool = False) -> Kpi:
        def shown(value: float) -> str:
            return formats.money(value) if is_money else formats.number(value, 0 if float(value).is_integer() else 1)

        same = shown(before) == shown(after)
        return Kpi(
            words(label), shown(after), "reorder_recommendations", column,
            note=words("as_now") if same else words("instead", value=shown(before)),
        )  # fmt: skip

    kpi_row(
        context,
        "what-if",
        [
            figure("expected_demand", "expected_lead_time_demand", now.expected_demand, tried.expected_demand),
            figure("safety_stock", "safety_stock", now.safety_stock, tried.safety_stock),
            figure("reorder_point", "reorder_point", now.reorder_point, tried.reorder_point),
            figure("to_order", "recommended_order_units", now.order_units, tried.order_units),
            figure("bound", "order_value_cost", now.stock_value_cost, tried.stock_value_cost, is_money=True),
        ],
    )


def _curve(context: Context, pair: Pair, policy: float, lead_time: int) -> None:
    words = context.words
    drawn = pd.DataFrame({"service_level": _CURVE, "reorder_point": levels(pair, _CURVE, lead_time)})
    line = (
        alt.Chart(drawn, height=220)
        .mark_line(color=charts.BLUE, strokeWidth=2, interpolate="step-after", point={"color": charts.BLUE})
        .encode(
            x=alt.X(
                "service_level:Q",
                axis=alt.Axis(title=words.column("service_level"), format=".0%", grid=False),
                scale=alt.Scale(domain=[0.5, 1.0]),
            ),
            y=alt.Y("reorder_point:Q", axis=charts.value_axis(words("units"), "units")),
            tooltip=[
                alt.Tooltip("service_level:Q", title=words.column("service_level"), format=".1%"),
                alt.Tooltip("reorder_point:Q", title=words("reorder_point"), format=",.0f"),
            ],
        )
    )
    rule = (
        alt.Chart(pd.DataFrame({"service_level": [policy]}))
        .mark_rule(strokeDash=[6, 4], color=charts.ORANGE, strokeWidth=1.5)
        .encode(x="service_level:Q")
    )
    panel(
        context, "service-curve", words("curve"), drawn, line + rule, question=words("curve_question"),
        columns=[Column("service_level"), Column("reorder_point")],
    )  # fmt: skip
