"""What the watch over forecasts finds: five troubles planted in a simulated retailer, and what it raises in vain.

`python -m benchmarks.forecast_drift --json` runs it; `--report FOLDER` writes drift.md and drift.json. The limits of
`prohandel.forecast.drift_limits` were fixed on the worlds 101 to 106 and 201 to 203; those that are scored are others.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.drift_world import EVENTS, SETTLING_WEEKS, Planted, Watched, Week, plant
from benchmarks.replenishment_policies import four_week_average
from benchmarks.replenishment_world import HISTORY_WEEKS
from prohandel.forecast.drift_limits import LIMITS
from prohandel.replenishment.simulation import Ledger, Levels, Policy, copied, open_ledger, run

SEEDS = (301, 302, 303)
QUIET_WEEKS = 20
EVENT_WEEK = SETTLING_WEEKS + 2
"""Place among the watched weeks of the first one in trouble."""
AFTER = 12
"""Weeks that are looked at from then on."""
MOST_RUNS, MOST_FALSE = 2, 1
SEGMENTS = 17
"""All, six categories, ten branches."""
_FITTING = {
    "regime change": "tracking_signal",
    "new season": "psi",
    "closed branch": "tracking_signal",
    "promotion": "tracking_signal",
    "supplier delay": "lead_time",
}


@dataclass(frozen=True)
class Found:
    """What the watch made of one trouble.

    Attributes:
        seed, event: which.
        segment: that is in trouble.
        measure: that fits it.
        runs_to_flag: weekly runs from its begin on until the measure was beyond its limit; None for never.
        runs_to_recover: further runs until the segment was flagged no more; None for never.
        flags_after: runs in which it was flagged again after that.
        bias_before_retrain: forecast over sales - 1 of the week that was flagged.
        bias_retrained, bias_not_retrained: mean of the sixth to ninth week, with and without retraining.
        demand_flags: runs in which the tracking signal flagged any segment.
    """

    seed: int
    event: str
    segment: str
    measure: str
    runs_to_flag: int | None
    runs_to_recover: int | None
    flags_after: int
    bias_before_retrain: float
    bias_retrained: float
    bias_not_retrained: float
    demand_flags: int


@dataclass(frozen=True)
class Quiet:
    """What was raised in weeks in which nothing was planted.

    Attributes:
        seed: which.
        weeks: watched.
        flagged_weeks: in which anything was flagged.
        flags: segment, measure and place of the week of each flag.
        checks: segments and suppliers that were looked at, times weeks.
    """

    seed: int
    weeks: int
    flagged_weeks: int
    flags: list[tuple[str, str, int]]
    checks: int


def flags_of(week: Week) -> list[tuple[str, str]]:
    """Segment and measure of each flag."""
    found = [(one.segment, reason) for one in week.verdicts for reason in one.reasons]
    late = [(name, "lead_time") for name, signal in week.late_suppliers.items() if signal > LIMITS.lead_time]
    return found + late


def simulate(seed: int) -> tuple[Quiet, list[Found]]:
    """One world: its quiet weeks, and each trouble in a copy of it."""
    quiet = plant(seed, None, EVENT_WEEK)
    start = HISTORY_WEEKS * 7
    ledger = run(quiet.world.world, _until_launch(quiet), open_ledger(quiet.world.world), 0, start)
    watch = Watched(quiet)
    fork = start + 7 * (EVENT_WEEK - 1)
    ledger = run(quiet.world.world, watch, ledger, start, fork)
    found = [_event(seed, event, watch, ledger, fork) for event in EVENTS]
    last = start + 7 * (SETTLING_WEEKS + QUIET_WEEKS) + 1
    run(quiet.world.world, watch, ledger, fork, last)
    weeks = watch.weeks[SETTLING_WEEKS:]
    flags = [(segment, reason, place) for place, week in enumerate(weeks) for segment, reason in flags_of(week)]
    checks = sum(len(week.verdicts) + len(week.late_suppliers) for week in weeks)
    return Quiet(seed, len(weeks), len({place for _, _, place in flags}), flags, checks), found


def _until_launch(planted: Planted) -> Policy:
    """The rule that ordered before: min/max by the mean of four weeks, of what is on sale."""
    usual = four_week_average(planted.world, 14)

    def decide(day: int, ledger: Ledger) -> Levels:
        levels, there = usual(day, ledger), planted.launch_day <= day
        return Levels(np.where(there, levels.reorder_point, 0.0), np.where(there, levels.order_up_to, 0.0))

    return decide


def _event(seed: int, event: str, watch: Watched, ledger: Ledger, fork: int) -> Found:
    planted = plant(seed, event, EVENT_WEEK)
    last = (HISTORY_WEEKS + EVENT_WEEK + AFTER) * 7 + 1
    watched, blind = (watch.forked(planted, retrains=retrains) for retrains in (True, False))
    for one in (watched, blind):
        run(planted.world.world, one, copied(ledger), fork, last)
    segment, measure = str(planted.troubled), _FITTING[event]
    weeks = watched.weeks[EVENT_WEEK:]
    is_flagged = [(segment, measure) in flags_of(week) for week in weeks]
    first = is_flagged.index(True) if any(is_flagged) else None
    again = is_flagged[first + 1 :] if first is not None else []
    recovered = again.index(False) if False in again else None
    shown = segment if segment in weeks[0].bias else "all"
    later = slice(5, 9)
    return Found(
        seed,
        event,
        segment,
        measure,
        None if first is None else first + 1,
        None if recovered is None else recovered + 1,
        0 if recovered is None else sum(again[recovered:]),
        weeks[first or 0].bias[shown],
        float(np.mean([week.bias[shown] for week in weeks[later]])),
        float(np.mean([week.bias[shown] for week in blind.weeks[EVENT_WEEK:][later]])),
        sum(any("tracking_signal" in one.reasons for one in week.verdicts) for week in weeks),
    )


def misses(quiet: list[Quiet], found: list[Found]) -> list[str]:
    """What is not as it is to be, in sentences."""
    said = [
        f"seed {one.seed}: {one.flagged_weeks} of {one.weeks} quiet weeks flagged, {MOST_FALSE} at most are to be"
        for one in quiet
        if one.flagged_weeks > MOST_FALSE
    ]
    for one in found:
        if one.runs_to_flag is None or one.runs_to_flag > MOST_RUNS:
            said.append(f"seed {one.seed}: {one.event} flagged after {one.runs_to_flag} runs, not {MOST_RUNS}")
        if one.runs_to_recover is None:
            said.append(f"seed {one.seed}: {one.event} not recovered within {AFTER} weeks")
    return said


def _known(value: object) -> object:
    """JSON has no nan."""
    return None if isinstance(value, float) and np.isnan(value) else value


def main(
    seeds: Annotated[str, typer.Option(help="Worlds, by commas.")] = ",".join(map(str, SEEDS)),
    report: Annotated[Path | None, typer.Option(help="Folder to write drift.md and drift.json into.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Plant five troubles in each world and see what the watch makes of them."""
    quiet: list[Quiet] = []
    found: list[Found] = []
    for seed in map(int, seeds.split(",")):
        of_world, of_events = simulate(seed)
        quiet.append(of_world)
        found += of_events
    missed = misses(quiet, found)
    document = {
        "limits": asdict(LIMITS) | {"tracking_signal": LIMITS.tracking_signal(SEGMENTS)},
        "quiet": [asdict(one) for one in quiet],
        "events": [{name: _known(value) for name, value in asdict(one).items()} for one in found],
        "missed": missed,
    }
    if report:
        from benchmarks.drift_report import page

        report.mkdir(parents=True, exist_ok=True)
        (report / "drift.md").write_text(page(quiet, found, missed), encoding="utf-8")
        (report / "drift.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(document, indent=1))
    else:
        for one in [*quiet, *found]:
            typer.echo(one)
    for each in missed:
        typer.echo(f"Missed: {each}", err=True)
    if missed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
