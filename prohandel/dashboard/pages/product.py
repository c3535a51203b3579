"""One article: what it is, how it stands in each branch and size, its stock over time, its sales and its forecast."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts, states
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, table, without_effect
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import NOTHING, is_missing
from prohandel.dashboard.sizes import size_order
from prohandel.dashboard.sql import product as ask
from prohandel.dashboard.sql.stock import dates_back

_WEEKS = 52
_DAYS_OF_STOCK = 182

CONTROLS = ("period",)

WORDS = {
    "choose_article": ("Welcher Artikel?", "Which article?"),
    "choose_article_next": (
        "Links nach Nummer, EAN oder Name suchen, oder auf einer anderen Seite eine Zeile anklicken.",
        "Search on the left by number, EAN or name, or select a row on another page.",
    ),
    "not_found": ("Den Artikel {number} gibt es nicht", "There is no article {number}"),
    "not_found_next": ("Nummer prüfen, oder links suchen.", "Check the number, or search on the left."),
    "price": ("VK {price}", "Price {price}"),
    "cost": ("EK {price}", "Cost {price}"),
    "ean_is": ("EAN {ean}", "EAN {ean}"),
    "class_is": ("Klasse {abc}{xyz}", "Class {abc}{xyz}"),
    "stock_now": ("Bestand", "On hand"),
    "pieces": ("{number} Stück", "{number} units"),
    "supply": ("Reichweite", "Days of supply"),
    "days": ("{number} Tage", "{number} days"),
    "sold_28": ("Verkauf 28 Tage", "Sold in 28 days"),
    "revenue_365": ("Umsatz netto 365 T.", "Net revenue 365 d"),
    "in_branches": ("Filialen: {number}", "branches: {number}"),
    "per_day": ("{number} am Tag", "{number} a day"),
    "out_in": ("leer: {number}", "out: {number}"),
    "stock_over_time": ("Bestand im Zeitverlauf", "Stock over time"),
    "stock_question": (
        "Wann war er leer (rot: Anteil leerer Filialen), und liegt er über dem Meldebestand (gestrichelt)?",
        "When was it out (red: share of branches out), and is it above the reorder point (dashed)?",
    ),
    "unit_units": ("Stück", "units"),
    "branches_out": ("Leere Filialen", "Branches out"),
    "ranged_branches": ("Führende Filialen", "Branches that range it"),
    "size_grid": ("Größen je Filiale", "Sizes by branch"),
    "size_question": (
        "Wo fehlt eine Größe? Rot: Kerngröße ohne Bestand. Zahl: Stück.",
        "Where is a size missing? Red: a core size without stock. Number: units.",
    ),
    "size_state": ("Stand", "State"),
    "core_out": ("Kerngröße fehlt", "core size out"),
    "out": ("ohne Bestand", "out"),
    "there": ("vorrätig", "in stock"),
    "negative": ("Negativbestand", "negative stock"),
    "share": ("Anteil am Verkauf", "Share of sales"),
    "sales": ("Verkauf je Woche und Prognose", "Sales by week and forecast"),
    "sales_question": ("Wie verkauft er sich, und was wird erwartet?", "How does it sell, and what is expected?"),
    "sold": ("Verkauft", "Sold"),
    "expected": ("Prognose", "Forecast"),
    "units_week": ("Stück je Woche", "units a week"),
    "units_day": ("Stück je Tag", "units a day"),
    "week_of": ("Woche ab", "Week from"),
    "no_forecast_next": (
        "Die Prognose entsteht mit `prohandel forecast run`; bis dahin zeigt das Bild nur den Verkauf.",
        "`prohandel forecast run` makes the forecast; until then the chart shows sales alone.",
    ),
    "forecast_days": ("Prognose je Tag mit Bändern", "Forecast by day, with bands"),
    "forecast_days_question": (
        "Dunkel: reicht in 8 von 10 Fällen; hell: in 19 von 20.",
        "Dark: enough in 8 of 10 cases; light: in 19 of 20.",
    ),
    "branches": ("Der Artikel in jeder Filiale", "The article in each branch"),
    "days_until_empty": ("Tage bis leer", "Days until empty"),
}


def render(context: Context) -> None:
    """Draws the page of the article that the address names."""
    context = context.with_words(WORDS)
    words = context.words
    number = st.query_params.get("article", "")
    if not number:
        _note("choose", words("choose_article"), words("choose_article_next"))
        return
    found = context.rows(ask.article(number))
    if found.empty:
        _note("unknown", words("not_found", number=number), words("not_found_next"))
        return
    article = found.iloc[0]
    pairs = context.rows(ask.pairs(context.filters, number))
    _head(context, article)
    _key_figures(context, article, pairs)
    stock_panel(context, number)
    left, right = st.columns(2, gap="small")
    with left:
        _size_grid(context, number)
    with right:
        _sales(context, number)
    _bands(context, number)
    _branches(context, pairs)
    without_effect(context, "category", "brand", "season", "supplier", "assortment")


def _note(key: str, title: str, text: str) -> None:
    with st.container(key=f"state-{key}", border=True):
        st.markdown(f"**{title}**")
        st.markdown(text)


def _head(context: Context, article: Any) -> None:
    words, formats = context.words, context.words.formats
    st.subheader(words.of_value(article["name"]), anchor=False)
    parts = [f"**{article['article_number']}**"]
    parts += [words.of_value(article[name]) for name in ("category", "brand", "season", "supplier")]
    parts.append(words.of_value(article["assortment_type"]))
    if not is_missing(article["list_price_gross"]):
        parts.append(words("price", price=formats.money(article["list_price_gross"], 2)))
    if not is_missing(article["unit_cost"]):
        parts.append(words("cost", price=formats.money(article["unit_cost"], 2)))
    if not is_missing(article["ean"]) and article["ean"]:
        parts.append(words("ean_is", ean=article["ean"]))
    if not is_missing(article["abc_class"]):
        parts.append(words("class_is", abc=article["abc_class"], xyz=article["xyz_class"] or ""))
    st.markdown(" · ".join(parts))
    if "forecast_reorder" in context.pages and st.button(words("forecast_reorder"), key="go-forecast"):
        context.go("forecast_reorder", article=str(article["article_number"]))


def _key_figures(context: Context, article: Any, pairs: pd.DataFrame) -> None:
    words, formats, filters = context.words, context.words.formats, context.filters
    own = pairs[pairs["on_hand"].notna()]
    on_hand = own["on_hand"].clip(lower=0).sum()
    demand = own["avg_daily_demand_90d"].sum()
    last = filters.span.last
    sold = context.rows(ask.sold_by_week(filters, str(article["article_number"]), last - timedelta(days=27), last))
    out = int(own["stock_status"].isin(["out_of_stock"]).sum())
    kpi_row(
        context,
        "article",
        [
            Kpi(words("stock_now"), words("pieces", number=formats.number(on_hand)), "inventory_status", "on_hand",
                note=words("in_branches", number=int((own["on_hand"] > 0).sum()))
                + (f", {words('out_in', number=out)}" if out else "")),
            Kpi(words("supply"), words("days", number=formats.number(on_hand / demand)) if demand else NOTHING,
                "inventory_status", "days_of_supply", note=words("per_day", number=formats.number(demand, 1))),
            Kpi(words("sold_28"), words("pieces", number=formats.number(sold["demand_units"].sum())),
                "fct_sales_daily", "demand_units"),
            Kpi(words("revenue_365"), formats.money_short(article["net_revenue_365d"]), "product_profitability",
                "net_revenue_365d"),
            *(Kpi(words.column(name), formats.percent(article[name]), "product_profitability", name)
              for name in ("margin_pct", "sell_through_rate_90d")),
        ],
    )  # fmt: skip


def stock_panel(context: Context, number: str) -> None:
    """Stock of an article over time, with the days on which branches were out and the reorder point.

    Args:
        context: of any page.
        number: of the article.
    """
    context = context.with_words(WORDS)
    words, filters = context.words, context.filters
    last = filters.span.last
    first = min(filters.span.first, last - timedelta(days=_DAYS_OF_STOCK - 1))
    step = 1 if (last - first).days <= _DAYS_OF_STOCK else 7
    found = context.rows(ask.stock_by_day(filters, number, dates_back(last, first, step)))
    pairs = context.rows(ask.pairs(filters, number))
    chart = _stock_chart(context, found, step, float(pairs["reorder_point"].sum())) if len(found) else None
    panel(
        context, "article-stock", words("stock_over_time"), found, chart, question=words("stock_question"),
        columns=[Column("date_day"), Column("closing_stock"), Column("ranged_branches"), Column("branches_out")],
    )  # fmt: skip


def _stock_chart(context: Context, found: pd.DataFrame, step: int, reorder_point: float) -> Any:
    words = context.words
    drawn = found.assign(
        until=found["date_day"] + pd.Timedelta(days=step),
        share_out=(found["branches_out"] / found["ranged_branches"].where(found["ranged_branches"] > 0)).fillna(0),
    )
    axis = charts.day_axis(words, int((drawn["date_day"].max() - drawn["date_day"].min()).days) + 1)
    x = alt.X("date_day:T", axis=axis)
    bands = (
        alt.Chart(drawn[drawn["share_out"] > 0], height=300)
        .mark_rect(color=charts.RED)
        .encode(
            x=x,
            x2="until:T",
            opacity=alt.Opacity("share_out:Q", scale=alt.Scale(domain=[0, 1], range=[0.05, 0.45]), legend=None),
        )
    )
    line = (
        alt.Chart(height=300)
        .mark_line(color=charts.BLUE, strokeWidth=2, interpolate="step-after")
        .encode(x=x, y=alt.Y("closing_stock:Q", axis=charts.value_axis(words("unit_units"), "units")))
    )
    points = line.mark_circle(color=charts.BLUE, size=60, opacity=0).encode(
        tooltip=[
            alt.Tooltip("date_day:T", title=words.column("date_day"), format="%d.%m.%Y"),
            alt.Tooltip("closing_stock:Q", title=words.column("closing_stock"), format=",.0f"),
            alt.Tooltip("branches_out:Q", title=words("branches_out"), format=",.0f"),
            alt.Tooltip("ranged_branches:Q", title=words("ranged_branches"), format=",.0f"),
        ]
    )
    layers = [bands] * bool((drawn["share_out"] > 0).any()) + [line, points]
    if reorder_point > 0:
        point = pd.DataFrame({"reorder_point": [reorder_point], "label": [words.column("reorder_point")]})
        rule = alt.Chart(point).mark_rule(strokeDash=[6, 4], color=charts.ORANGE, strokeWidth=1.5).encode(
            y="reorder_point:Q",
            tooltip=[alt.Tooltip("reorder_point:Q", title=words.column("reorder_point"), format=",.1f")],
        )  # fmt: skip
        text = alt.Chart(point).mark_text(
            align="left", baseline="bottom", dx=4, dy=-3, color=charts.ORANGE, fontSize=12
        ).encode(y="reorder_point:Q", x=alt.value(0), text="label:N")  # fmt: skip
        layers += [rule, text]
    return alt.layer(*layers, data=drawn)


def _size_grid(context: Context, number: str) -> None:
    words = context.words
    found = context.rows(ask.sizes(context.filters, number))
    chart = None
    if not found.empty:
        sizes = sorted(found["article_size_number"].unique(), key=size_order)
        state = [
            words("negative")
            if units < 0
            else words("there")
            if units > 0
            else words("core_out")
            if core
            else words("out")
            for units, core in zip(found["on_hand"].fillna(0), found["is_core_size"], strict=True)
        ]
        drawn = found.assign(
            branch=[context.branch(number) for number in found["branch_number"]], state=state,
            core=[bool(core) for core in found["is_core_size"]],
        )  # fmt: skip
        chart = _size_chart(context, drawn, sizes)
    panel(
        context, "size-grid", words("size_grid"), found, chart, question=words("size_question"),
        columns=[Column(name) for name in ("branch_number", "article_size_number", "on_hand", "is_core_size",
                                           "size_share_of_sales")],
    )  # fmt: skip


def _size_chart(context: Context, drawn: pd.DataFrame, sizes: list[str]) -> Any:
    words = context.words
    states_there = [words("there"), words("core_out"), words("out"), words("negative")]
    colors = [charts.BLUE, charts.RED, charts.GREY, charts.VIOLET]
    branches = list(dict.fromkeys(drawn["branch"]))
    base = alt.Chart(height=36 * len(branches) + 130).encode(
        x=alt.X("article_size_number:N", sort=sizes,
                axis=alt.Axis(title=words.column("article_size_number"), orient="top", labelAngle=0)),
        y=alt.Y("branch:N", sort=branches, axis=alt.Axis(title=None, labelOverlap=False)),
        tooltip=[
            alt.Tooltip("branch:N", title=words("branch")),
            alt.Tooltip("article_size_number:N", title=words.column("article_size_number")),
            alt.Tooltip("on_hand:Q", title=words.column("on_hand"), format=",.0f"),
            alt.Tooltip("state:N", title=words("size_state")),
            alt.Tooltip("size_share_of_sales:Q", title=words("share"), format=".0%"),
        ],
    )  # fmt: skip
    present = [name for name in states_there if (drawn["state"] == name).any()]
    cells = base.mark_rect(cornerRadius=4).encode(
        color=alt.Color("state:N", scale=alt.Scale(domain=present, range=[
            colors[states_there.index(name)] for name in present])),
        fillOpacity=alt.FillOpacityValue(**alt.condition("datum.on_hand > 0", alt.value(0.28), alt.value(0.22))),
    )  # fmt: skip
    numbers = base.mark_text(fontSize=13, color=charts.TEXT).encode(
        text=alt.Text("on_hand:Q", format=",.0f"),
        opacity=alt.OpacityValue(**alt.condition("datum.on_hand == 0", alt.value(0.65), alt.value(1))),
    )
    return alt.layer(cells, numbers, data=drawn)


def _sales(context: Context, number: str) -> None:
    words, filters = context.words, context.filters
    last = filters.span.last
    first = last - timedelta(days=7 * _WEEKS + last.weekday() - 7)
    found = context.rows(ask.sold_by_week(filters, number, first, last))
    drawn = found[["week_start_date", "demand_units"]].assign(series=words("sold"))
    has_forecast = context.has("demand_forecast")
    if has_forecast:
        future = context.rows(ask.forecast(filters, number))
        if len(future):
            monday = future["forecast_date"] - pd.to_timedelta(future["forecast_date"].dt.weekday, unit="D")
            weeks = future.groupby(monday)["demand_mean"].agg(["sum", "count"]).reset_index(names="week_start_date")
            whole = weeks[weeks["count"] == 7].rename(columns={"sum": "demand_units"})
            drawn = pd.concat(
                [drawn, whole[["week_start_date", "demand_units"]].assign(series=words("expected"))], ignore_index=True
            )
    if last.weekday() != 6:
        # The running week has fewer days than the others.
        running = pd.Timestamp(last - timedelta(days=last.weekday()))
        drawn = drawn[~((drawn["week_start_date"] == running) & (drawn["series"] == words("sold")))]
    order = [name for name in (words("sold"), words("expected")) if (drawn["series"] == name).any()]
    chart = (
        alt.Chart(drawn, height=300)
        .mark_bar(width={"band": 0.8})
        .encode(
            x=alt.X("yearweek(week_start_date):T", axis=charts.day_axis(words, 7 * _WEEKS)),
            y=alt.Y("demand_units:Q", axis=charts.value_axis(words("units_week"), "units")),
            color=alt.Color(
                "series:N", sort=order, scale=alt.Scale(domain=order, range=[charts.BLUE, charts.ORANGE][: len(order)])
            ),
            tooltip=[
                alt.Tooltip("week_start_date:T", title=words("week_of"), format="%d.%m.%Y"),
                alt.Tooltip("series:N", title=" "),
                alt.Tooltip("demand_units:Q", title=words("units_week"), format=",.1f"),
            ],
        )
        if len(drawn)
        else None
    )
    panel(context, "article-sales", words("sales"), drawn, chart, question=words("sales_question"))
    if not has_forecast:
        states.missing_mart(words, "demand_forecast", words("no_forecast_next"))


def _bands(context: Context, number: str) -> None:
    """The forecast by day with its quantiles, where one branch is looked at: quantiles of several do not add up."""
    if not context.has("demand_forecast"):
        return
    words = context.words
    found = context.rows(ask.forecast(context.filters, number))
    if found.empty or not (found["branches"] == 1).all():
        return
    axis = charts.day_axis(words, len(found))
    base = alt.Chart(height=260).encode(x=alt.X("forecast_date:T", axis=axis))
    y_axis = charts.value_axis(words("units_day"), "units_exact")
    wide = base.mark_area(opacity=0.15, color=charts.BLUE).encode(
        y=alt.Y("demand_p95:Q", axis=y_axis), y2="demand_p50:Q"
    )
    narrow = base.mark_area(opacity=0.3, color=charts.BLUE).encode(y="demand_p80:Q", y2="demand_p50:Q")
    mean = base.mark_line(color=charts.ORANGE, strokeWidth=2).encode(
        y="demand_mean:Q",
        tooltip=[
            alt.Tooltip("forecast_date:T", title=words.column("date_day"), format="%d.%m.%Y"),
            alt.Tooltip("demand_mean:Q", title=words("expected"), format=",.2f"),
            alt.Tooltip("demand_p80:Q", title="80 %", format=",.1f"),
            alt.Tooltip("demand_p95:Q", title="95 %", format=",.1f"),
        ],
    )
    panel(
        context, "article-forecast", words("forecast_days"), found, alt.layer(wide, narrow, mean, data=found),
        question=words("forecast_days_question"),
    )  # fmt: skip


def _branches(context: Context, pairs: pd.DataFrame) -> None:
    words = context.words
    table(
        context,
        "article-branches",
        words("branches"),
        pairs,
        [
            Column("branch_number", "inventory_status", show=context.branch),
            Column("stock_status", "inventory_status"),
            Column("on_hand", "inventory_status"),
            Column("avg_daily_demand_90d", "inventory_status", kind="factor"),
            Column("days_of_supply", "inventory_status", label=words("days_until_empty"), kind="units_exact"),
            Column("reorder_point", "reorder_points", kind="units_exact"),
            Column("on_order_units", "reorder_points"),
            Column("stockout_days_90d", "inventory_status"),
            Column("size_availability_rate", "inventory_status"),
            Column("days_since_last_sale", "inventory_status", kind="days"),
        ],
        opens=None,
    )
