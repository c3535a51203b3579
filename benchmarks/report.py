"""Writes what was measured as a Markdown table and a plot, from the JSON of each size."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any

GOALS = {
    "full build / floor": 2.0,
    "models of the floor's marts / floor, processor time of the server": 2.0,
    "hour / full build": 0.05,
    "new day / full build": 0.20,
    "hour at 10M / hour at 1M": 1.3,
    "hour / hour without data quality": 1.25,
    "hour / hour without data quality, processor time": 1.25,
    "hour with Elementary instead / hour without data quality": 1.25,
    "hour with Elementary instead / hour without data quality, processor time": 1.25,
}
LARGER = ((10_000_000, 50, 20_000), (100_000_000, 200, 50_000), (1_000_000_000, 1_000, 100_000))
"""Lines of two years, branches and articles of the retailers that costs are extrapolated to."""
_RUNS = (("full", "full build"), ("hour", "hour"), ("unchanged", "unchanged hour"), ("new_day", "first run of a day"))


def results(folder: Path) -> list[dict[str, Any]]:
    """What was measured, by size ascending."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    return sorted((entry for entry in found if "lines" in entry), key=lambda entry: int(entry["lines"]))


def write(folder: Path) -> list[Path]:
    """Writes README.md and runs.svg into the folder of the results; returns the files."""
    found = results(folder)
    if not found:
        return []
    table, plot = folder / "README.md", folder / "runs.svg"
    table.write_text(markdown(found), encoding="utf-8")
    plot.write_text(svg(found), encoding="utf-8")
    return [table, plot]


def _hour(entry: Mapping[str, Any], key: str, kind: str = "hours") -> float:
    """The figure of the median hour of a kind."""
    values = sorted(float(hour[key]) for hour in entry[kind])
    return values[len(values) // 2]


def _processor(entry: Mapping[str, Any], kind: str) -> float:
    """Seconds of dbt and of the server in the median hour of a kind."""
    return _hour(entry, "client_cpu", kind) + _hour(entry, "server_cpu", kind)


def _run(entry: Mapping[str, Any], run: str) -> dict[str, float]:
    keys = ("wall", "server_cpu", "client_cpu", "rows", "wal", "models", "tests")
    if run == "hour":
        return {key: _hour(entry, key) for key in keys}
    return {key: float(entry[run][key]) for key in keys}


def ratios(found: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The ratios that the goals are set for, by size."""
    by_size: dict[str, dict[str, float]] = {}
    walls = {entry["size"]: _hour(entry, "wall") for entry in found}
    for entry in found:
        full = float(entry["full"]["wall"])
        of_size = {
            "full build / floor": full / float(entry["floor"]["wall"]),
            "models of the floor's marts / floor, processor time of the server": float(
                entry["full"]["server_cpu_of_floor_marts"]
            )
            / float(entry["floor"]["server_cpu"]),
            "hour / full build": _hour(entry, "wall") / full,
            "new day / full build": float(entry["new_day"]["wall"]) / full,
        }
        if "hours_without_quality" in entry:
            without = _hour(entry, "wall", "hours_without_quality")
            of_size["hour / hour without data quality"] = _hour(entry, "wall") / without
            of_size["hour / hour without data quality, processor time"] = _processor(entry, "hours") / _processor(
                entry, "hours_without_quality"
            )
            if "hours_with_elementary" in entry:
                with_elementary = _hour(entry, "wall", "hours_with_elementary")
                of_size["hour with Elementary instead / hour without data quality"] = with_elementary / without
                of_size["hour with Elementary instead / hour without data quality, processor time"] = _processor(
                    entry, "hours_with_elementary"
                ) / _processor(entry, "hours_without_quality")
        if entry["size"] == "10M" and "1M" in walls:
            of_size["hour at 10M / hour at 1M"] = walls["10M"] / walls["1M"]
        by_size[entry["size"]] = of_size
    return by_size


def markdown(found: Sequence[Mapping[str, Any]]) -> str:
    """The report: machine, runs, ratios, disk, slowest nodes."""
    machine = found[-1]["machine"]
    parts = [
        "# Benchmarks",
        "Written by `make benchmark`; [what is measured and how](../../benchmarks/README.md).",
        f"Machine: {machine['cores']} cores of {machine['processor']}, {machine['memory']}, {machine['system']}, "
        f"PostgreSQL {machine['postgresql']}, Python {machine['python']}.",
        "![Seconds of each run by size](runs.svg)",
        "## Runs",
        _runs_table(found),
        "Seconds are wall time; server and dbt are processor seconds of PostgreSQL and of dbt. An hour lands "
        "2,000 new lines, 50 corrected lines and 3,000 changes of stock; its figures are those of the median of "
        + ", ".join(f"{len(entry['hours'])} at {entry['size']}" for entry in found)
        + ".",
        "## Goals",
        _goals_table(found),
        "## Disk",
        _disk_table(found),
        *_past_this_machine(found),
        "## Slowest nodes",
        *(_slowest(entry) for entry in found),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _runs_table(found: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for entry in found:
        for run, title in (*_RUNS, ("nightly", "night")):
            figures = _run(entry, run)
            peak = entry["full"]["server_peak"] if run == "full" else 0
            rows.append(
                [
                    f"{entry['size']}: {title}",
                    f"{figures['wall']:,.0f}",
                    f"{figures['server_cpu']:,.0f}",
                    f"{figures['client_cpu']:,.0f}",
                    f"{figures['rows']:,.0f}",
                    f"{figures['wal'] / 2**20:,.0f}",
                    f"{figures['models']:.0f}",
                    f"{figures['tests']:.0f}",
                    f"{peak / 2**20:,.0f}" if peak else "",
                ]
            )
        floor = entry["floor"]
        rows.append([f"{entry['size']}: floor", f"{floor['wall']:,.0f}", f"{floor['server_cpu']:,.0f}", *([""] * 6)])
    head = ["run", "seconds", "server", "dbt", "rows written", "WAL MB", "models", "tests", "peak memory MB"]
    return _table(head, rows)


def _goals_table(found: Sequence[Mapping[str, Any]]) -> str:
    by_size = ratios(found)
    rows = []
    for goal, limit in GOALS.items():
        values = [by_size[entry["size"]].get(goal) for entry in found]
        rows.append([goal, f"{limit:g}", *("" if value is None else f"{value:.3f}" for value in values)])
    return _table(["ratio", "goal", *(entry["size"] for entry in found)], rows)


def _disk_table(found: Sequence[Mapping[str, Any]]) -> str:
    named = {layer for entry in found for layer in entry["bytes"]}
    layers = sorted(named, key=lambda layer: (layer != "landed", layer))
    rows = [
        [layer, *(f"{entry['bytes'].get(layer, 0) / 2**20:,.0f} MB" for entry in found)]
        for layer in layers
        if any(entry["bytes"].get(layer, 0) > 2**20 for entry in found)
    ]
    return _table(["schema", *(entry["size"] for entry in found)], rows)


def _past_this_machine(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Costs of larger retailers, from the straight line through the two largest sizes; nothing for a single size."""
    if len(found) < 2:
        return []
    small, large = found[-2:]

    def pairs(entry: Mapping[str, Any]) -> float:
        return float(entry["branches"]) * float(entry["articles"])

    def line(driver: Callable[[Mapping[str, Any]], float], cost: Callable[[Mapping[str, Any]], float]) -> Line:
        return Line.through((driver(small), cost(small)), (driver(large), cost(large)))

    def lines(entry: Mapping[str, Any]) -> float:
        return float(entry["lines"])

    def by_pairs(run: str) -> Line:
        """dbt's own share stays, all else grows with the pairs: both sizes have as many, so no more can be said."""
        figures = _run(large, run)
        return Line(figures["client_cpu"], (figures["wall"] - figures["client_cpu"]) / pairs(large))

    disk = line(lines, lambda entry: float(sum(entry["bytes"].values())))
    full = line(lines, lambda entry: float(entry["full"]["wall"]))
    hour = by_pairs("hour")
    day = by_pairs("new_day")
    night = line(lines, lambda entry: float(entry["nightly"]["wall"]))
    rows = []
    for count, branches, articles in LARGER:
        of_pairs = branches * articles
        rows.append(
            [
                f"{count:,} lines, {branches:,} branches, {articles:,} articles",
                f"{disk.at(count) / 2**30:,.0f} GB",
                f"{full.at(count) / 3600:,.1f} h",
                f"{hour.at(of_pairs) / 60:,.0f} min",
                f"{day.at(of_pairs) / 60:,.0f} min",
                f"{night.at(count) / 3600:,.1f} h",
            ]
        )
    return [
        "## Past this machine",
        _table(["retailer", "disk", "full build", "hour", "first run of a day", "night"], rows),
        f"Straight lines through {small['size']} and {large['size']} on this machine: disk, full build and night by "
        f"lines sold. An hour and a new day: dbt's own time as at {large['size']}, the rest by pairs of branch and "
        "article. "
        "[Which engine takes over where](../../benchmarks/README.md#past-one-machine).",
    ]


@dataclass(frozen=True)
class Line:
    """A cost that is fixed and one that grows with a driver."""

    fixed: float
    slope: float

    @classmethod
    def through(cls, first: tuple[float, float], second: tuple[float, float]) -> Line:
        """The line through two points (driver, cost); never one that falls."""
        slope = max(0.0, (second[1] - first[1]) / (second[0] - first[0]))
        return cls(max(0.0, second[1] - slope * second[0]), slope)

    def at(self, driver: float) -> float:
        """The cost there."""
        return self.fixed + self.slope * driver


def _slowest(entry: Mapping[str, Any]) -> str:
    hour = sorted(entry["hours"], key=lambda each: float(each["wall"]))[len(entry["hours"]) // 2]
    lists = [entry["full"]["slowest"][:10], hour["slowest"][:10], entry["new_day"]["slowest"][:10]]
    cells = [[f"{node['name']} {max(node['server_cpu'], 0):.1f}" for node in nodes] for nodes in lists]
    rows = [[str(place), *row] for place, row in enumerate(zip(*cells, strict=True), start=1)]
    table = _table([entry["size"], "full build", "hour", "first run of a day"], rows)
    return f"{table}\n\nProcessor seconds of the server."


_COLOURS = {"full": "#4269d0", "new_day": "#efb118", "hour": "#ff725c", "unchanged": "#9c9c9c", "floor": "#3ca951"}
_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 360, 60, 30


def svg(found: Sequence[Mapping[str, Any]]) -> str:
    """Bars of each run's seconds by size, on a logarithmic scale."""
    runs = [*_RUNS, ("floor", "floor")]
    seconds = {
        (entry["size"], run): float(entry["floor"]["wall"]) if run == "floor" else _run(entry, run)["wall"]
        for entry in found
        for run, _ in runs
    }
    top = 1
    while 10**top < max(seconds.values()):
        top += 1
    plot_height = _HEIGHT - 2 * _TOP - 20

    def height(value: float) -> float:
        return plot_height * max(0.0, log10(max(value, 1))) / top

    base = _TOP + plot_height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        "<title>Seconds of each run by size</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for power in range(top + 1):
        y = base - plot_height * power / top
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{10**power:,} s</text>')
    group = (_WIDTH - _LEFT - 10) / len(found)
    bar = group * 0.8 / len(runs)
    for i, entry in enumerate(found):
        for j, (run, title) in enumerate(runs):
            value = seconds[entry["size"], run]
            x = _LEFT + i * group + group * 0.1 + j * bar
            tall = height(value)
            parts.append(
                f'<rect x="{x:.1f}" y="{base - tall:.1f}" width="{bar - 2:.1f}" height="{tall:.1f}" '
                f'fill="{_COLOURS[run]}"><title>{title} at {entry["size"]}: {value:,.0f} s</title></rect>'
            )
            parts.append(
                f'<text x="{x + bar / 2 - 1:.1f}" y="{base - tall - 3:.1f}" text-anchor="middle" font-size="10">'
                f"{value:,.0f}</text>"
            )
        middle = _LEFT + (i + 0.5) * group
        parts.append(f'<text x="{middle:.0f}" y="{base + 16:.0f}" text-anchor="middle">{entry["size"]} lines</text>')
    for j, (run, title) in enumerate(runs):
        x = _LEFT + j * (_WIDTH - _LEFT) / len(runs)
        parts.append(f'<rect x="{x:.0f}" y="{_HEIGHT - 18}" width="10" height="10" fill="{_COLOURS[run]}"/>')
        parts.append(f'<text x="{x + 14:.0f}" y="{_HEIGHT - 9}">{title}</text>')
    return "\n".join([*parts, "</svg>", ""])
