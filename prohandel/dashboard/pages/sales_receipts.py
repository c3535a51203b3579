"""The part of Sales Analysis on receipts and baskets."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from prohandel.dashboard import periods
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, section, table, without_effect
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import Kind, change_rate
from prohandel.dashboard.sales_rates import RECEIPT_RATES, with_changes, with_rates
from prohandel.dashboard.sql import sales_analysis as ask
from prohandel.dashboard.sql.sales_analysis import Grain

_MART = "branch_day_performance"
_KINDS: dict[str, Kind] = {"receipts": "count", "basket_gross": "money_cents", "units_per_receipt": "factor"}


def draw(context: Context, grain: Grain) -> None:
    """Draws the section; the context knows the words of the page."""
    words = context.words
    section(words("receipts"), words("receipts_text"))
    without_effect(context, "category", "brand", "season", "supplier", "assortment")
    rows = with_rates(context.rows(ask.receipts(context.filters, grain)), RECEIPT_RATES)
    series = periods.named(rows, grain, context.filters.span, words)
    _key_figures(context, series)
    left, right = st.columns(2, gap="small")
    with left:
        _over_time(context, grain, series, "receipts", words("number_of_receipts"))
    with right:
        _over_time(context, grain, series, "basket_gross", words("eur_per_receipt"))
    _by_branch(context)


def _key_figures(context: Context, series: pd.DataFrame) -> None:
    words, formats = context.words, context.words.formats
    total = with_rates(context.rows(ask.receipts(context.filters)), RECEIPT_RATES)
    row = total.iloc[0] if len(total) else pd.Series(dtype=float)
    kpis = []
    for name, kind in _KINDS.items():
        change = change_rate(row.get(f"{name}_comparable"), row.get(f"{name}_before"))
        kpis.append(
            Kpi(words.column(name), formats.value(row.get(name), kind), _MART, name, change,
                "" if change is None else formats.change(change), "up", words(f"vs_{context.filters.compare}"),
                history=series[name].tolist())
        )  # fmt: skip
    kpi_row(context, "receipts", kpis)


def _over_time(context: Context, grain: Grain, series: pd.DataFrame, name: str, title: str) -> None:
    words = context.words
    draw_series = periods.day_by_day if grain == "day" else periods.against
    names = (words("now"), words(context.filters.compare))
    chart = None
    if len(series):
        chart = draw_series(series, words, value=name, title=title, kind=_KINDS[name], names=names, height=250)
    question = words(f"{name}_question")
    if series["is_partial"].any():
        question = f"{question} {words('pale')}"
    panel(context, f"{name.replace('_', '-')}-over-time", words.column(name), series, chart, question=question)


def _by_branch(context: Context) -> None:
    words = context.words
    found = with_rates(context.rows(ask.receipts(context.filters, by="branch_number")), RECEIPT_RATES)
    for name in ("receipts", "basket_gross"):
        found = with_changes(found, name, f"{name}_change")
    against = words(f"vs_{context.filters.compare}")
    table(
        context,
        "receipts-by-branch",
        words("receipts_by_branch"),
        found.rename(columns={"part": "branch_number"}).sort_values("receipts", ascending=False, na_position="last"),
        [
            Column("branch_number", _MART, show=context.branch),
            Column("receipts", _MART),
            Column("receipts_change", label=against, kind="percent"),
            Column("basket_gross", _MART, kind="money_cents"),
            Column("basket_gross_change", label=f"{words.column('basket_gross')} {against}", kind="percent"),
            Column("units_per_receipt", _MART),
        ],
        question=words("receipts_by_branch_question"),
        opens=None,
    )
