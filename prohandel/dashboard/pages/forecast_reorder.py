"""Forecast & Reorder: what will be asked for, what to order, why, and how good the forecasts are."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from prohandel.dashboard import states
from prohandel.dashboard.components import Column, Kpi, kpi_row, table
from prohandel.dashboard.context import Context
from prohandel.dashboard.forecast_panels import accuracy_panels, chosen_step, forecast_panel
from prohandel.dashboard.order_file import all_lines, order_file
from prohandel.dashboard.order_reasons import why
from prohandel.dashboard.sql import forecast_reorder as ask
from prohandel.dashboard.what_if_panel import what_if_panel

CONTROLS: tuple[str, ...] = ()

WORDS = {
    "order_value": ("Bestellwert (EK)", "Order value (cost)"),
    "order_units": ("Zu bestellen", "To order"),
    "urgent": ("Davon eilig (EK)", "Of it urgent (cost)"),
    "suppliers": ("Lieferanten", "Suppliers"),
    "expected_28": ("Erwartete Nachfrage", "Expected demand"),
    "in_lines": ("{number} Positionen", "{number} lines"),
    "of_articles": ("{number} Artikel", "{number} articles"),
    "next_days": ("in {number} Tagen", "in {number} days"),
    "pieces": ("{number} Stück", "{number} units"),
    "below_minimum": ("{number} Aufträge unter Mindestwert", "{number} proposals below minimum"),
    "without_cost": ("{number} Positionen ohne EK", "{number} lines without a cost"),
    "what": ("Prognose für", "Forecast of"),
    "everything": ("Summe der Filter", "All that is filtered"),
    "where": ("In", "In"),
    "everywhere": ("allen Filialen", "all branches"),
    "by_supplier": ("Bestellvorschläge je Lieferant", "Order proposals by supplier"),
    "by_supplier_question": (
        "Was soll bei wem bestellt werden, und erreicht es den Mindestbestellwert?",
        "What should be ordered from whom, and does it reach the minimum value?",
    ),
    "lines": ("Positionen", "Lines"),
    "branches": ("Filialen", "Branches"),
    "urgent_value": ("Eilig (EK)", "Urgent (cost)"),
    "minimum": ("Mindestwert je Filiale", "Minimum by branch"),
    "proposals_below": ("Aufträge darunter", "Proposals below"),
    "which_supplier": ("Lieferant", "Supplier"),
    "all_suppliers": ("Alle Lieferanten", "All suppliers"),
    "order_lines": ("Bestellpositionen", "Order lines"),
    "order_lines_question": (
        "Was, wohin, wie viel, und warum? Eiliges zuerst: es reicht nicht, bis Ware kommen kann.",
        "What, where to, how much, and why? Urgent ones first: stock does not last until goods can come.",
    ),
    "why": ("Warum", "Why"),
    "export": ("Bestelldatei für das ERP", "Order file for the ERP"),
    "export_help": (
        "CSV mit einer Zeile je Artikel, Größe und Filiale: Lieferant, Filiale, Artikel, Größe, Stück, EK netto, "
        "Stand. Semikolon und Dezimalkomma, UTF-8.",
        "CSV with a line for each article, size and branch: supplier, branch, article, size, units, net cost, as of. "
        "Comma and decimal point, UTF-8.",
    ),
    "on_order_unknown": (
        "Offene Bestellungen sind nicht bekannt: was schon unterwegs ist, steckt noch in den Vorschlägen.",
        "What is on order is not known: the proposals still hold what is already on its way.",
    ),
    "no_orders_next": ("Er entsteht mit `prohandel run`.", "`prohandel run` builds it."),
}


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    missing = [mart for mart in ("demand_forecast", "reorder_recommendations") if not context.has(mart)]
    for mart in missing:
        states.missing_mart(context.words, mart)
    if missing:
        return
    _key_figures(context)
    article, at = _choice(context)
    forecast_panel(context, article, at)
    if article:
        what_if_panel(context, article, at)
    _suppliers(context)
    accuracy_panels(context)


def _key_figures(context: Context) -> None:
    words, formats = context.words, context.words.formats
    totals = context.rows(ask.order_totals(context.filters)).iloc[0]
    by_supplier = context.rows(ask.suppliers(context.filters))
    step = chosen_step()
    stretches = context.rows(ask.expected(context.filters, step, None, None))
    below = int(by_supplier["proposals_below_minimum"].sum()) if len(by_supplier) else 0
    without_cost = int(totals["lines_without_cost"])
    kpi_row(
        context,
        "orders",
        [
            Kpi(words("order_value"), formats.money_short(totals["order_value_cost"]), "reorder_recommendations",
                "order_value_cost",
                note=words("without_cost", number=formats.number(without_cost)) if without_cost
                else words("in_lines", number=formats.number(totals["lines"]))),
            Kpi(words("order_units"), words("pieces", number=formats.number(totals["recommended_order_units"])),
                "reorder_recommendations", "recommended_order_units",
                note=words("of_articles", number=formats.number(totals["articles"]))),
            Kpi(words("urgent"), formats.money_short(totals["urgent_value_cost"]), "reorder_recommendations", "urgency",
                note=words("in_lines", number=formats.number(totals["urgent_lines"]))),
            Kpi(words("suppliers"), formats.number(totals["suppliers"]), "reorder_recommendations", "supplier",
                note=words("below_minimum", number=formats.number(below)) if below else ""),
            Kpi(words("expected_28"), words("pieces", number=formats.number(stretches["demand_mean"].sum())),
                "demand_forecast", "demand_mean", note=words("next_days", number=step * len(stretches))),
        ],
    )  # fmt: skip


def _choice(context: Context) -> tuple[str | None, str | None]:
    """Article and branch of the forecast, as the address or the reader has them; None for all that is filtered."""
    words = context.words
    offered = context.rows(ask.articles_to_order(context.filters))
    names = dict(zip(offered["article_number"], offered["name"], strict=True))
    asked = st.query_params.get("article", "")
    if asked and asked not in names:
        names |= {str(row.article_number): row.name for row in context.rows(ask.article_name(asked)).itertuples()}
    with st.container(key="forecast-choice", horizontal=True, gap="small"):
        article = _from_address(
            "article",
            words("what"),
            {"": words("everything")}
            | {number: f"{number} · {words.of_value(name)}" for number, name in names.items()},
            420,
        )
        if not article:
            return None, None
        places = context.rows(ask.pairs_of(context.filters, article))["branch_number"]
        choices = {"": words("everywhere")} if len(places) != 1 else {}
        at = _from_address("at", words("where"), choices | {place: context.branch(place) for place in places}, 260)
    return article, at or None


def _from_address(name: str, label: str, choices: dict[str, str], width: int) -> str:
    key = f"forecast_{name}"
    asked = st.query_params.get(name, "")
    if asked in choices:
        st.session_state[key] = asked
    elif st.session_state.get(key) not in choices:
        st.session_state[key] = next(iter(choices))

    def tell() -> None:
        if st.session_state[key]:
            st.query_params[name] = st.session_state[key]
        else:
            st.query_params.pop(name, None)

    return str(
        st.selectbox(
            label, list(choices), key=key, format_func=lambda value: choices[value], on_change=tell, width=width
        )
    )


def _suppliers(context: Context) -> None:
    words = context.words
    found = context.rows(ask.suppliers(context.filters))
    table(
        context,
        "orders-by-supplier",
        words("by_supplier"),
        found,
        [
            Column("supplier", "reorder_recommendations"),
            Column("order_value_cost", "reorder_recommendations"),
            Column("urgent_value_cost", label=words("urgent_value"), kind="money"),
            Column("recommended_order_units", "reorder_recommendations"),
            Column("lines", label=words("lines"), kind="count"),
            Column("articles", kind="count"),
            Column("branches", label=words("branches"), kind="count"),
            Column("minimum_proposal_value_cost", "reorder_recommendations", label=words("minimum")),
            Column("proposals_below_minimum", "reorder_recommendations", label=words("proposals_below"), kind="count"),
        ],
        question=words("by_supplier_question"),
        opens=None,
    )
    if found.empty:
        return
    names = {"": words("all_suppliers")} | {name: words.of_value(name) for name in found["supplier"]}
    with st.container(key="order-choice", horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(
            words("which_supplier"), list(names), key="order_supplier", format_func=lambda name: names[name], width=320
        )
        supplier = chosen or None
        st.download_button(
            words("export"),
            data=partial(_file, context, supplier),
            file_name=_file_name(context, supplier),
            mime="text/csv",
            key="order_file",
            help=words("export_help"),
            on_click="ignore",
            type="primary",
            disabled=not context.has("reorder_size_lines"),
        )
    _lines(context, supplier)


def _file(context: Context, supplier: str | None) -> bytes:
    def part(after: int) -> pd.DataFrame:
        return context.rows(ask.import_lines(context.filters, supplier, after))

    return order_file(all_lines(part), context.words.language)


def _file_name(context: Context, supplier: str | None) -> str:
    safe = "".join(sign if sign.isalnum() else "-" for sign in supplier or "")
    return "-".join(part for part in ("orders", safe, context.filters.span.last.isoformat()) if part) + ".csv"


def _lines(context: Context, supplier: str | None) -> None:
    words = context.words
    found = context.rows(ask.order_lines(context.filters, supplier))
    found["why"] = [why(order, words) for order in found.itertuples()]
    if (found["on_order_source"] == "unknown").any():
        st.caption(words("on_order_unknown"))
    table(
        context,
        "order-lines",
        words("order_lines"),
        found,
        [
            Column("urgency", "reorder_recommendations", kind="text"),
            Column("article_number", "dim_articles"),
            Column("name", "dim_articles"),
            Column("branch_number", "reorder_recommendations", show=context.branch),
            Column("recommended_order_units", "reorder_recommendations"),
            Column("order_value_cost", "reorder_recommendations"),
            Column("why", "reorder_recommendations", label=words("why"), kind="text", width=520),
            Column("supplier", "reorder_recommendations"),
            Column("on_hand", "reorder_recommendations"),
            Column("on_order_units", "reorder_recommendations"),
            Column("expected_lead_time_demand", "reorder_recommendations", kind="units_exact"),
            Column("reorder_point", "reorder_recommendations"),
        ],
        question=words("order_lines_question"),
        height=440,
    )
