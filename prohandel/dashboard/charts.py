"""Charts: Altair, colours that a colour-blind reader can tell apart on a light and a dark page, axes with units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
from altair.utils import schemapi

from prohandel.dashboard.words import Words

BLUE, ORANGE, TEAL, VIOLET, RED, GREY = "#2F78C4", "#D06A0A", "#148F7C", "#9567C4", "#D1495B", "#7F848C"
"""Each stands out from both page colours by 3:1 at least. Red is for what is bad, grey for what it is compared with."""

SERIES = (BLUE, ORANGE, TEAL, VIOLET, GREY, RED)
TEXT = "currentColor"
"""The page's own text colour, light or dark; for text marks in charts that are drawn as SVG."""

AGES = ("#8DB9E8", "#5B9BDB", "#2F78C4", "#D9A05B", "#D06A0A", "#7F848C")

HEIGHT = 280

# Altair would check every part of a chart when it is made, and again in each chart that takes it in.
schemapi.disable_debug_mode()

CHECKED = False
"""Is a chart held against Vega-Lite's schema before it is drawn? Tests turn it on: it takes longer than the drawing."""

_NUMBER = {"money": ",.0f", "units": ",.0f", "count": ",.0f", "days": ",.0f", "percent": ".1%", "factor": ",.2f",
           "units_exact": ",.1f"}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A finished chart as Streamlit asks for it.

    Attributes:
        chart: of Altair.
    """

    chart: Any

    def to_dict(self) -> dict[str, Any]:
        """The chart in Vega-Lite."""
        found: dict[str, Any] = self.chart.to_dict(validate=CHECKED)
        return found


def number_format(kind: str) -> str:
    """d3's format of a kind of number."""
    return _NUMBER.get(kind, ",.0f")


def finished(chart: alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart, words: Words) -> Any:
    """A chart with the numbers and dates of the reader's language and quiet axes."""
    # Neither on a copy nor by configure_axis and its like: each of them takes longer than drawing the chart.
    chart.config = {
        "locale": words.formats.vega_locale(),
        "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titlePadding": 8,
                 "domain": False, "ticks": False, "labelLimit": 190},
        "view": {"strokeWidth": 0},
        "legend": {"orient": "top", "title": None, "labelFontSize": 12, "symbolSize": 90, "labelLimit": 220,
                   "columns": 4},
    }  # fmt: skip
    return Drawn(chart)


def day_axis(words: Words, days: int, title: str | None = None) -> alt.Axis:
    """Days on the x axis; months where there are many of them."""
    by_day, by_month = ("%d.%m.", "%b %y") if words.language == "de" else ("%-d %b", "%b %Y")
    pattern = by_day if days <= 120 else by_month
    return alt.Axis(title=title, format=pattern, grid=False, tickCount=6, labelFlush=True, labelOverlap="greedy")


def value_axis(title: str | None, kind: str) -> alt.Axis:
    """Numbers on the y axis, few grid lines."""
    short = ".0%" if kind == "percent" else number_format(kind)
    return alt.Axis(title=title, format=short, tickCount=5, gridOpacity=0.35, titleAnchor="end", titleAlign="left",
                    titleAngle=0, titleX=0, titleY=-12) if title else alt.Axis(
        title=None, format=short, tickCount=5, gridOpacity=0.35
    )  # fmt: skip


def lines(
    frame: pd.DataFrame,
    words: Words,
    *,
    x: str,
    y: str,
    series: str | None,
    title: str,
    kind: str,
    order: Sequence[str] | None = None,
    colors: Sequence[str] = SERIES,
    from_zero: bool = True,
    height: int = HEIGHT,
) -> Any:
    """Lines over days, with a rule and the values at the pointer.

    Args:
        frame: rows with a day, a value and, where there are several lines, the name of the line.
        words: language.
        x: column of days.
        y: column of values.
        series: column of names; None for one line.
        title: of the value axis, with its unit.
        kind: how values are written.
        order: names in the order of the legend.
        colors: in that order.
        from_zero: does the axis begin at zero?
        height: pixels.
    """
    days = int((frame[x].max() - frame[x].min()).days) + 1 if len(frame) else 1
    color = (
        alt.Color(f"{series}:N", sort=order, scale=alt.Scale(domain=order, range=list(colors)[: len(order)]))
        if series and order
        else alt.value(colors[0])
    )
    base = alt.Chart(height=height).encode(
        x=alt.X(f"{x}:T", axis=day_axis(words, days)),
        y=alt.Y(f"{y}:Q", axis=value_axis(title, kind), scale=alt.Scale(zero=from_zero, nice=True)),
    )
    tooltips = [alt.Tooltip(f"{x}:T", title=words.column("date_day"), format="%d.%m.%Y")]
    tooltips += [alt.Tooltip(f"{series}:N", title=" ")] if series else []
    tooltips += [alt.Tooltip(f"{y}:Q", title=title, format=number_format(kind))]
    near = alt.selection_point(nearest=True, on="pointerover", encodings=["x"], empty=False, clear="pointerout")
    line = base.mark_line(strokeWidth=2, interpolate="linear").encode(color=color)
    points = base.mark_circle(size=70).encode(
        color=color, opacity=alt.OpacityValue(**alt.condition(near, alt.value(1), alt.value(0))), tooltip=tooltips
    )
    # The data stand in the whole alone: Altair writes those of a part out as text to tell parts apart.
    return alt.layer(line, points.add_params(near), data=frame)


def bars(
    frame: pd.DataFrame,
    *,
    category: str,
    value: str,
    title: str,
    kind: str,
    tooltip: Sequence[alt.Tooltip] = (),
    color: str | alt.Color = BLUE,
    row_height: int = 26,
) -> Any:
    """Horizontal bars in the order of the frame, for things with names."""
    names = list(dict.fromkeys(frame[category].tolist()))
    return alt.Chart(frame, height=max(80, row_height * len(names) + 40)).mark_bar(cornerRadiusEnd=2).encode(
        y=alt.Y(f"{category}:N", sort=names, axis=alt.Axis(title=None, grid=False, labelPadding=6, labelOverlap=False)),
        x=alt.X(f"{value}:Q", axis=alt.Axis(title=title, format=".0%" if kind == "percent" else number_format(kind),
                                            tickCount=5, gridOpacity=0.35)),
        color=color if isinstance(color, alt.Color) else alt.value(color),
        tooltip=list(tooltip) or [alt.Tooltip(f"{category}:N", title=" "),
                                  alt.Tooltip(f"{value}:Q", title=title, format=number_format(kind))],
    )  # fmt: skip
