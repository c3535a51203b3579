"""Days, weeks and months of a chart: their labels, which of them are cut, and bars against the days before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import altair as alt
import pandas as pd

from prohandel.dashboard import charts
from prohandel.dashboard.filters import Span
from prohandel.dashboard.formats import Kind
from prohandel.dashboard.sql.sales_analysis import Grain, days_in
from prohandel.dashboard.words import Words

_DAYS_BY_DAY = 45
_DAYS_BY_WEEK = 200
_PALE = 0.4


def grain_of(span: Span) -> Grain:
    """The grain in which a span is read best."""
    return "day" if span.days <= _DAYS_BY_DAY else "week" if span.days <= _DAYS_BY_WEEK else "month"


def named(frame: pd.DataFrame, grain: Grain, span: Span, words: Words) -> pd.DataFrame:
    """The frame with the label of each period, whether the span cuts it, and how many of its days count.

    Args:
        frame: with period_start, the first day of a whole day, week or month.
        grain: of the periods.
        span: the days that were asked for.
        words: language.
    """
    starts = [pd.Timestamp(start).date() for start in frame["period_start"]]
    inside = [_days_inside(start, grain, span) for start in starts]
    whole = [days_in(start, grain) for start in starts]
    return frame.assign(
        label=[label_of(start, grain, words) for start in starts],
        is_partial=[here < days for here, days in zip(inside, whole, strict=True)],
        days_inside=[
            words("days_of", number=here, days=days) if here < days else words("whole")
            for here, days in zip(inside, whole, strict=True)
        ],
    )


def _days_inside(start: date, grain: Grain, span: Span) -> int:
    end = start + timedelta(days=days_in(start, grain) - 1)
    return (min(end, span.last) - max(start, span.first)).days + 1


def label_of(start: date, grain: Grain, words: Words) -> str:
    """A day, KW 9/26 or Feb. 2026."""
    if grain == "month":
        return words.formats.month(start)
    if grain == "week":
        return f"{words.formats.week(start)}/{start.isocalendar().year % 100:02d}"
    return words.formats.day(start, weekday=True)


def day_by_day(
    frame: pd.DataFrame, words: Words, *, value: str, title: str, kind: Kind, names: tuple[str, str], height: int = 300
) -> Any:
    """Two lines over days: the value, and the same of the days before. Arguments as of `against`."""
    sides = ((value, names[0]), (f"{value}_before", names[1]))
    long = pd.concat([
        pd.DataFrame({"date_day": frame["period_start"], "amount": pd.to_numeric(frame[column]), "side": side})
        for column, side in sides
    ])  # fmt: skip
    return charts.lines(
        long.dropna(subset=["amount"]), words, x="date_day", y="amount", series="side", title=title, kind=kind,
        order=names, colors=(charts.BLUE, charts.GREY), from_zero=kind != "percent", height=height,
    )  # fmt: skip


def against(
    frame: pd.DataFrame, words: Words, *, value: str, title: str, kind: Kind, names: tuple[str, str], height: int = 300
) -> Any:
    """Bars of periods, pale where a period is cut, with a line across for what they are compared with.

    Args:
        frame: as of `named`, with the value and its `_before`.
        words: language.
        value: column.
        title: of the value axis, with its unit.
        kind: how values are written.
        names: in the legend: of the bars, of the lines across.
        height: pixels.
    """
    order = frame["label"].tolist()
    sides = [(value, names[0]), (f"{value}_before", names[1])]
    long = pd.concat(
        [frame.assign(amount=pd.to_numeric(frame[column]), side=name) for column, name in sides], ignore_index=True
    )
    written = charts.number_format(kind)
    color = alt.Color("side:N", sort=list(names), scale=alt.Scale(domain=list(names), range=[charts.BLUE, charts.GREY]))
    axis = alt.Axis(title=None, grid=False, labelAngle=0, labelOverlap="greedy", labelPadding=6)
    base = alt.Chart(height=height).encode(
        x=alt.X("label:N", sort=order, axis=axis),
        y=alt.Y("amount:Q", axis=charts.value_axis(title, kind)),
        color=color,
        tooltip=[
            alt.Tooltip("label:N", title=words("period")),
            alt.Tooltip("side:N", title=" "),
            alt.Tooltip("amount:Q", title=title, format=written),
            alt.Tooltip("days_inside:N", title=words("counted")),
        ],
    )
    # A layer without a mark has no name for a screen reader.
    bars = base.transform_filter(alt.datum.side == names[0]).mark_bar(cornerRadiusEnd=2).encode(
        opacity=alt.OpacityValue(**alt.condition("datum.is_partial", alt.value(_PALE), alt.value(1.0)))
    )  # fmt: skip
    ticks = base.transform_filter(alt.datum.side == names[1]).mark_tick(thickness=3, bandSize=22, orient="horizontal")
    layers = [bars] + [ticks] * bool(frame[f"{value}_before"].notna().any())
    return alt.layer(*layers, data=long)


def by_part(
    frame: pd.DataFrame, words: Words, *, value: str, title: str, kind: Kind, order: list[str], height: int = 320
) -> Any:
    """Lines of parts over periods, with hollow points where a period is cut.

    Args:
        frame: as of `named`, with name of the part and value.
        words: language.
        value: column.
        title: of the value axis, with its unit.
        kind: how values are written.
        order: names in the order of the legend, five at most.
        height: pixels.
    """
    labels = frame.sort_values("period_start")["label"].drop_duplicates().tolist()
    axis = alt.Axis(title=None, grid=False, labelAngle=0, labelOverlap="greedy", labelPadding=6)
    base = alt.Chart(height=height).encode(
        x=alt.X("label:N", sort=labels, axis=axis),
        y=alt.Y(f"{value}:Q", axis=charts.value_axis(title, kind), scale=alt.Scale(zero=False, nice=True)),
        color=alt.Color("name:N", sort=order, scale=alt.Scale(domain=order, range=list(charts.SERIES[: len(order)]))),
        tooltip=[
            alt.Tooltip("label:N", title=words("period")),
            alt.Tooltip("name:N", title=" "),
            alt.Tooltip(f"{value}:Q", title=title, format=charts.number_format(kind)),
            alt.Tooltip("days_inside:N", title=words("counted")),
        ],
    )
    line = base.mark_line(strokeWidth=2)
    whole = base.transform_filter("!datum.is_partial").mark_point(size=45, filled=True, opacity=1)
    cut = base.transform_filter("datum.is_partial").mark_point(size=45, filled=False, strokeWidth=2)
    layers = [line] + [whole] * bool((~frame["is_partial"]).any()) + [cut] * bool(frame["is_partial"].any())
    return alt.layer(*layers, data=frame)
