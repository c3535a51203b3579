"""The runs that are measured on a landing: a full build, hours, the first run of a new business day, a night."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import floor
from benchmarks.increments import land_hour
from benchmarks.landing import land
from benchmarks.measure import Measurement, bytes_by_layer, machine, measure_run, relations
from benchmarks.retailer import BEGIN, BERLIN, DAYS, LAST_HOUR, Retailer, Size
from prohandel import warehouse

SEED = 1
HOURS = 3
"""Hourly runs per size; their median counts."""

Say = Callable[[str], None]


def measure(size: Size, home: Path, say: Say) -> dict[str, Any]:
    """Everything that is measured at one size, as plain values; see README.md for what each means.

    Args:
        size: of the retailer.
        home: an empty folder for its warehouse; an existing landing there is used as it is.
        say: is told what is being done.
    """
    result: dict[str, Any] = {"size": size.label, "lines": size.lines, "articles": size.articles, "seed": SEED}
    with warehouse.connect(home, autocommit=True) as conn:
        result["machine"] = machine(conn)
        has_landed = conn.execute("select to_regclass('prohandel.inventory')").fetchall() != [(None,)]
        if not has_landed:
            started = time.perf_counter()
            result["landed_rows"] = land(conn, Retailer(size, SEED), home, lambda what: say(f"{size.label}: {what}"))
            result["landing_seconds"] = time.perf_counter() - started
    say(f"{size.label}: full build")
    result["full"] = _figures(measure_run(home, "--full-refresh"))
    with warehouse.connect(home, autocommit=True) as conn:
        conn.execute("vacuum analyze")
        tables = relations(conn)
        result["bytes"] = bytes_by_layer(tables)
        result["tables"] = [asdict(table) for table in tables[:25]]
    say(f"{size.label}: floor")
    result["floor"] = asdict(floor.measure(home))
    result["hours"] = []
    for hour in range(1, HOURS + 1):
        say(f"{size.label}: hour {hour}")
        result["hours"].append(_land_and_run(home, DAYS - 1, LAST_HOUR + hour))
    result["hour_wall"] = median(hour["wall"] for hour in result["hours"])
    say(f"{size.label}: unchanged hour")
    result["unchanged"] = _figures(measure_run(home))
    say(f"{size.label}: new day")
    result["new_day"] = _land_and_run(home, DAYS, 11)
    say(f"{size.label}: night")
    result["nightly"] = _figures(measure_run(home, "--nightly"))
    return result


def _land_and_run(home: Path, day: int, hour: int) -> dict[str, Any]:
    begin = datetime(BEGIN.year, BEGIN.month, BEGIN.day, tzinfo=BERLIN)
    with warehouse.connect(home, autocommit=True) as conn:
        landed = land_hour(conn, home, begin + timedelta(days=day, hours=hour), SEED)
    return {"landed": asdict(landed), **_figures(measure_run(home))}


def _figures(run: Measurement) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(run).items() if name != "nodes"},
        "rows": run.rows,
        "models": sum(node.kind in ("model", "seed", "snapshot") for node in run.nodes),
        "tests": sum(node.kind == "test" for node in run.nodes),
        "model_seconds": run.seconds_of("model", "seed", "snapshot"),
        "test_seconds": run.seconds_of("test"),
        "failed": [node.name for node in run.nodes if node.status in ("error", "fail", "runtime error", "skipped")],
        "slowest": [asdict(node) for node in run.slowest(20)],
    }


def write(result: dict[str, Any], folder: Path) -> Path:
    """Writes the result of a size as JSON; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['size']}.json"
    path.write_text(json.dumps(result, indent=1, default=str) + "\n", encoding="utf-8")
    return path
