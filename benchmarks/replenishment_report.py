"""Writes what the closed loop measured as a Markdown table and a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]

_NAMES = {
    "min_max": "min/max by four-week average",
    "normal": "textbook normal formula",
    "ours_one_level": "our forecast, one service level for all",
    "ours": "our forecast, service level per article",
    "process_known": "process known, service level per article",
}
_COLOURS = {
    "min_max": "#9c9c9c",
    "normal": "#efb118",
    "ours_one_level": "#6cc5b0",
    "ours": "#4269d0",
    "process_known": "#3ca951",
}
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 400, 70, 80, 20
_TICKS = (0.7, 0.8, 0.9, 0.95, 0.98, 0.99)


def write(runs: Sequence[Row], rows: Sequence[Row], folder: Path) -> list[Path]:
    """Writes value.md and value.svg into a folder; returns the files."""
    table, plot = folder / "value.md", folder / "value.svg"
    table.write_text(markdown(runs, rows), encoding="utf-8")
    plot.write_text(svg(runs), encoding="utf-8")
    return [table, plot]


def markdown(runs: Sequence[Row], rows: Sequence[Row]) -> str:
    """The report: ours at each target, then where the difference comes from."""
    articles = {int(each["articles"]) for each in runs}
    parts = [
        "# What a service costs in stock",
        f"`python -m benchmarks.replenishment_value`: {' and '.join(f'{each * 10:,}' for each in sorted(articles))} "
        "pairs of never-out-of-stock articles and branches, forecast and order every week, stochastic lead times, lost "
        "sales; 52 weeks count, after two years of history and eight weeks of settling. Service is the share of units "
        "asked for that were sold; stock value is the mean of the days, at cost. Another policy's stock at the same "
        "service is read off its curve, which is swept over its own safety parameter.",
        "![Stock value by service](value.svg)",
        "## Ours against both, at the same achieved service",
        _table(
            ["seed", "target", "reached", "pairs below 80 %", "stock", "less than min/max", "less than normal formula"],
            [_cells(each) for each in rows if each["policy"] == "ours"],
        ),
        f"{_within_a_point(rows)} Mean over seeds and targets: {_mean(rows, 'ours', 'min_max')} less than min/max, "
        f"{_mean(rows, 'ours', 'normal')} less than the normal formula.",
        "## Where it comes from",
        _table(
            ["policy", "service", "less than min/max", "less than the normal formula"],
            [
                [title, measured, _mean(rows, name, "min_max"), _mean(rows, name, "normal")]
                for name, title, measured in (
                    ("ours_one_level", "our forecast, one cycle service for all pairs", "by units"),
                    ("ours", "our forecast, service level per article", "by units"),
                    ("ours_by_revenue", "the same, service by revenue", "by revenue"),
                    ("process_known", "the process itself in place of a forecast", "by units"),
                )
            ],
        ),
        "The last row is the floor: what is left when only customers' and suppliers' chance is unknown.",
        "## All runs",
        _table(
            [
                "seed",
                "policy",
                "parameter",
                "by units",
                "by revenue",
                "cycles without a loss",
                "pairs below 80 %",
                "stock",
            ],
            [
                [
                    str(each["seed"]),
                    str(each["policy"]),
                    str(each["parameter"]),
                    *(
                        _percent(each[key])
                        for key in ("fill_rate", "revenue_fill_rate", "cycle_service", "pairs_below")
                    ),
                    f"{each['stock_value']:,.0f}",
                ]
                for each in runs
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _within_a_point(rows: Sequence[Row]) -> str:
    ours = [abs(float(each["service"]) - float(each["parameter"])) for each in rows if each["policy"] == "ours"]
    return f"{sum(gap <= 0.01 for gap in ours)} of {len(ours)} targets are reached within a point."


def _cells(row: Row) -> list[str]:
    saved = (row["saved_against_min_max"], row["saved_against_normal"])
    reached = f"{row['service']:.1%}".replace("%", " %")
    return [
        str(row["seed"]),
        _percent(row["parameter"]),
        reached,
        _percent(row["pairs_below"]),
        f"{row['stock_value']:,.0f}",
        *("-" if each is None else _percent(each) for each in saved),
    ]


def _mean(rows: Sequence[Row], policy: str, other: str) -> str:
    saved = [each[f"saved_against_{other}"] for each in rows if each["policy"] == policy]
    known = [float(each) for each in saved if each is not None]
    return _percent(sum(known) / len(known)) if known else "-"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def svg(runs: Sequence[Row]) -> str:
    """Stock value over service, a line per policy: means over seeds, stock in shares of the normal formula's at 0.9."""
    curves = {name: _curve(runs, name) for name in _NAMES}
    most = max((stock for curve in curves.values() for _, stock in curve), default=1.0) * 1.05
    low, high = -log(1 - _TICKS[0]), -log(1 - 0.995)

    def x(service: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 15) * (-log(max(1e-4, 1 - service)) - low) / (high - low)

    def y(stock: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * stock / most

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        "<title>Stock value by service</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for service in _TICKS:
        parts.append(f'<line x1="{x(service):.1f}" x2="{x(service):.1f}" y1="{_TOP}" y2="{y(0):.1f}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{x(service):.1f}" y="{y(0) + 16:.1f}" text-anchor="middle">{service * 100:.0f} %</text>'
        )
    step = 0.5 if most < 4 else 1.0
    for tick in range(int(most / step) + 1):
        height = y(tick * step)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 15}" y1="{height:.1f}" y2="{height:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{tick * step * 100:.0f} %</text>')
    for place, (name, curve) in enumerate(curves.items()):
        shown = [(service, stock) for service, stock in curve if service >= _TICKS[0]]
        line = " ".join(f"{x(service):.1f},{y(stock):.1f}" for service, stock in shown)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{_COLOURS[name]}" stroke-width="2"/>')
        for service, stock in shown:
            parts.append(
                f'<circle cx="{x(service):.1f}" cy="{y(stock):.1f}" r="3" fill="{_COLOURS[name]}">'
                f"<title>{_NAMES[name]}: {_percent(service)} served, {_percent(stock)} stock</title></circle>"
            )
        left = _LEFT + (place % 2) * 285
        top = _HEIGHT - 48 + (place // 2) * 15
        parts.append(f'<rect x="{left}" y="{top - 9}" width="10" height="10" fill="{_COLOURS[name]}"/>')
        parts.append(f'<text x="{left + 14}" y="{top}">{_NAMES[name]}</text>')
    parts.append(
        f'<text x="{_LEFT}" y="{_TOP - 6}">stock value by share of units served '
        "(100 %: normal formula at a cycle service of 90 %)</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _curve(runs: Sequence[Row], name: str) -> list[tuple[float, float]]:
    """Means over seeds of (service, stock as a share of the normal formula's at 0.9), by service."""
    base = {each["seed"]: float(each["stock_value"]) for each in runs if _is_base(each)}
    points: dict[float, list[tuple[float, float]]] = {}
    for each in runs:
        if each["policy"] == name and each["seed"] in base:
            of_run = (float(each["fill_rate"]), float(each["stock_value"]) / base[each["seed"]])
            points.setdefault(float(each["parameter"]), []).append(of_run)
    means = [tuple(sum(values) / len(values) for values in zip(*each, strict=True)) for each in points.values()]
    return sorted((service, stock) for service, stock in means)


def _is_base(run: Row) -> bool:
    return bool(run["policy"] == "normal" and run["parameter"] == 0.9)
