"""What pages are built of: rows of key figures, panels with a chart, tables that open an article, CSV."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd
import streamlit as st
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from prohandel.dashboard import states
from prohandel.dashboard.charts import finished
from prohandel.dashboard.context import Context
from prohandel.dashboard.database import MOST_ROWS
from prohandel.dashboard.formats import NOTHING, Kind, is_missing, kind_of

MOST_ROWS_SHOWN = 300
"""A table shows so many rows; the CSV holds all that the query brought."""

Better = Literal["up", "down", "neither"]


@dataclass(frozen=True)
class Kpi:
    """A key figure.

    Attributes:
        label: what it is.
        value: as it is shown, with its unit.
        mart: where it comes from; its column's description is the help text.
        column: of the mart.
        change: relative change (0.1 is +10 %) or, of a rate, difference of rates; None where it has none.
        change_text: the change as it is shown; empty where there is none.
        better: which direction is good news.
        against: what it is compared with, in words.
        history: values of the sparkline, oldest first; None in a row without sparklines.
        note: a line below, where there is no change to show.
    """

    label: str
    value: str
    mart: str
    column: str
    change: float | None = None
    change_text: str = ""
    better: Better = "up"
    against: str = ""
    history: Sequence[float] | None = None
    note: str = ""


def kpi_row(context: Context, name: str, kpis: Sequence[Kpi]) -> None:
    """A row of key figures that breaks into two columns on a phone.

    Args:
        context: of the page.
        name: of the row, once per page.
        kpis: all with a history, or none.
    """
    with st.container(key=f"kpis-{name}"):
        for kpi in kpis:
            _metric(context, kpi)


def _metric(context: Context, kpi: Kpi) -> None:
    delta: str | None = None
    color: Any = "gray"
    arrow: Any = "off"
    if kpi.change_text and not is_missing(kpi.change) and kpi.change is not None:
        delta = kpi.change_text
        arrow = "up" if kpi.change > 0 else "down" if kpi.change < 0 else "off"
        if kpi.better != "neither" and kpi.change:
            color = "green" if (kpi.change > 0) == (kpi.better == "up") else "red"
    elif kpi.note:
        delta = kpi.note
    st.metric(
        kpi.label,
        kpi.value,
        delta=delta,
        delta_color=color,
        delta_arrow=arrow,
        delta_description=kpi.against if delta and delta == kpi.change_text else None,
        help=context.definitions.of(kpi.mart, kpi.column).help(context.words),
        border=True,
        height="stretch",
        chart_data=_drawn(kpi.history),
        chart_type="line",
    )


def _drawn(history: Sequence[float] | None) -> list[float] | None:
    known = [float(value) for value in history or () if not is_missing(value)]
    return known if len(known) > 1 else None


def section(title: str, explanation: str = "") -> None:
    """A heading between panels, with the question that they answer."""
    st.subheader(title, anchor=False)
    if explanation:
        st.caption(explanation)


def without_effect(context: Context, *names: str) -> None:
    """Says which of the active filters change nothing on this page, or on the panels below.

    Args:
        context: of the page.
        names: of filters, as `Filters.active` has them: branch, category, brand, season, supplier, assortment.
    """
    idle = [context.words(name) for name in names if name in context.filters.active()]
    note(context.words("not_here", names=", ".join(idle)) if idle else "")


def note(text: str) -> None:
    """A line that comes and goes with the filters, in a place of its own.

    Streamlit tells what follows apart by its place: something in between would have it all drawn anew.

    Args:
        text: empty where there is nothing to say.
    """
    with st.container():
        if text:
            st.caption(text)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: in the frame.
        mart: that its definition comes from; empty for none.
        label: heading; by default the shared label of the column.
        kind: how it is written; by default by name and unit of the mart.
        show: writes a cell in another way, e.g. a branch by its name.
        width: in pixels; by default as wide as the content.
    """

    name: str
    mart: str = ""
    label: str = ""
    kind: Kind | None = None
    show: Callable[[Any], str] | None = field(default=None, compare=False)
    width: int | None = None


def panel(
    context: Context,
    name: str,
    title: str,
    frame: pd.DataFrame,
    chart: Any,
    *,
    question: str = "",
    columns: Sequence[Column] = (),
    on_select: Literal["rerun", "ignore"] = "ignore",
    selection: str | None = None,
) -> Any:
    """A bordered panel: title, the question it answers, a chart, its rows as CSV.

    Args:
        context: of the page.
        name: of the panel, once per page; also the name of the CSV.
        title: above the chart.
        frame: the rows that are drawn.
        chart: of Altair, unfinished; None where there is nothing to draw.
        question: that the chart answers.
        columns: of the CSV; all columns of the frame by default.
        on_select: "rerun" runs the page again when the reader clicks.
        selection: name of the chart's selection that counts.

    Returns:
        The selection, with on_select="rerun"; else None.
    """
    with st.container(border=True, key=f"panel-{name}"):
        _head(context, name, title, question, frame, columns)
        if chart is None or frame.empty:
            states.empty(context.words, name)
            return None
        return st.altair_chart(
            finished(chart, context.words),
            width="stretch",
            key=f"chart-{name}",
            on_select=on_select,
            selection_mode=selection if on_select == "rerun" else None,
            alt=f"{title}. {question}",
        )


def table(
    context: Context,
    name: str,
    title: str,
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    question: str = "",
    opens: str | None = "article_number",
    height: int | Literal["auto"] = "auto",
) -> None:
    """A bordered table with definitions in its headings and a CSV of all rows; a selected row opens the article.

    Args:
        context: of the page.
        name: of the table, once per page; also the name of the CSV.
        title: above the table.
        frame: rows; may have columns that are not shown.
        columns: shown, in this order.
        question: that the table answers.
        opens: column with the article that a click opens; None for no click.
        height: pixels; "auto" for ten rows.
    """
    with st.container(border=True, key=f"panel-{name}"):
        _head(context, name, title, question, frame, columns)
        if frame.empty:
            states.empty(context.words, name)
            return
        shown = frame.head(MOST_ROWS_SHOWN).reset_index(drop=True)
        clickable = opens is not None and opens in frame.columns
        chosen: Any = st.dataframe(
            _written(context, shown, columns),
            hide_index=True,
            width="stretch",
            height=height,
            column_config=_headings(context, columns),
            key=f"table-{name}-{_mark(shown)}" if clickable else f"table-{name}",
            on_select="rerun" if clickable else "ignore",
            selection_mode="single-row",
            row_height=34,
            placeholder=NOTHING,
        )
        _foot(context, frame, clickable=clickable)
    if clickable and chosen is not None and opens is not None:
        rows = chosen["selection"]["rows"]
        if rows:
            context.go("product", article=str(shown[opens].iloc[rows[0]]))


def _mark(frame: pd.DataFrame) -> str:
    """Another key for other rows, so that no selection outlives the rows that it was made in."""
    return hashlib.sha1(repr(frame.head(20).to_numpy().tolist()).encode()).hexdigest()[:8]  # noqa: S324


def _foot(context: Context, frame: pd.DataFrame, *, clickable: bool) -> None:
    words, formats = context.words, context.words.formats
    lines = [words("click_row")] if clickable else []
    if len(frame) >= MOST_ROWS:
        lines.append(words("rows_cut", total=formats.number(len(frame))))
    elif len(frame) > MOST_ROWS_SHOWN:
        shown, total = formats.number(MOST_ROWS_SHOWN), formats.number(len(frame))
        lines.append(words("rows_shown", shown=shown, total=total))
    if lines:
        st.caption(" ".join(lines))


def _head(
    context: Context, name: str, title: str, question: str, frame: pd.DataFrame, columns: Sequence[Column]
) -> None:
    with st.container(key=f"head-{name}", horizontal=True, horizontal_alignment="distribute", vertical_alignment="top"):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"##### {title}")
            if question:
                st.caption(question)
        if not frame.empty:
            st.download_button(
                context.words("csv"),
                data=lambda: csv_of(context, frame, columns),
                file_name=f"{name}-{context.filters.span.last.isoformat()}.csv",
                mime="text/csv",
                key=f"csv-{name}",
                help=context.words("csv_help", title=title),
                on_click="ignore",
                type="tertiary",
                icon=":material/download:",
            )


def csv_of(context: Context, frame: pd.DataFrame, columns: Sequence[Column] = ()) -> bytes:
    """Rows as CSV under the names of the marts; in German with semicolon and decimal comma, as Excel reads it."""
    names = [column.name for column in columns] or list(frame.columns)
    german = context.words.language == "de"
    safe = frame[names].map(_harmless)
    text = safe.to_csv(index=False, sep=";" if german else ",", decimal="," if german else ".", date_format="%Y-%m-%d")
    return text.encode("utf-8-sig")


def _harmless(value: Any) -> Any:
    # A spreadsheet runs a cell that begins like a formula.
    if not isinstance(value, str):
        return value
    is_formula = value.startswith(("=", "+", "@", "\t", "\r")) or (value.startswith("-") and not value[1:2].isdigit())
    return f"'{value}" if is_formula else value


def _kind(context: Context, column: Column) -> Kind:
    return column.kind or kind_of(column.name, context.definitions.of(column.mart, column.name).unit)


def _label(context: Context, column: Column) -> str:
    return column.label or context.words.column(column.name)


def _written(context: Context, frame: pd.DataFrame, columns: Sequence[Column]) -> Any:
    """The frame with cells as the reader writes them; sorting still goes by the values."""
    written = frame[[column.name for column in columns]].copy()
    writers: dict[Any, Any] = {}
    for column in columns:
        if column.show is not None:
            written[column.name] = [
                NOTHING if is_missing(value) else column.show(value) for value in frame[column.name]
            ]
        elif is_bool_dtype(written[column.name]) or (
            _kind(context, column) == "text" and not is_numeric_dtype(written[column.name])
        ):
            written[column.name] = [_word(context, value) for value in frame[column.name]]
        else:
            writers[column.name] = _writer(context, _kind(context, column))
    return written.style.format(writers)


def _writer(context: Context, kind: Kind) -> Callable[[Any], str]:
    return lambda value: context.words.formats.value(value, kind)


def _word(context: Context, value: Any) -> str:
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return context.words.formats.value(bool(value), "yes_no")
    return NOTHING if is_missing(value) else context.words.of_value(value)


def _headings(context: Context, columns: Sequence[Column]) -> dict[Any, Any]:
    return {
        column.name: st.column_config.Column(
            _label(context, column),
            help=context.definitions.of(column.mart, column.name).help(context.words) if column.mart else None,
            width=column.width,
        )
        for column in columns
    }
