"""Product Performance: which articles earn, how the season sells through, how sizes stand, what to mark down."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts
from prohandel.dashboard.components import Column, Kpi, kpi_row, note, panel, section, table
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import NOTHING, is_missing
from prohandel.dashboard.pages.product_words import WORDS
from prohandel.dashboard.sizes import size_order
from prohandel.dashboard.sql import product_performance as ask
from prohandel.dashboard.sql.today import to_mark_down

_DRAWN = 500
_WEEKS_TO_SAY_SOMETHING = 6

CONTROLS: tuple[str, ...] = ()


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    season = _usual_season(context)
    _key_figures(context, season)
    note(context.words("company") if context.filters.branch else "")
    articles = context.rows(ask.profitability(context.filters))
    chosen = _scatter(context, articles)
    if chosen:
        context.go("product", article=chosen)
    _profitability(context, articles)
    _sell_through(context, season)
    _sizes(context)
    _broken_runs(context)
    _markdowns(context)
    _returned(context)


def _usual_season(context: Context) -> str | None:
    """The newest season that is old enough to say something."""
    found = context.rows(ask.seasons(context.filters))
    if found.empty:
        return None
    old_enough = found[found["weeks"] >= _WEEKS_TO_SAY_SOMETHING]
    return str((old_enough if len(old_enough) else found)["season"].iloc[0])


def _key_figures(context: Context, season: str | None) -> None:
    words, formats, filters = context.words, context.words.formats, context.filters
    total = context.rows(ask.totals(filters)).iloc[0]
    runs = context.rows(ask.size_runs(filters)).iloc[0]
    mark_down = context.rows(to_mark_down(filters)).iloc[0]
    kpis = [
        Kpi(words("revenue"), formats.money_short(total["net_revenue_365d"]), "product_profitability",
            "net_revenue_365d", note=words("articles_sold", number=formats.number(total["articles"]))),
        Kpi(words("margin"), formats.money_short(total["gross_margin_365d"]), "product_profitability",
            "gross_margin_365d", note=words("margin_note", rate=formats.percent(total["margin_pct"]))),
        Kpi(words.column("return_rate"), formats.percent(total["return_rate"]), "product_profitability", "return_rate",
            note=words("returns_note", returned=formats.number(total["return_units_365d"]),
                       sold=formats.number(total["demand_units_365d"]))),
        Kpi(words("broken"), formats.number(runs["broken_size_runs"]), "size_availability", "is_broken_size_run",
            note=words("of_runs", number=formats.number(runs["size_run_pairs"]))),
        Kpi(words("mark_down"), formats.money_short(mark_down["value"]), "markdown_candidates", "price_step_rate",
            note=words("mark_down_note", articles=formats.number(mark_down["articles"]),
                       units=formats.number(mark_down["units"]))),
    ]  # fmt: skip
    if season:
        now = _weeks_of_all(context, season).iloc[-1]
        week = formats.number(now["season_week"])
        before = now["sell_through_last_year"]
        note = (
            words("season_note_alone", week=week)
            if is_missing(before)
            else words("season_note", week=week, rate=formats.percent(before))
        )
        kpis.append(
            Kpi(words("season_now", season=words.of_value(season)), formats.percent(now["sell_through"]),
                "season_weeks", "sell_through", note=note)
        )  # fmt: skip
    kpi_row(context, "products", kpis)


def _weeks_of_all(context: Context, season: str) -> pd.DataFrame:
    found = context.rows(ask.sell_through(context.filters, season))
    return found[found["category"].isna()]


def _scatter(context: Context, articles: pd.DataFrame) -> str | None:
    """Returns the article that the reader clicked."""
    words = context.words
    drawn = articles[articles["turnover_rate"].gt(0) & articles["margin_pct"].notna()].head(_DRAWN)
    names = ("article_number", "name", "category", "abc_class", "net_revenue_365d", "turnover_rate", "margin_pct")
    drawn = drawn[list(names)].assign(name=[words.of_value(name) for name in drawn["name"]])
    chart = _scatter_chart(context, drawn) if len(drawn) else None
    event = panel(
        context, "margin-turnover", words("scatter"), drawn, chart,
        question=words("scatter_question", number=words.formats.number(len(drawn))), on_select="rerun",
        selection="picked",
    )  # fmt: skip
    points = event["selection"].get("picked", []) if event else []
    return str(points[0]["article_number"]) if points else None


def _scatter_chart(context: Context, drawn: pd.DataFrame) -> Any:
    words = context.words
    low, high = (float(drawn["margin_pct"].quantile(share)) for share in (0.005, 0.995))
    picked = alt.selection_point(name="picked", fields=["article_number"], toggle=False)
    classes = ["A", "B", "C"]
    points = (
        alt.Chart(drawn, height=430)
        .mark_point(filled=True, opacity=0.75, cursor="pointer")
        .encode(
            x=alt.X(
                "turnover_rate:Q",
                scale=alt.Scale(type="log", base=2, domain=[0.25, 64], clamp=True),
                axis=alt.Axis(
                    title=words("turnover_axis"), values=[0.25, 0.5, 1, 2, 4, 8, 16, 32, 64], format="~g",
                    gridOpacity=0.35,
                ),
            ),
            y=alt.Y(
                "margin_pct:Q",
                scale=alt.Scale(domain=[low - 0.02, high + 0.02], clamp=True, nice=True, zero=False),
                axis=charts.value_axis(words("margin_axis"), "percent"),
            ),
            size=alt.Size("net_revenue_365d:Q", scale=alt.Scale(type="sqrt", range=[25, 500]), legend=None),
            color=alt.Color(
                "abc_class:N", sort=classes,
                scale=alt.Scale(domain=classes, range=[charts.BLUE, charts.ORANGE, charts.GREY]),
            ),
            shape=alt.Shape(
                "abc_class:N", sort=classes, scale=alt.Scale(domain=classes, range=["circle", "square", "diamond"])
            ),
            tooltip=[
                alt.Tooltip("name:N", title=words.column("name")),
                alt.Tooltip("article_number:N", title=words.column("article_number")),
                alt.Tooltip("category:N", title=words.column("category")),
                alt.Tooltip("abc_class:N", title="ABC"),
                alt.Tooltip("turnover_rate:Q", title=words.column("turnover_rate"), format=",.1f"),
                alt.Tooltip("margin_pct:Q", title=words.column("margin_pct"), format=".1%"),
                alt.Tooltip("net_revenue_365d:Q", title=words.column("net_revenue_365d"), format=",.0f"),
            ],
        )
        .add_params(picked)
    )  # fmt: skip
    medians = pd.DataFrame({name: [drawn[name].median()] for name in ("turnover_rate", "margin_pct")})
    rule = alt.Chart(medians).mark_rule(strokeDash=[5, 4], color=charts.GREY, strokeWidth=1.2)
    return rule.encode(x="turnover_rate:Q") + rule.encode(y="margin_pct:Q") + points


def _profitability(context: Context, articles: pd.DataFrame) -> None:
    words = context.words
    names = (
        "article_number", "name", "category", "brand", "season", "abc_class", "xyz_class", "net_revenue_365d",
        "gross_margin_365d", "margin_pct", "markup", "turnover_rate", "gmroi", "sell_through_rate_90d",
        "discount_rate", "return_rate",
    )  # fmt: skip
    table(
        context, "profitability", words("profitability"), articles,
        [Column(name, "product_profitability") for name in names],
        question=words("profitability_question"), height=440,
    )  # fmt: skip


def _sell_through(context: Context, usual: str | None) -> None:
    words, filters = context.words, context.filters
    if usual is None:
        panel(context, "sell-through", words("sell_through"), pd.DataFrame(), None)
        return
    seasons = context.rows(ask.seasons(filters))["season"].tolist()
    section(words("sell_through"))
    season = st.selectbox(
        words("season_of"), seasons, key="product_season", index=seasons.index(usual), width=220,
        label_visibility="collapsed", format_func=words.of_value,
    )  # fmt: skip
    found = context.rows(ask.sell_through(filters, season))
    whole = found[found["category"].isna()]
    names = {"sell_through": words.of_value(season), "sell_through_last_year": words("last_season"),
             "plan_sell_through": words("plan")}  # fmt: skip
    long = whole.melt(["season_week"], list(names), "series", "rate").dropna(subset=["rate"])
    long["series"] = long["series"].map(names)
    has_plan = whole["plan_sell_through"].notna().any()
    parts = [words("sell_through_question", season=words.of_value(season))]
    parts += [] if has_plan else [words("no_plan")]
    without = {"brand", "supplier", "assortment"} & set(filters.active())
    parts += [words("sell_through_without")] if without else []
    left, right = st.columns((3, 2), gap="small")
    with left:
        panel(
            context, "sell-through", words("sell_through"), whole.drop(columns="category"),
            _weeks_chart(context, long, [name for name in names.values() if (long["series"] == name).any()])
            if len(long) else None,
            question=" ".join(parts),
        )  # fmt: skip
    with right:
        _categories_of_season(context, found, has_plan=bool(has_plan))


def _weeks_chart(context: Context, long: pd.DataFrame, order: list[str]) -> Any:
    words = context.words
    colors = dict(zip((words("last_season"), words("plan")), (charts.GREY, charts.ORANGE), strict=True))
    base = alt.Chart(height=320).encode(
        x=alt.X("season_week:Q", axis=alt.Axis(title=words("season_week"), format="d", grid=False, tickMinStep=1)),
        y=alt.Y("rate:Q", axis=charts.value_axis(words("percent_received"), "percent")),
        color=alt.Color("series:N", sort=order, scale=alt.Scale(
            domain=order, range=[colors.get(name, charts.BLUE) for name in order])),
        tooltip=[
            alt.Tooltip("season_week:Q", title=words("season_week"), format="d"),
            alt.Tooltip("series:N", title=" "),
            alt.Tooltip("rate:Q", title=words("percent_received"), format=".1%"),
        ],
    )  # fmt: skip
    return alt.layer(base.mark_line(strokeWidth=2), base.mark_circle(size=28), data=long)


def _categories_of_season(context: Context, found: pd.DataFrame, *, has_plan: bool) -> None:
    words = context.words
    rows = found[found["category"].notna()]
    week = rows["season_week"].max()
    now = rows[rows["season_week"] == week]
    now = now.assign(
        behind=(now["sell_through"] - now["sell_through_last_year"]) * 100,
        against_plan=(now["sell_through"] - now["plan_sell_through"]) * 100,
    ).sort_values("behind", na_position="last")
    columns = [
        Column("category", "season_weeks"),
        Column("sell_through", "season_weeks"),
        Column("sell_through_last_year", "season_weeks"),
        Column("behind", label=words("behind"), kind="units_exact"),
    ]
    columns += [Column("against_plan", label=words("against_plan"), kind="units_exact")] if has_plan else []
    table(
        context, "sell-through-categories", words("by_category", week=NOTHING if is_missing(week) else int(week)), now,
        [*columns, Column("received_units_cumulated", "season_weeks")], question=words("by_category_question"),
        opens=None, height=372,
    )  # fmt: skip


def _sizes(context: Context) -> None:
    words, filters = context.words, context.filters
    section(words("sizes"))
    categories = context.rows(ask.size_categories(filters))["category"].tolist()
    if not categories:
        panel(context, "size-curve", words("sizes"), pd.DataFrame(), None)
        return
    category = st.selectbox(
        words("size_category"), categories, key="product_category", width=260, label_visibility="collapsed",
        format_func=words.of_value,
    )  # fmt: skip
    found = context.rows(ask.size_curve(filters, category))
    found = found[(found["demand_units_365d"] > 0) | (found["stock_units"] > 0)]
    order = sorted(found["article_size_number"], key=size_order)
    name = words.of_value(category)
    left, right = st.columns(2, gap="small")
    with left:
        panel(
            context, "size-curve", words("curve", category=name), found,
            _curve_chart(context, found, order) if len(found) else None, question=words("curve_question"),
        )  # fmt: skip
    with right:
        panel(
            context, "size-returns", words("returns_of", category=name), found,
            _returns_chart(context, found, order) if found["return_rate"].notna().any() else None,
            question=words("returns_question"),
            columns=[Column(column) for column in ("article_size_number", "demand_units_365d", "return_units_365d",
                                                   "return_rate", "category_return_rate")],
        )  # fmt: skip


def _curve_chart(context: Context, found: pd.DataFrame, order: list[str]) -> Any:
    words = context.words
    names = {"share_of_demand": words("share_sales"), "share_of_stock": words("share_stock")}
    long = found.melt(["article_size_number", "demand_units_365d", "stock_units"], list(names), "side", "share")
    long["side"] = long["side"].map(names)
    sides = list(names.values())
    return alt.Chart(long, height=280).mark_bar(cornerRadiusEnd=2).encode(
        x=alt.X("article_size_number:N", sort=order,
                axis=alt.Axis(title=words.column("article_size_number"), labelAngle=0, grid=False)),
        xOffset=alt.XOffset("side:N", sort=sides),
        y=alt.Y("share:Q", axis=charts.value_axis(words("percent_size"), "percent")),
        color=alt.Color("side:N", sort=sides, scale=alt.Scale(domain=sides, range=[charts.BLUE, charts.ORANGE])),
        tooltip=[
            alt.Tooltip("article_size_number:N", title=words.column("article_size_number")),
            alt.Tooltip("side:N", title=" "),
            alt.Tooltip("share:Q", title=words("percent_size"), format=".1%"),
            alt.Tooltip("demand_units_365d:Q", title=words("sold_units"), format=",.0f"),
            alt.Tooltip("stock_units:Q", title=words.column("stock_units"), format=",.0f"),
        ],
    )  # fmt: skip


def _returns_chart(context: Context, found: pd.DataFrame, order: list[str]) -> Any:
    words = context.words
    bars = alt.Chart(found, height=280).mark_bar(cornerRadiusEnd=2, color=charts.BLUE, size=26).encode(
        x=alt.X("article_size_number:N", sort=order,
                axis=alt.Axis(title=words.column("article_size_number"), labelAngle=0, grid=False)),
        y=alt.Y("return_rate:Q", axis=charts.value_axis(words("percent_returned"), "percent")),
        tooltip=[
            alt.Tooltip("article_size_number:N", title=words.column("article_size_number")),
            alt.Tooltip("return_rate:Q", title=words.column("return_rate"), format=".1%"),
            alt.Tooltip("return_units_365d:Q", title=words("returned_units"), format=",.0f"),
            alt.Tooltip("demand_units_365d:Q", title=words("sold_units"), format=",.0f"),
        ],
    )  # fmt: skip
    usual = pd.DataFrame({"rate": [found["category_return_rate"].max()]})
    rule = alt.Chart(usual).mark_rule(strokeDash=[5, 4], color=charts.ORANGE, strokeWidth=1.5).encode(
        y="rate:Q", tooltip=[alt.Tooltip("rate:Q", title=words("of_category"), format=".1%")]
    )  # fmt: skip
    return bars + rule


def _broken_runs(context: Context) -> None:
    words = context.words
    table(
        context,
        "broken-runs",
        words("runs"),
        context.rows(ask.broken_runs(context.filters)),
        [
            Column("article_number", "dim_articles"),
            Column("name", "dim_articles"),
            Column("category", "dim_articles"),
            Column("abc_class", "product_profitability"),
            Column("missing_core_sizes", "size_availability", label=words("missing"), kind="text"),
            Column("broken_size_runs", "warehouse_performance", label=words("broken_in")),
            Column("size_run_pairs", "warehouse_performance", label=words("runs_in")),
            Column("on_hand", "inventory_status", label=words("left_there")),
            Column("net_revenue_365d", "product_profitability"),
        ],
        question=words("runs_question"),
    )


def _markdowns(context: Context) -> None:
    words = context.words
    found = context.rows(ask.markdown_candidates(context.filters))
    found["gain"] = found["margin_gained"] - found["margin_cost"]
    table(
        context,
        "markdowns",
        words("candidates"),
        found,
        [
            Column("article_number", "markdown_candidates"),
            Column("name", "dim_articles"),
            Column("category", "markdown_candidates"),
            Column("season", "markdown_candidates"),
            Column("on_hand", "markdown_candidates"),
            Column("value_cost", label=words.column("stock_value_cost"), kind="money"),
            Column("demand_units_28d", "markdown_candidates"),
            Column("weeks_of_cover", "markdown_candidates"),
            Column("weeks_of_season_left", "markdown_candidates"),
            Column("current_price_gross", "markdown_candidates", kind="money_cents"),
            Column("price_step_rate", "markdown_candidates", label=words("price_step")),
            Column("new_price_gross", "markdown_candidates", kind="money_cents"),
            Column("gain", "markdown_candidates", label=words("gain"), kind="money"),
            Column("capital_freed", "markdown_candidates"),
        ],
        question=words("candidates_question"),
        height=440,
    )


def _returned(context: Context) -> None:
    words = context.words
    table(
        context,
        "returned",
        words("returned"),
        context.rows(ask.returned_articles(context.filters)),
        [
            Column("article_number", "product_profitability"),
            Column("name", "product_profitability"),
            Column("category", "product_profitability"),
            Column("brand", "product_profitability"),
            Column("demand_units_365d", "product_profitability", label=words("sold_units")),
            Column("return_units_365d", "product_profitability", label=words("returned_units")),
            Column("return_rate", "product_profitability"),
            Column("category_return_rate", "returns_by_size", label=words("of_category")),
            Column("units_beyond", label=words("units_beyond"), kind="units_exact"),
        ],
        question=words("returned_question", least=ask.LEAST_UNITS),
    )
