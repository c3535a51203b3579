"""The picture of an explained forecast: what was sold, when there was no stock, what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from prohandel.errors import ProhandelError
from prohandel.forecast.explain import Explanation

_WIDTH, _HEIGHT = 960, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 16, 44, 40
_SOLD, _EXPECTED, _EMPTY, _INK = "#4c78a8", "#d1600f", "#d9d9d9", "#333333"


def write_plot(explained: Explanation, path: Path) -> None:
    """Writes an SVG, or an HTML page with it and the words of the order.

    Raises:
        ProhandelError: another kind of file is asked for, or it cannot be written.
    """
    picture = svg(explained)
    if path.suffix == ".html":
        reason = escape(str(explained.order.get("reason") or ""))
        title = escape(_title(explained))
        text = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
            f'<body style="font-family:sans-serif;max-width:{_WIDTH}px;margin:2em auto">\n{picture}<p>{reason}</p>\n'
            "</body></html>\n"
        )
    elif path.suffix == ".svg":
        text = picture
    else:
        raise ProhandelError(f"{path} is neither an SVG nor an HTML file.", "Name it FILE.svg or FILE.html.")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProhandelError(f"{path} cannot be written: {error}", "Name a file in a folder that is there.") from error


def svg(explained: Explanation) -> str:
    """Sales as bars, days without full stock shaded, the mean as a line, its middle 60 % and 90 % as bands."""
    past, ahead = explained.history, explained.days
    count = len(past) + len(ahead)
    bands = [(low, high) for low, high in (("p05", "p95"), ("p20", "p80")) if low in explained.quantiles]
    tops = [units for _, units, _ in past] + explained.mean + [max(explained.quantiles[high]) for _, high in bands]
    most = max(1.0, *tops)
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, count)

    def x(place: float) -> float:
        return _LEFT + place * step

    def y(units: float) -> float:
        return _TOP + (1.0 - units / most) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12" fill="{_INK}" role="img"><title>{escape(_title(explained))}</title>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(_title(explained))}</text>',
    ]
    parts += [
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(units):.1f}" y2="{y(units):.1f}" stroke="#eeeeee"/>'
        f'<text x="{_LEFT - 6}" y="{y(units) + 4:.1f}" text-anchor="end">{units:g}</text>'
        for units in _ticks(most)
    ]
    for place, (_, units, share) in enumerate(past):
        if share < 1.0:
            parts.append(_box(x(place), _TOP, step, _HEIGHT - _TOP - _BOTTOM, _EMPTY, 1.0 - share))
        if units > 0:
            parts.append(_box(x(place), y(units), step * 0.85, y(0.0) - y(units), _SOLD, 1.0))
    first = len(past)
    for low, high in bands:
        there = [(x(first + place + 0.5), y(units)) for place, units in enumerate(explained.quantiles[high])]
        back = [(x(first + place + 0.5), y(units)) for place, units in enumerate(explained.quantiles[low])]
        parts.append(f'<polygon points="{_points([*there, *back[::-1]])}" fill="{_EXPECTED}" opacity="0.18"/>')
    line = [(x(first + place + 0.5), y(units)) for place, units in enumerate(explained.mean)]
    parts.append(f'<polyline points="{_points(line)}" fill="none" stroke="{_EXPECTED}" stroke-width="2"/>')
    if explained.model_mean:
        own = [(x(first + place + 0.5), y(units)) for place, units in enumerate(explained.model_mean)]
        parts.append(f'<polyline points="{_points(own)}" fill="none" stroke="{_EXPECTED}" stroke-dasharray="3 3"/>')
    marks = [(0, past[0][0])] if past else []
    for place, day in [*marks, (first, ahead[0]), (count - 1, ahead[-1])]:
        anchor = "end" if place == count - 1 else "start" if place == 0 else "middle"
        parts.append(f'<text x="{x(place):.1f}" y="{_HEIGHT - 18}" text-anchor="{anchor}">{day}</text>')
    words = "bars: units sold · grey: no full stock · line: expected a day"
    words += ", 60 % and 90 % of what may come" if bands else ""
    words += " · dashed: without overrides" if explained.model_mean else ""
    parts.append(f'<text x="{_LEFT}" y="36">{words}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _title(explained: Explanation) -> str:
    return f"Article {explained.article_number}, branch {explained.branch_number}: {explained.model}"


def _ticks(most: float) -> Sequence[float]:
    """Four or so round numbers from 0 on."""
    rough = most / 4
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough)
    return [float(tick) for tick in np.arange(0.0, most + 1e-9, step)]


def _box(left: float, top: float, width: float, height: float, colour: str, opacity: float) -> str:
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.2f}" height="{height:.1f}" fill="{colour}" '
        f'opacity="{opacity:.2f}"/>'
    )


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{left:.1f},{top:.1f}" for left, top in places)
