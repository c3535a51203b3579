"""Today: how yesterday, the week and the month stand, who went silent, and what to do about stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, section, table, without_effect
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import change_rate, is_missing
from prohandel.dashboard.sql import today as ask
from prohandel.dashboard.to_do_words import TO_DO

_DAYS_SHOWN = 35

CONTROLS = ("money",)

WORDS = {
    "day": ("Gestern", "Yesterday"),
    "day_on": ("Umsatz {day}", "Revenue {day}"),
    "week_to_date": ("Umsatz {week}", "Revenue {week}"),
    "month_to_date": ("Umsatz Monat", "Revenue this month"),
    "receipts_on": ("Bons {day}", "Receipts {day}"),
    "basket_on": ("Ø-Bon {day}", "Basket {day}"),
    "units_on": ("Teile/Bon {day}", "Units per receipt {day}"),
    "vs_comparable": ("ggü. Vorjahr", "vs. last year"),
    "of_plan": ("{share} vom Plan", "{share} of plan"),
    "revenue_by_day": ("Umsatz je Tag", "Revenue by day"),
    "revenue_by_day_question": (
        "Läuft es besser als an den Vergleichstagen des Vorjahrs?",
        "Is it better than on last year's comparable days?",
    ),
    "this_year": ("Dieses Jahr", "This year"),
    "last_year_line": ("Vergleichstag Vorjahr", "Comparable day last year"),
    "plan_line": ("Plan (netto)", "Plan (net)"),
    "eur_net": ("EUR netto", "EUR net"),
    "eur_gross": ("EUR brutto", "EUR gross"),
    "branches": ("Filialen am {day}", "Branches on {day}"),
    "branches_question": ("Wer lag über, wer unter dem Vorjahr?", "Who was above, who below last year?"),
    "silent": ("Stille Filialen", "Silent branches"),
    "silent_question": (
        "Kein Bon am {day}, obwohl an diesem Wochentag sonst verkauft wird.",
        "No receipt on {day}, although they sell on this weekday.",
    ),
    "nobody_silent": (
        "Alle Filialen, die an diesem Wochentag sonst verkaufen, haben am {day} verkauft.",
        "All branches that sell on this weekday sold on {day}.",
    ),
    "last_receipt_on": ("Letzter Bon", "Last receipt"),
    "days_silent": ("Tage still", "Days silent"),
    "expected": ("Sonst je Tag", "Usual per day"),
    "todo": ("Fünf Dinge, die heute zählen", "Five things that count today"),
    **TO_DO,
    "eur_order": ("Bestellwert zu EK", "order value at cost"),
    "eur_gain": ("Mehrumsatz erwartet, netto", "expected extra revenue, net"),
    "eur_bound": ("gebunden zu EK", "bound at cost"),
    "eur_doubt": ("zweifelhafter Bestand zu EK", "doubtful stock at cost"),
    "eur_below": ("betroffen zu EK", "concerned, at cost"),
    "top_case": ("Größter Posten: {name}, {value}", "Largest: {name}, {value}"),
    "open": ("Öffnen", "Open"),
    "nothing_to_do": ("Nichts zu tun", "Nothing to do"),
}


@dataclass(frozen=True)
class _Task:
    name: str
    found: dict[str, Any]
    unit: str
    mart: str
    column: str
    pages: tuple[str, ...]


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    _key_figures(context)
    _tasks(context)
    left, right = st.columns((3, 2), gap="small")
    with left:
        _revenue(context)
    with right:
        _branches(context)
    _silent(context)
    without_effect(context, "category", "brand", "season", "supplier", "assortment")


def _key_figures(context: Context) -> None:
    words, formats = context.words, context.words.formats
    as_of = _as_of(context)
    found = context.rows(ask.to_date(context.filters, as_of)).set_index("period")
    column = "net_revenue" if context.filters.is_net else "gross_revenue"
    day = formats.day(as_of, weekday=True, year=False)
    kpis = []
    for period, label, against in (
        ("day", words("day_on", day=day), words("vs_comparable")),
        ("week", words("week_to_date", week=formats.week(as_of)), words("vs_comparable")),
        ("month", words("month_to_date"), words("vs_comparable")),
    ):
        row = found.loc[period]
        change = change_rate(row[column], row[f"{column}_last_year"])
        plan = row["plan_net_revenue"]
        share = None if is_missing(plan) or not plan else row["net_revenue"] / plan
        told = f"{against} · {words('of_plan', share=formats.percent(share, 0))}" if share is not None else against
        kpis.append(
            Kpi(label, formats.money_short(row[column]), "branch_day_performance", column, change,
                formats.change(change), against=told)
        )  # fmt: skip
    row = found.loc["day"]
    baskets = (
        _per(row["gross_revenue"], row["receipts"]),
        _per(row["gross_revenue_last_year"], row["receipts_last_year"]),
    )
    units = _per(row["net_units"], row["receipts"]), _per(row["net_units_last_year"], row["receipts_last_year"])
    for label, value, now, before, name in (
        (words("receipts_on", day=day), formats.number(row["receipts"]), row["receipts"], row["receipts_last_year"],
         "receipts"),
        (words("basket_on", day=day), formats.money(baskets[0], 2), *baskets, "basket_gross"),
        (words("units_on", day=day), formats.number(units[0], 2), *units, "units_per_receipt"),
    ):  # fmt: skip
        change = change_rate(now, before)
        kpis.append(
            Kpi(label, value, "branch_day_performance", name, change, formats.change(change),
                against=words("vs_comparable"))
        )  # fmt: skip
    kpi_row(context, "today", kpis)


def _tasks(context: Context) -> None:
    section(context.words("todo"))
    filters = context.filters

    def first(query: Any) -> dict[str, Any]:
        return {str(name): value for name, value in context.rows(query).iloc[0].items()}

    incidents = first(ask.open_incidents())["incidents"] if context.has("incidents") else 0
    has_orders = context.has("reorder_recommendations")
    order = ("reorder_recommendations", "order_value_cost") if has_orders else ("reorder_points", "order_up_to_level")
    tasks = [
        _Task("reorder", first(ask.to_reorder(filters, has_recommendations=has_orders)), "eur_order", *order,
              ("forecast_reorder", "stock_monitoring")),
        _Task("transfer", first(ask.to_transfer(filters)), "eur_gain", "transfer_recommendations", "value",
              ("warehouse_performance",)),
        _Task("mark_down", first(ask.to_mark_down(filters)), "eur_bound", "markdown_candidates", "price_step_rate",
              ("product_performance", "inventory_overview")),
        _Task("count", first(ask.anomalies(filters, ["negative", "phantom"])), "eur_doubt", "stock_anomalies",
              "value_cost", ("stock_monitoring",)),
        _Task("investigate",
              first(ask.anomalies(filters, ["below_cost_sale", "no_cost", "no_price"])) | {"incidents": incidents},
              "eur_below", "stock_anomalies", "kind", ("data_quality", "stock_monitoring")),
    ]  # fmt: skip
    with st.container(key="tasks"):
        for task in tasks:
            _task(context, task)


def _task(context: Context, task: _Task) -> None:
    words, formats = context.words, context.words.formats
    with st.container(border=True, key=f"task-{task.name}", height="stretch"):
        help_text = context.definitions.of(task.mart, task.column).help(words)
        st.markdown(f"**{words(task.name)}**", help=help_text)
        if not task.found["cases"] and not task.found.get("incidents"):
            st.caption(words("nothing_to_do"))
            return
        st.markdown(f"### {formats.money_short(task.found['value'])}")
        st.caption(words(task.unit))
        numbers = {
            name: formats.number(task.found.get(name, 0))
            for name in ("cases", "articles", "branches", "units", "incidents")
        }
        st.markdown(words(f"{task.name}_text", **numbers))
        top = task.found["top_article"]
        if not is_missing(top) and not is_missing(task.found["top_value"]):
            name = words.of_value(task.found["top_name"] or top)
            label = words("top_case", name=name, value=formats.money_short(task.found["top_value"]))
            if st.button(label, key=f"top-{task.name}", type="tertiary"):
                context.go("product", article=str(top))
        page = next((page for page in task.pages if page in context.pages), None)
        if page and st.button(words("open"), key=f"open-{task.name}", width="stretch"):
            context.go(page)


def _revenue(context: Context) -> None:
    words = context.words
    as_of = _as_of(context)
    column = "net_revenue" if context.filters.is_net else "gross_revenue"
    found = context.rows(ask.by_day(context.filters, as_of, _DAYS_SHOWN))
    names = {column: words("this_year"), f"{column}_last_year": words("last_year_line")}
    if found["plan_net_revenue"].notna().any():
        names["plan_net_revenue"] = words("plan_line")
    long = found.melt("date_day", list(names), "series", "revenue").assign(
        series=lambda rows: rows["series"].map(names)
    )
    title = words("eur_net" if context.filters.is_net else "eur_gross")
    order = list(names.values())
    chart = charts.lines(
        long, words, x="date_day", y="revenue", series="series", title=title, kind="money", order=order,
        colors=(charts.BLUE, charts.GREY, charts.ORANGE),
    )  # fmt: skip
    panel(context, "revenue-by-day", words("revenue_by_day"), long, chart, question=words("revenue_by_day_question"))


def _branches(context: Context) -> None:
    words, formats = context.words, context.words.formats
    as_of = _as_of(context)
    column = "net_revenue" if context.filters.is_net else "gross_revenue"
    found = context.rows(ask.by_branch(context.filters, as_of))
    changes: list[Any] = [
        change_rate(now, before) for now, before in zip(found[column], found[f"{column}_last_year"], strict=True)
    ]
    baskets: list[Any] = [
        _per(money, number) for money, number in zip(found["gross_revenue"], found["receipts"], strict=True)
    ]
    found = found.assign(change_rate=changes, basket_gross=baskets)
    found["change_rate"] = pd.to_numeric(found["change_rate"])
    found["basket_gross"] = pd.to_numeric(found["basket_gross"])
    table(
        context,
        "branches-day",
        words("branches", day=formats.day(as_of, weekday=True)),
        found,
        [
            Column("branch_number", "branch_day_performance", show=context.branch),
            Column(column, "branch_day_performance"),
            Column("change_rate", "sales_to_date", kind="percent", show=None),
            Column("receipts", "branch_day_performance"),
            Column("basket_gross", "branch_day_performance", kind="money_cents"),
        ],
        question=words("branches_question"),
        opens=None,
        height=360,
    )


def _silent(context: Context) -> None:
    words, formats = context.words, context.words.formats
    as_of = _as_of(context)
    day = formats.day(as_of, weekday=True)
    found = context.rows(ask.silent_branches(context.filters, as_of))
    if found.empty:
        st.caption(words("nobody_silent", day=day))
        return
    table(
        context,
        "silent-branches",
        words("silent"),
        found,
        [
            Column("branch_number", "branch_day_performance", show=context.branch),
            Column("last_receipt_on", label=words("last_receipt_on"), kind="date"),
            Column("days_silent", label=words("days_silent"), kind="days"),
            Column("expected_net_revenue", label=words("expected"), kind="money"),
        ],
        question=words("silent_question", day=day),
        opens=None,
    )


def _as_of(context: Context) -> Any:
    return context.freshness.as_of_date


def _per(value: Any, number: Any) -> float | None:
    return None if is_missing(value) or is_missing(number) or not number else float(value) / float(number)
