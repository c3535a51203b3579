"""Data Quality: what landed, what is missing or wrong, whose it is, and what became of it."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from prohandel.dashboard import charts, states
from prohandel.dashboard.components import Column, Kpi, kpi_row, panel, table, without_effect
from prohandel.dashboard.context import Context
from prohandel.dashboard.formats import Kind
from prohandel.dashboard.pages.quality_words import WORDS
from prohandel.dashboard.sql import data_quality as ask
from prohandel.dashboard.sql.stock_monitoring import anomalies
from prohandel.dashboard.words import Words

CONTROLS: tuple[str, ...] = ()

_MEASURES: dict[str, Kind] = {
    "row_count": "count",
    "rows_added": "count",
    "duplicate_rows": "count",
    "rejected_rows": "count",
    "hours_since_sync": "hours",
}
_TABLES = ("table_metrics", "column_metrics", "test_results", "rejected_rows", "reconciliation", "schema_changes")
_MOST_COLUMNS = 40
_DAYS = (7, 28, 90, 365)


def render(context: Context) -> None:
    """Draws the page."""
    context = context.with_words(WORDS)
    missing = [name for name in _TABLES if not context.has(name)]
    for name in missing:
        states.missing_mart(context.words, name)
    if missing:
        return
    has_incidents = context.has("incidents")
    found = context.rows(ask.incidents(context.filters)) if has_incidents else pd.DataFrame()
    newest = context.rows(ask.tables_now())
    _key_figures(context, newest, found)
    _incidents(context, found, is_there=has_incidents)
    _tests(context)
    _tables(context, newest)
    _columns(context)
    _rejected(context)
    _checks(context)
    without_effect(context, "category", "brand", "season", "supplier", "assortment")


def _key_figures(context: Context, newest: pd.DataFrame, incidents: pd.DataFrame) -> None:
    words, formats = context.words, context.words.formats
    tests = context.rows(ask.tests_now()).iloc[0]
    rows, rejected = newest["row_count"].sum(), newest["rejected_rows"].sum()
    errors = int((incidents["severity"] == "error").sum()) if len(incidents) else 0
    sales = newest[newest["table_name"] == "sale"]
    hours = (sales if len(sales) else newest)["hours_since_sync"].max()
    kpi_row(
        context,
        "quality",
        [
            Kpi(words("open_incidents"), formats.number(len(incidents)), "test_results", "failures",
                note=words("of_errors", number=formats.number(errors))),
            Kpi(words("bad_tests"), formats.number(tests["failed"]), "test_results", "status",
                note=words("and_warnings", number=formats.number(tests["warned"]),
                           tests=formats.number(tests["tests"]))),
            Kpi(words("rejected"), formats.number(rejected), "table_metrics", "rejected_rows",
                note=words("share_of_rows", share=formats.percent(rejected / rows, 2)) if rows else ""),
            Kpi(words("duplicates"), formats.number(newest["duplicate_rows"].sum()), "table_metrics", "duplicate_rows"),
            Kpi(words("rows_landed", number=len(newest)), formats.number(rows), "table_metrics", "row_count",
                note=words("added_run", number=formats.number(newest["rows_added"].sum()))),
            Kpi(words("sync"), words("hours", number=formats.number(hours, 1)), "table_metrics", "hours_since_sync"),
        ],
    )  # fmt: skip


def _incidents(context: Context, found: pd.DataFrame, *, is_there: bool) -> None:
    words = context.words
    if not is_there or found.empty:
        _calm("no-incidents", words("incidents"), words("no_incidents" if is_there else "no_incident_table_next"))
        return
    table(
        context,
        "incidents",
        words("incidents"),
        found,
        [
            Column("severity", kind="text"),
            Column("kind", kind="text"),
            Column("table_name"),
            Column("branch_number", show=context.branch),
            Column("since", kind="moment"),
            Column("rows", kind="count"),
            Column("owner", kind="text"),
            Column("symptom", kind="text", width=420),
            Column("runbook", kind="text"),
            Column("acknowledged_by", kind="text"),
        ],
        question=words("incidents_question"),
        opens=None,
    )


def _tests(context: Context) -> None:
    words = context.words
    found = context.rows(ask.failed_tests())
    if found.empty:
        _calm("no-tests", words("tests"), words("no_tests"))
        return
    table(
        context,
        "failed-tests",
        words("tests"),
        found,
        [
            Column("status", "test_results", kind="text"),
            Column("table_name", "test_results", kind="text"),
            Column("column_name", "test_results", kind="text"),
            Column("test_name", "test_results", kind="text", width=300),
            Column("failures", "test_results", kind="count"),
            Column("since", "test_results", kind="moment"),
            Column("owner", "test_results", kind="text"),
            Column("why", "test_results", kind="text", width=360),
            Column("runbook", "test_results", kind="text"),
        ],
        question=words("tests_question"),
        opens=None,
        height=320,
    )


def _tables(context: Context, newest: pd.DataFrame) -> None:
    words = context.words
    table(
        context,
        "tables",
        words("tables"),
        newest,
        [
            Column("table_name", "table_metrics", kind="text"),
            *(
                Column(name, "table_metrics", kind="count")
                for name in ("row_count", "rows_added", "rows_changed", "duplicate_rows", "rejected_rows")
            ),
            Column("last_synced_at", "table_metrics", kind="moment"),
            Column("hours_since_sync", "table_metrics", kind="hours"),
        ],
        question=words("tables_question"),
        opens=None,
    )
    _over_time(context)


def _over_time(context: Context) -> None:
    words = context.words
    measure = st.segmented_control(
        words("measure"), list(_MEASURES), key="quality_measure", default="row_count", format_func=words.column,
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    back = _days_back(words)
    found = context.rows(ask.tables_by_day(back))
    if found["date_day"].nunique() < 2:
        _calm("one-day", words("over_time", measure=words.column(measure)), words("one_day"))
        return
    title = words("over_time", measure=words.column(measure))
    panel(
        context, "tables-over-time", title, found, _by_table(context, found, measure),
        question=words("over_time_question", days=back),
    )  # fmt: skip


def _days_back(words: Words) -> int:
    return int(
        st.segmented_control(
            words("days_back"), _DAYS, key="quality_days", default=_DAYS[1], required=True,
            format_func=lambda days: words(f"p{days}"), label_visibility="collapsed",
        )
    )  # fmt: skip


def _by_table(context: Context, found: pd.DataFrame, measure: str) -> Any:
    words = context.words
    drawn = found.dropna(subset=[measure])
    if drawn.empty:
        return None
    return (
        alt.Chart(drawn, width=190, height=64)
        .mark_line(color=charts.BLUE, strokeWidth=1.5, point={"size": 14})
        .encode(
            x=alt.X("date_day:T", axis=alt.Axis(title=None, format="%d.%m.", tickCount=3, grid=False)),
            y=alt.Y(
                f"{measure}:Q",
                axis=alt.Axis(title=None, format="~s", tickCount=2, gridOpacity=0.3),
                scale=alt.Scale(zero=measure != "row_count"),
            ),
            tooltip=[
                alt.Tooltip("table_name:N", title=words.column("table_name")),
                alt.Tooltip("date_day:T", title=words.column("date_day"), format="%d.%m.%Y"),
                alt.Tooltip(f"{measure}:Q", title=words.column(measure), format=",.0f"),
            ],
        )
        .facet(
            facet=alt.Facet("table_name:N", header=alt.Header(title=None, labelFontSize=11, labelLimit=190)),
            columns=4,
            spacing=12,
        )
        .resolve_scale(y="independent")
    )


def _columns(context: Context) -> None:
    words = context.words
    names = context.rows(ask.tables_with_columns())["table_name"].tolist()
    if not names:
        return
    name = st.selectbox(
        words("which_table"), names, key="quality_table", index=names.index("sale") if "sale" in names else 0, width=320
    )
    found = context.rows(ask.columns_by_day(name, st.session_state.get("quality_days") or _DAYS[1]))
    panel(
        context, "nulls-over-time", words("nulls", table=name), found, _null_chart(context, found),
        question=words("nulls_question"),
    )  # fmt: skip
    table(
        context,
        "columns",
        words("columns", table=name),
        context.rows(ask.columns_now(name)),
        [
            Column("column_name", "column_metrics", kind="text"),
            Column("rows_measured", "column_metrics", kind="count"),
            *(
                Column(rate, "column_metrics", kind="percent")
                for rate in ("null_rate", "unreadable_rate", "damaged_rate")
            ),
            Column("distinct_count", "column_metrics", kind="count"),
            Column("min_value", "column_metrics", kind="text"),
            Column("max_value", "column_metrics", kind="text"),
        ],
        question=words("columns_question"),
        opens=None,
        height=320,
    )


def _null_chart(context: Context, found: pd.DataFrame) -> Any:
    words = context.words
    known = found.dropna(subset=["null_rate"])
    if known.empty:
        return None
    worst = known.groupby("column_name")[["null_rate", "unreadable_rate"]].max().sum(axis=1)
    shown = worst.sort_values(ascending=False).head(_MOST_COLUMNS).index.tolist()
    drawn = known[known["column_name"].isin(shown)].assign(
        day=[context.words.formats.day(day, year=False) for day in known["date_day"][known["column_name"].isin(shown)]]
    )
    return (
        alt.Chart(drawn, height=18 * len(shown) + 60)
        .mark_rect(cornerRadius=2, color=charts.BLUE, stroke=charts.GREY, strokeWidth=0.4)
        .encode(
            x=alt.X("day:O", sort=list(dict.fromkeys(drawn["day"])), axis=alt.Axis(title=None, labelAngle=0,
                                                                                  labelOverlap="greedy")),
            y=alt.Y("column_name:N", sort=shown, axis=alt.Axis(title=None, labelOverlap=False)),
            fillOpacity=alt.Opacity(
                "null_rate:Q",
                scale=alt.Scale(domain=[0, 1], range=[0.03, 1]),
                legend=alt.Legend(title=words.column("null_rate"), format=".0%"),
            ),
            tooltip=[
                alt.Tooltip("column_name:N", title=words.column("column_name")),
                alt.Tooltip("date_day:T", title=words.column("date_day"), format="%d.%m.%Y"),
                alt.Tooltip("null_rate:Q", title=words.column("null_rate"), format=".1%"),
                alt.Tooltip("unreadable_rate:Q", title=words.column("unreadable_rate"), format=".1%"),
                alt.Tooltip("rows_measured:Q", title=words.column("rows_measured"), format=",.0f"),
            ],
        )
    )  # fmt: skip


def _rejected(context: Context) -> None:
    words = context.words
    found = context.rows(ask.rejections())
    if found.empty:
        _calm("no-rejected", words("rejections"), words("no_rejected"))
        return
    named = found.assign(what=found["table_name"] + " · " + found["reason"])
    chart = charts.bars(
        named.head(20), category="what", value="rows", title=words("rows_axis"), kind="count", color=charts.RED
    )
    panel(context, "rejections", words("rejections"), found, chart, question=words("rejections_question"))
    with_rows = bool(context.rows(ask.may_see_rows()).iloc[0]["is_allowed"])
    text = st.text_input(
        words("find_row"), key="rejected_search", placeholder=words("find_row_hint"), max_chars=80, width=420
    )
    columns = [
        Column("table_name", "rejected_rows", kind="text"),
        Column("row_key", "rejected_rows", kind="text"),
        Column("reason", "rejected_rows", kind="text"),
        Column("first_seen_at", "rejected_rows", kind="moment"),
        Column("synced_at", "rejected_rows", kind="moment"),
    ]
    if with_rows:
        columns.append(Column("landed_row", label=words("landed_row"), kind="text", width=520))
    table(
        context,
        "rejected-rows",
        words("rejected_list"),
        context.rows(ask.rejected_rows(None, text or "", with_rows=with_rows)),
        columns,
        question="" if with_rows else words("rejected_hidden"),
        opens=None,
        height=320,
    )


def _checks(context: Context) -> None:
    words = context.words
    table(
        context,
        "reconciliation",
        words("reconciliation"),
        context.rows(ask.reconciliation()),
        [
            Column("is_ok", "reconciliation", kind="yes_no"),
            Column("check_name", "reconciliation", kind="text", width=360),
            *(
                Column(name, "reconciliation", kind="units_exact")
                for name in ("left_value", "right_value", "difference", "tolerance")
            ),
            Column("run_at", "reconciliation", kind="moment"),
        ],
        question=words("reconciliation_question"),
        opens=None,
        height=320,
    )
    _schema(context)
    _publications(context)
    kinds = ["below_cost_sale", "no_cost", "no_price"]
    doubts = context.rows(anomalies(context.filters))
    table(
        context,
        "master-data",
        words("master_data"),
        doubts[doubts["kind"].isin(kinds)],
        [
            Column("kind", "stock_anomalies", kind="text"),
            Column("article_number", "dim_articles"),
            Column("name", "dim_articles"),
            Column("branch_number", "stock_anomalies", show=context.branch),
            Column("since", "stock_anomalies", kind="date"),
            Column("units", "stock_anomalies"),
            Column("value_cost", "stock_anomalies"),
        ],
        question=words("master_data_question"),
        height=320,
    )


def _schema(context: Context) -> None:
    words = context.words
    changes = context.rows(ask.schema_changes())
    if changes.empty:
        _calm("no-schema", words("schema"), words("no_schema"))
        return
    table(
        context,
        "schema-changes",
        words("schema"),
        changes,
        [
            Column("detected_at", "schema_changes", kind="moment"),
            *(
                Column(name, "schema_changes", kind="text")
                for name in ("table_name", "column_name", "change", "old_type", "new_type", "read_as")
            ),
            Column("touched_models", "schema_changes", kind="text", width=360),
            Column("touched_exposures", "schema_changes", kind="text"),
        ],
        question=words("schema_question"),
        opens=None,
    )


def _publications(context: Context) -> None:
    words = context.words
    found = context.rows(ask.publications()) if context.has("publications") else pd.DataFrame()
    if found.empty:
        _calm("no-publications", words("publications"), words("no_publications"))
        return
    table(
        context,
        "publications",
        words("publications"),
        found.assign(seconds=pd.to_numeric(found["seconds"])),
        [
            Column("publication_id", kind="count"),
            Column("decided_at", kind="moment"),
            Column("outcome", kind="text"),
            Column("as_of_date", kind="date"),
            Column("tables_changed", kind="count"),
            Column("rows_changed", kind="count"),
            Column("seconds", kind="units_exact"),
            Column("failed", kind="text", width=320),
        ],
        question=words("publications_question"),
        opens=None,
    )


def _calm(key: str, title: str, text: str) -> None:
    """Says that there is nothing to worry about, or what brings the answer."""
    with st.container(key=f"state-{key}", border=True):
        st.markdown(f"**{title}**")
        st.markdown(text)
