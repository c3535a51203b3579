"""The page that says what the watch over forecasts has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.forecast_drift import AFTER, MOST_FALSE, MOST_RUNS, SEGMENTS, Found, Quiet
from prohandel.forecast.drift_limits import LIMITS

_WHAT = (
    ("regime change", "demand", "An article group sells 1.7 times as much from one week on. A drift of demand."),
    (
        "new season",
        "population",
        "24 new articles come to all branches, at first twice as strong as later. What was there sells as before, so "
        "that it is no drift of demand: the population of series has moved, which PSI of their age tells.",
    ),
    (
        "closed branch",
        "demand",
        "Nobody comes to a branch any more. Its sales drift, but the right answer is to switch the branch off; until "
        "somebody does, forecasts learn that it sells nothing.",
    ),
    (
        "promotion",
        "demand",
        "An article group sells 2.2 times as much for three weeks, and nobody said so. Flagged when it begins and "
        "again when it ends; entered beforehand as an override it is not judged at all.",
    ),
    (
        "supplier delay",
        "lead time",
        "A supplier of seven days needs 21. Demand is as it was, shelves run empty: the tracking signal of the lead "
        "time tells, and that of demand has to stay silent, since days without stock are no errors of a forecast.",
    ),
)


def page(quiet: Sequence[Quiet], found: Sequence[Found], missed: Sequence[str]) -> str:
    """The page as Markdown."""
    limits = ", ".join(f"{name} {value:g}" for name, value in asdict(LIMITS).items())
    parts = [
        "# What the watch over forecasts finds",
        "",
        "`python -m benchmarks.forecast_drift --report docs/forecasting`: 960 pairs of articles and branches (1,200 "
        "with the new season), forecast and ordered every week in a closed loop; eight weeks to settle, then 20 quiet "
        "weeks, and in copies of the same world one trouble each, watched for 12 weeks. Each Monday "
        f"{SEGMENTS} segments (all, six categories, ten branches) and nine suppliers are judged. The quiet weeks have "
        "weather that a branch's articles share, a season, levels that wander, and articles that jump by themselves: "
        "that one article sells twice as much is to be no drift of its category.",
        "",
        f"Limits: {limits}; the tracking signal's, {LIMITS.tracking_signal(SEGMENTS):.1f}, follows from chance, window "
        f"and the {SEGMENTS} segments. Rule and limits were fixed on the worlds 101 to 106 and 201 to 203, before any "
        "of the worlds below was looked at: on the quiet weeks of all nine, on the first weeks of their troubles of "
        "demand and population, and on all troubles of the worlds 101 and 201.",
        "",
        "## Quiet weeks",
        "",
        "| seed | weeks | checks | weeks with a flag | flags |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {one.seed} | {one.weeks} | {one.checks} | {one.flagged_weeks} | "
            f"{', '.join(f'{name} {measure} (week {place + 1})' for name, measure, place in one.flags) or 'none'} |"
            for one in quiet
        ),
        "",
        f"At most {MOST_FALSE} of 20 weeks may be flagged.",
        "",
        "## Troubles",
        "",
        "| trouble | drift of | what it is |",
        "| --- | --- | --- |",
        *(f"| {event} | {of} | {words} |" for event, of, words in _WHAT),
        "",
        f"Runs to flag: weekly looks from its first day on, {MOST_RUNS} at most. Runs to recover: further looks until "
        "the segment was flagged no more. Bias: forecast over sales of the segment, less one; in the week that was "
        "flagged, and over the sixth to ninth week with and without a retrain.",
        "",
        "| seed | trouble | segment | measure | runs to flag | runs to recover | flagged again | bias when flagged | "
        "bias later, retrained | bias later, not retrained |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {one.seed} | {one.event} | {one.segment} | {one.measure} | {_said(one.runs_to_flag)} | "
            f"{_said(one.runs_to_recover)} | {one.flags_after} | {_share(one.bias_before_retrain)} | "
            f"{_share(one.bias_retrained)} | {_share(one.bias_not_retrained)} |"
            for one in found
        ),
        "",
        f"Flagged again counts the rest of the {AFTER} weeks: the end of a promotion is to be flagged. A closed branch "
        "sells nothing, so that its bias cannot be stated.",
        "",
        *_delay(found),
        "## Missed",
        "",
        *([f"- {each}." for each in missed] or ["Nothing."]),
        "",
    ]
    return "\n".join(parts)


def _delay(found: Sequence[Found]) -> list[str]:
    delays = [one for one in found if one.event == "supplier delay"]
    said = ", ".join(f"seed {one.seed}: {one.demand_flags}" for one in delays)
    return [f"Weeks in which the tracking signal of demand spoke up during a supplier's delay: {said}.", ""]


def _said(runs: int | None) -> str:
    return "never" if runs is None else str(runs)


def _share(bias: float) -> str:
    return "" if bias != bias else f"{100 * bias:+.0f} %"
