"""The runs that are measured on a landing: a full build, hours, the first run of a new business day, a night."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import floor
from benchmarks.increments import land_hour
from benchmarks.landing import land
from benchmarks.measure import Measurement, Relation, bytes_by_layer, machine, measure_run, relations
from benchmarks.retailer import BEGIN, BERLIN, BRANCHES, DAYS, LAST_HOUR, Retailer, Size
from prohandel import warehouse
from prohandel.pipeline.target import PROJECT

SEED = 1
MOST_HOURS = 3
"""Hourly runs of each kind per size, so that all of them fall on one business day."""
_SPACING = timedelta(minutes=30)
"""Between hourly syncs."""
_NO_QUALITY = ("--exclude", "path:models/quality")
_ELEMENTARY = ("--vars", json.dumps({"elementary_enabled": True}), *_NO_QUALITY)

Say = Callable[[str], None]


def measure(size: Size, home: Path, say: Say, count: int = MOST_HOURS) -> dict[str, Any]:
    """Everything that is measured at one size, as plain values; see README.md for what each means.

    What has been measured is kept in the home after each run, so that hours of work go on where they were stopped, as
    long as models, macros and seeds are the same.

    Args:
        size: of the retailer.
        home: an empty folder for its warehouse; an existing landing there is used as it is.
        say: is told what is being done.
        count: of the hourly runs of each kind, whose median counts; MOST_HOURS at most.
    """
    kept = home / "measured.json"
    _discard_if_other_project(kept, say)
    result: dict[str, Any] = {"size": size.label, "lines": size.lines, "articles": size.articles, "seed": SEED}
    result |= {"branches": BRANCHES, "project": _project_digest()}
    if kept.exists():
        result = json.loads(kept.read_text(encoding="utf-8"))

    def step(name: str, what: str, work: Callable[[], Any]) -> None:
        if name not in result:
            say(f"{size.label}: {what}")
            result[name] = work()
            kept.write_text(json.dumps(result, default=str), encoding="utf-8")

    with warehouse.connect(home, autocommit=True) as conn:
        result["machine"] = machine(conn)
        if conn.execute("select to_regclass('prohandel.inventory')").fetchall() == [(None,)]:
            started = time.perf_counter()
            result["landed_rows"] = land(conn, Retailer(size, SEED), home, lambda what: say(f"{size.label}: {what}"))
            result["landing_seconds"] = time.perf_counter() - started
    step("full", "full build", partial(_build_whole, home))
    step("tables", "bytes on disk", lambda: _tables(home))
    result["bytes"] = bytes_by_layer([Relation(**table) for table in result["tables"]])
    step("floor", "floor", lambda: asdict(floor.measure(home)))

    def hours(kind: str, last_sync: datetime, *arguments: str) -> None:
        for hour in range(1, count + 1):
            run = partial(_land_and_run, home, last_sync + hour * _SPACING, *arguments)
            step(f"hour_{hour}_{kind}", f"hour {hour}, {kind.replace('_', ' ')}", run)
        result[kind] = [result[f"hour_{hour}_{kind}"] for hour in range(1, count + 1)]

    evening, next_morning = _at(DAYS - 1, LAST_HOUR), _at(DAYS, 11)
    hours("hours", evening)
    hours("hours_without_quality", evening + count * _SPACING, *_NO_QUALITY)
    if (PROJECT / "dbt_packages" / "elementary" / "macros").exists():
        # Its first run builds its tables.
        step("elementary_first", "Elementary's tables", lambda: _figures(measure_run(home, *_ELEMENTARY)))
        hours("hours_with_elementary", evening + 2 * count * _SPACING, *_ELEMENTARY)
    step("unchanged", "unchanged hour", lambda: _figures(measure_run(home)))
    step("new_day", "new day", lambda: _land_and_run(home, next_morning))
    step("nightly", "night", lambda: _figures(measure_run(home, "--nightly")))
    return result


def _discard_if_other_project(kept: Path, say: Say) -> None:
    """Forgets what was measured on other models, and the landing too if hours have landed on it since."""
    if not kept.exists():
        return
    before = json.loads(kept.read_text(encoding="utf-8"))
    if before["project"] == _project_digest():
        return
    say(f"{before['size']}: the project has changed; all is measured anew")
    kept.unlink()
    if "hour_1_hours" in before:
        warehouse.stop(kept.parent)
        shutil.rmtree(kept.parent)


def _project_digest() -> str:
    """Changes with whatever decides what a run costs."""
    digest = hashlib.sha256()
    for folder in ("models", "macros", "seeds", "snapshots", "tests/generic", "tests/singular", "prohandel/pipeline"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in (".sql", ".yml", ".csv", ".py"):
                digest.update(str(path.relative_to(PROJECT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _tables(home: Path) -> list[dict[str, Any]]:
    with warehouse.connect(home, autocommit=True) as conn:
        conn.execute("vacuum analyze")
        return [asdict(table) for table in relations(conn)]


def _build_whole(home: Path) -> dict[str, Any]:
    run = measure_run(home, "--full-refresh")
    needed = _needed_for(home, floor.MARTS)
    spent = sum(node.server_cpu for node in run.nodes if node.kind != "test" and node.name in needed)
    return {**_figures(run), "server_cpu_of_floor_marts": spent}


def _needed_for(home: Path, marts: Iterable[str]) -> set[str]:
    """Names of these marts and of all that they are built from."""
    (manifest,) = (home / "target").glob("*/manifest.json")
    parents = json.loads(manifest.read_text(encoding="utf-8"))["parent_map"]
    waiting = [node for node in parents if node.startswith("model.") and node.split(".")[-1] in marts]
    needed: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node not in needed:
            needed.add(node)
            waiting += parents.get(node, [])
    return {node.split(".", 2)[2].split(".")[0] for node in needed}


def _at(day: int, hour: int) -> datetime:
    return datetime(BEGIN.year, BEGIN.month, BEGIN.day, tzinfo=BERLIN) + timedelta(days=day, hours=hour)


def _land_and_run(home: Path, synced_at: datetime, *arguments: str) -> dict[str, Any]:
    with warehouse.connect(home, autocommit=True) as conn:
        landed = land_hour(conn, home, synced_at, SEED)
    return {"landed": asdict(landed), **_figures(measure_run(home, *arguments))}


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
    named = {name: value for name, value in result.items() if not re.fullmatch(r"hour_\d+_.*", name)}
    named["tables"] = named["tables"][:25]
    path.write_text(json.dumps(named, indent=1, default=str) + "\n", encoding="utf-8")
    return path
