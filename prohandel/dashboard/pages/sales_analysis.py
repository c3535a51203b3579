"""Sales Analysis: what was sold, against the days before, by whom, and how the receipts look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts, periods
from prohandel.dashboard.components import Better, Column, Kpi, kpi_row, note, panel, section, table
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import Kind, change_rate, is_missing
from prohandel.dashboard.pages import sales_receipts
from prohandel.dashboard.pages.sales_words import WORDS
from prohandel.dashboard.sales_rates import with_changes, with_rates
from prohandel.dashboard.sql import sales_analysis as ask
from prohandel.dashboard.sql.sales_analysis import Grain, Part

_PARTS = 5
_MOVERS = 14
_WEEKS = 53

_MEASURES: dict[str, Kind] = {
    "revenue": "money", "gross_margin": "money", "margin_pct": "percent", "net_units": "units",
    "discount_rate": "percent", "return_rate": "percent",
}  # fmt: skip


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    _coverage(context)
    _key_figures(context)
    grain, by, measure = _choice(context)
    _over_time(context, grain, by, measure)
    _by_part(context, by or "branch_number")
    _like_for_like(context)
    _calendar(context)
    sales_receipts.draw(context, grain)


def _coverage(context: Context) -> None:
    """Says where days of the period have no day to compare with."""
    days = context.rows(ask.coverage(context.filters)).iloc[0]
    text = ""
    if days["comparable_days"] < days["days"]:
        formats = context.words.formats
        numbers = {name: formats.number(days[name]) for name in ("days", "comparable_days")}
        text = context.words("coverage", first_day=formats.day(days["first_day"]), **numbers)
    note(text)


def _revenue(context: Context) -> str:
    return "net_revenue" if context.filters.is_net else "gross_revenue"


def _key_figures(context: Context) -> None:
    words, formats, filters = context.words, context.words.formats, context.filters
    revenue = _revenue(context)
    total = with_rates(context.rows(ask.sales(filters)))
    series = with_rates(context.rows(ask.sales(filters, periods.grain_of(filters.span))))
    row = total.iloc[0] if len(total) else pd.Series(dtype=float)
    shown: tuple[tuple[str, str, Kind, Better], ...] = (
        (words("revenue"), revenue, "money", "up"),
        (words("margin"), "gross_margin", "money", "up"),
        (words.column("margin_pct"), "margin_pct", "percent", "up"),
        (words("units"), "net_units", "units", "up"),
        (words.column("discount_rate"), "discount_rate", "percent", "down"),
        (words.column("return_rate"), "return_rate", "percent", "down"),
    )
    kpis = []
    for label, name, kind, better in shown:
        value = row.get(name)
        change, told = _change(context, row.get(f"{name}_comparable"), row.get(f"{name}_before"), kind)
        text = formats.money_short(value) if kind == "money" else formats.value(value, kind)
        kpis.append(
            Kpi(label, text, "sales_performance", name, change, told, better, words(f"vs_{filters.compare}"),
                history=series[name].tolist())
        )  # fmt: skip
    kpi_row(context, "sales", kpis)


def _change(context: Context, now: Any, before: Any, kind: Kind) -> tuple[float | None, str]:
    """Relative, or in points where the figure is a rate."""
    formats = context.words.formats
    if kind == "percent":
        if is_missing(now) or is_missing(before):
            return None, ""
        return float(now) - float(before), formats.points(now - before)
    change = change_rate(now, before)
    return change, "" if change is None else formats.change(change)


def _choice(context: Context) -> tuple[Grain, Part | None, str]:
    words = context.words
    labels = {"all": words("by_all"), "branch_number": words("branch"), "category": words("category"),
              "brand": words("brand")}  # fmt: skip
    usual = periods.grain_of(context.filters.span)
    with st.container(key="sales-choice", horizontal=True, gap="small"):
        grain = st.segmented_control(
            words("grain"), ("day", "week", "month"), key=f"sales_grain_{usual}", default=usual,
            format_func=lambda name: words(f"by_{name}"), required=True, label_visibility="collapsed",
        )  # fmt: skip
        by = st.segmented_control(
            words("split"), list(labels), key="sales_by", default="all", format_func=lambda name: labels[name],
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        measure = st.selectbox(
            words("measure"), list(_MEASURES), key="sales_measure", width=220, label_visibility="collapsed",
            format_func=lambda name: words(name) if name in WORDS else words.column(name),
        )  # fmt: skip
    parts: dict[str, Part] = {"branch_number": "branch_number", "category": "category", "brand": "brand"}
    return grain, parts.get(by), measure


def _over_time(context: Context, grain: Grain, by: Part | None, measure: str) -> None:
    words, filters = context.words, context.filters
    value = _revenue(context) if measure == "revenue" else measure
    kind = _MEASURES[measure]
    title = _unit(context, measure)
    name = words("revenue") if measure == "revenue" else _label(context, measure)
    if by is None:
        found = periods.named(with_rates(context.rows(ask.sales(filters, grain))), grain, filters.span, words)
        chart = None
        if len(found):
            names = (words("now"), words(filters.compare))
            chart = (
                periods.day_by_day(found, words, value=value, title=title, kind=kind, names=names)
                if grain == "day"
                else periods.against(found, words, value=value, title=title, kind=kind, names=names)
            )
        question = words("over_time_question")
    else:
        largest = _largest(context, by)
        rows = with_rates(context.rows(ask.sales(filters, grain, by, largest)))
        found = periods.named(rows, grain, filters.span, words)
        found["name"] = [words("rest") if is_missing(part) else _name(context, by, part) for part in found["part"]]
        order = [_name(context, by, part) for part in largest]
        drawn = found[found[value].notna() & found["part"].notna()]
        chart = periods.by_part(drawn, words, value=value, title=title, kind=kind, order=order) if len(drawn) else None
        question = words("over_time_question_parts", parts=len(largest))
    if found["is_partial"].any():
        question = f"{question} {words('pale' if by is None else 'hollow')}"
    panel(context, "sales-over-time", words("over_time", measure=name), found, chart, question=question)


def _largest(context: Context, by: Part) -> list[str]:
    found = context.rows(ask.sales(context.filters, by=by))
    ranked = found[found["net_revenue"].notna()].sort_values("net_revenue", ascending=False)
    return [str(part) for part in ranked["part"].head(_PARTS)]


def _by_part(context: Context, by: Part) -> None:
    words, filters = context.words, context.filters
    revenue = _revenue(context)
    found = with_rates(context.rows(ask.sales(filters, by=by)))
    found["difference"] = found[f"{revenue}_comparable"].fillna(0) - found[f"{revenue}_before"].fillna(0)
    found = with_changes(found, revenue)
    found = found.rename(columns={"part": by}).sort_values(revenue, ascending=False, na_position="last")
    left, right = st.columns((2, 3), gap="small")
    with left:
        _movers(context, found, by)
    with right:
        table(
            context,
            f"sales-by-{by.replace('_number', '')}",
            words(f"by_part_{by}"),
            found,
            [
                Column(by, "dim_articles" if by == "brand" else "sales_performance",
                       show=lambda part: _name(context, by, part)),
                Column(revenue, "sales_performance"),
                Column("difference", label=words("difference"), kind="money"),
                Column("change_rate", label=words(f"vs_{filters.compare}"), kind="percent"),
                Column("gross_margin", "sales_performance"),
                Column("margin_pct", "sales_performance"),
                Column("net_units", "sales_performance"),
                Column("discount_rate", "sales_performance"),
                Column("return_rate", "sales_performance"),
            ],
            question=words("by_part_question"),
            opens=None,
            height=460,
        )  # fmt: skip


def _movers(context: Context, found: pd.DataFrame, by: Part) -> None:
    words = context.words
    ranked = found.assign(weight=found["difference"].abs()).nlargest(_MOVERS, "weight")
    ranked = ranked[ranked["weight"] > 0].sort_values("difference", ascending=False)
    ranked["name"] = [_name(context, by, part) for part in ranked[by]]
    chart = None
    if len(ranked):
        color = alt.Color("is_more:N", legend=None, scale=alt.Scale(
            domain=["more", "less"], range=[charts.BLUE, charts.RED]))  # fmt: skip
        ranked["is_more"] = ["more" if value > 0 else "less" for value in ranked["difference"]]
        chart = charts.bars(
            ranked, category="name", value="difference", title=_unit(context, "revenue"), kind="money", color=color
        )
    panel(
        context, "sales-movers", words("movers", against=words(f"vs_{context.filters.compare}")), ranked, chart,
        question=words("movers_question"),
        columns=[Column(by), Column("difference"), Column("change_rate")],
    )  # fmt: skip


def _like_for_like(context: Context) -> None:
    words, formats, filters = context.words, context.words.formats, context.filters
    section(words("like_for_like"), words("like_for_like_text"))
    revenue = _revenue(context)
    found = context.rows(ask.like_for_like(filters)).rename(columns={"part": "branch_number"})
    comparable = found[found["is_like_for_like"].astype(bool)]
    now, before = f"{revenue}_comparable", f"{revenue}_before"

    def kpi(name: str, rows: pd.DataFrame) -> Kpi:
        change = change_rate(rows[now].sum(), rows[before].sum())
        sums = {"now": formats.money_short(rows[now].sum()), "before": formats.money_short(rows[before].sum())}
        return Kpi(words(name), formats.change(change), "sales_to_date", "change_rate", note=words("lfl_note", **sums))

    kpi_row(
        context,
        "like-for-like",
        [
            kpi("lfl_change", comparable),
            kpi("all_change", found),
            Kpi(words("lfl_branches"), formats.number(len(comparable)), "sales_to_date", "is_like_for_like",
                note=words("of_branches", number=formats.number(int((found[revenue].fillna(0) != 0).sum())))),
        ],
    )  # fmt: skip
    left, right = st.columns(2, gap="small")
    with left:
        _like_for_like_weeks(context, comparable["branch_number"].tolist())
    with right:
        table(
            context,
            "like-for-like-branches",
            words("lfl_by_branch"),
            with_changes(found, revenue),
            [
                Column("branch_number", "sales_to_date", show=context.branch),
                Column(revenue, "sales_performance"),
                Column(before, label=words("last_year"), kind="money"),
                Column("change_rate", "sales_to_date"),
                Column("is_like_for_like", "sales_to_date", label=words("comparable"), kind="yes_no"),
            ],
            opens=None,
        )


def _like_for_like_weeks(context: Context, branches: list[str]) -> None:
    words = context.words
    filters = replace(context.filters, compare="last_year", branch=tuple(branches))
    grain: Grain = "week" if filters.span.days > 7 else "day"
    rows = context.rows(ask.sales(filters, grain)) if branches else pd.DataFrame({"period_start": []})
    found = periods.named(rows, grain, filters.span, words)
    chart = None
    if len(found):
        chart = periods.against(
            found, words, value=_revenue(context), title=_unit(context, "revenue"), kind="money",
            names=(words("now"), words("last_year")),
        )  # fmt: skip
    question = words("lfl_weeks_question")
    if found["is_partial"].any():
        question = f"{question} {words('pale')}"
    panel(context, "like-for-like-weeks", words("lfl_weeks"), found, chart, question=question)


def _calendar(context: Context) -> None:
    words, formats = context.words, context.words.formats
    revenue = _revenue(context)
    found = context.rows(ask.calendar(context.filters, _WEEKS))
    drawn = found.assign(
        amount=pd.to_numeric(found[revenue]).fillna(0).clip(lower=0),
        until=found["week_start"] + pd.Timedelta(days=6, hours=8),
        weekday=[formats.day(day, weekday=True).split(" ")[0] for day in found["date_day"]],
        holiday=found["holiday_name"].fillna(""),
    )
    chart = None
    if drawn["amount"].sum():
        order = [formats.day(f"2026-03-0{number}", weekday=True).split(" ")[0] for number in range(2, 9)]
        strong = float(drawn["amount"].quantile(0.98))
        x = alt.X("week_start:T", axis=charts.day_axis(words, 365))
        base = alt.Chart(height=210).encode(
            x=x,
            x2="until:T",
            y=alt.Y("weekday:N", sort=order, axis=alt.Axis(title=None, labelOverlap=False)),
            tooltip=[
                alt.Tooltip("date_day:T", title=words.column("date_day"), format="%a %d.%m.%Y"),
                alt.Tooltip("amount:Q", title=_unit(context, "revenue"), format=",.0f"),
                alt.Tooltip("holiday:N", title=words("holiday")),
            ],
        )
        cells = base.mark_rect(color=charts.BLUE, cornerRadius=1).encode(
            fillOpacity=alt.Opacity(
                "amount:Q", legend=None, scale=alt.Scale(domain=[0, strong], range=[0.04, 1], clamp=True)
            )
        )
        holidays = base.transform_filter(alt.datum.holiday != "").mark_rect(
            fillOpacity=0, stroke=charts.ORANGE, strokeWidth=1.5
        )  # fmt: skip
        layers = [cells] + [holidays] * bool((drawn["holiday"] != "").any())
        chart = alt.layer(*layers, data=drawn)
    panel(
        context, "sales-calendar", words("calendar"), found, chart,
        question=words("calendar_question", most=formats.money_short(found[revenue].max())),
    )  # fmt: skip


def _name(context: Context, by: Part, part: Any) -> str:
    return context.branch(part) if by == "branch_number" else context.words.of_value(part)


def _label(context: Context, measure: str) -> str:
    return context.words(measure) if measure in WORDS else context.words.column(measure)


def _unit(context: Context, measure: str) -> str:
    words = context.words
    if measure == "revenue":
        return words("eur_net" if context.filters.is_net else "eur_gross")
    return words({"gross_margin": "eur_net", "net_units": "unit_units"}.get(measure, f"unit_{measure}"))
