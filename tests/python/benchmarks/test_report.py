"""The report extrapolates by straight lines, and by pairs what both sizes have the same of."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.report import Line, markdown


def run(wall: float) -> dict[str, Any]:
    figures = dict.fromkeys(("server_cpu", "client_cpu", "rows", "wal", "models", "tests", "server_peak"), 1)
    return {**figures, "wall": wall, "slowest": []}


def result(size: str, lines: int, articles: int, full: float, hour: float) -> dict[str, Any]:
    return {
        "size": size,
        "lines": lines,
        "articles": articles,
        "branches": 50,
        "machine": dict.fromkeys(("cores", "processor", "memory", "system", "postgresql", "python"), "?"),
        "full": {**run(full), "server_cpu_of_floor_marts": full},
        "floor": {"wall": full / 2, "server_cpu": 1},
        "hours": [run(hour)],
        "unchanged": run(1),
        "new_day": run(2 * hour),
        "nightly": run(full),
        "bytes": {"landed": lines * 2**10},
    }


def test_larger_retailers_lie_on_the_line_through_two_sizes() -> None:
    small = result("100k", 100_000, 8_000, full=160, hour=90)
    large = result("1M", 1_000_000, 8_000, full=250, hour=101)
    (row,) = (line for line in markdown([small, large]).splitlines() if line.startswith("| 1,000,000,000 lines"))
    # Full builds: 150 s and 100 s per million lines. Hours: 1 s of dbt, and 100 s for 400,000 of the 100 million pairs.
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:] == ["954 GB", "27.8 h", "417 min", "838 min", "27.8 h"]


def test_one_size_alone_says_nothing_of_larger_ones() -> None:
    assert "Past this machine" not in markdown([result("1M", 1_000_000, 8_000, full=250, hour=100)])


def test_a_cost_never_falls() -> None:
    assert Line.through((1, 10), (2, 8)).at(100) == pytest.approx(8)
