"""Figures of the last run as a file that node_exporter's textfile collector reads (PROHANDEL_METRICS_FILE).

The file is replaced at once, so that nobody reads half of it. It holds one run; when a run was last good is carried
over from the file before.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from prohandel.errors import EXIT_ANOTHER_RUN, EXIT_GOOD

if TYPE_CHECKING:
    from prohandel.pipeline.run import RunReport


class _Gauges(Protocol):
    """Makes a gauge of a name, what it says, and labels beside the target."""

    def __call__(self, name: str, what: str, *labels: str) -> Gauge: ...


VARIABLE = "PROHANDEL_METRICS_FILE"
_LAST_GOOD = "prohandel_run_last_good_timestamp_seconds"


def metrics_file() -> Path | None:
    """The file that the environment names; None where it names none."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else None


def write(file: Path, target: str, exit_code: int, started: float, ended: float, report: RunReport | None) -> None:
    """Writes the figures of a run; nothing where it found another one active, whose figures they will be.

    Args:
        file: what to replace; node_exporter reads names that end in .prom.
        target: name of the dbt target.
        exit_code: of the run.
        started: in seconds since 1970.
        ended: likewise.
        report: of the run; None where it could not start or was stopped.

    Raises:
        OSError: the file cannot be written.
    """
    if exit_code == EXIT_ANOTHER_RUN:
        return
    registry = CollectorRegistry()

    def gauge(name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"prohandel_{name}", what, ["target", *labels], registry=registry)

    gauge("run_exit_code", "Exit code of the last run.").labels(target).set(exit_code)
    gauge("run_started_timestamp_seconds", "When the last run began.").labels(target).set(started)
    gauge("run_ended_timestamp_seconds", "When the last run ended.").labels(target).set(ended)
    last_good = ended if exit_code == EXIT_GOOD else _last_good(file)
    if last_good is not None:
        gauge("run_last_good_timestamp_seconds", "When a run last ended with exit code 0.").labels(target).set(
            last_good
        )
    if report is not None:
        _of_report(gauge, target, report)
    write_to_textfile(str(file), registry)


def _of_report(gauge: _Gauges, target: str, report: RunReport) -> None:
    steps = gauge("run_step_seconds", "Wall time of each step of the last run.", "step")
    for step in report.steps:
        steps.labels(target, step.name).set(step.seconds)
    tests = gauge("run_tests", "Tests of the last run by what became of them.", "status")
    for status, names in (
        ("passed", ("pass",)), ("warned", ("warn",)), ("failed", ("fail", "error")), ("skipped", ("skipped",)),
    ):  # fmt: skip
        tests.labels(target, status).set(report.tests(*names))
    failed = gauge("run_models_failed", "Models, seeds and snapshots of the last run that failed.")
    failed.labels(target).set(sum(node.has_failed and node.kind != "test" for node in report.nodes))
    ages = gauge("source_age_seconds", "Age of the newest row of each landed table when the last run began.", "table")
    for entry in report.freshness:
        if entry.age_hours is not None:
            ages.labels(target, entry.table).set(entry.age_hours * 3600)
    if report.summary is not None:
        rows = gauge("table_rows", "What became of the rows of each landed table.", "table", "state")
        for one in report.summary.tables:
            for state in ("landed", "staged", "rejected", "superseded"):
                rows.labels(target, one.table, state).set(getattr(one, state))
    if report.watch is not None:
        incidents = gauge("incidents_open", "Incidents that are open.", "severity")
        counted = Counter(incident.severity for incident in report.watch.open)
        for severity in ("error", "warn"):
            incidents.labels(target, severity).set(counted[severity])
    if report.publication is not None:
        published = gauge("run_published", "1 where the gate let the last run through to its readers.")
        published.labels(target).set(report.publication.outcome == "published")


def _last_good(file: Path) -> float | None:
    """What the file says of the last good run; None where there is no file, or none was good."""
    if not file.is_file():
        return None
    match = re.search(rf"^{_LAST_GOOD}\{{[^}}]*\}} (\S+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return float(match[1]) if match else None
