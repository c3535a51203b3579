"""What was said about planted faults and about clean days, as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

KINDS = ("missing_data", "duplicates", "schema_change", "failed_test", "stale", "anomaly", "connector")


@dataclass(frozen=True)
class Outcome:
    """What was said about a fault.

    Attributes:
        kind: of the fault.
        parameters: in words.
        seed: of the retailer.
        is_found: was anything said in the first run after it?
        is_named: was the right table named, with a right kind of incident?
        said: kind, table and first sentence of each incident.
    """

    kind: str
    parameters: str
    seed: int
    is_found: bool
    is_named: bool
    said: tuple[tuple[str, str, str], ...]

    def line(self) -> str:
        """One line for the console."""
        verdict = "named" if self.is_named else "found" if self.is_found else "MISSED"
        return f"{verdict:6} {self.kind}: {self.parameters} (seed {self.seed}) {self.said}"


@dataclass(frozen=True)
class CleanRun:
    """Days in which nothing went wrong.

    Attributes:
        seed: of the retailer.
        days: how many.
        runs: in them.
        said: time, kind, table and first sentence of each incident, all of them false alarms.
    """

    seed: int
    days: int
    runs: int
    said: tuple[tuple[datetime, str, str, str], ...]


def markdown(outcomes: Sequence[Outcome], clean: CleanRun) -> str:
    """The page: figures, confusion table, each fault with what was said."""
    found = sum(outcome.is_found for outcome in outcomes)
    named = sum(outcome.is_named for outcome in outcomes)
    kinds = len({outcome.kind for outcome in outcomes})
    parts = [
        "# Planted faults, and what was said about them",
        "Written by `make faults`. Retailers are simulated; what goes wrong is planted in what lands. Detection was "
        "tuned on other seeds, branches, columns and shares. The last run before a fault is an hour before it, as in "
        "an hourly schedule. A fault counts as found if the first run after it opens an incident, and as named if an "
        "incident names the right table with a right kind.",
        f"- Faults: {len(outcomes)} of {kinds} kinds. Found: {found} ({found / len(outcomes):.0%}, goal 95 %). "
        f"Named: {named} ({named / len(outcomes):.0%}, goal 90 %).\n"
        f"- Clean days: {clean.days} with {clean.runs} runs, Easter, a sale event, a new branch and a new season. "
        f"False alarms: {len(clean.said)} (goal: at most 1).",
        "## Faults against kinds of incident",
        _confusion(outcomes),
        "## Each fault",
        _each(outcomes),
    ]
    if clean.said:
        parts += ["## False alarms", "\n".join(f"- {at:%Y-%m-%d %H:%M}: {kind} of {table}: {what}"
                                               for at, kind, table, what in clean.said)]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _confusion(outcomes: Sequence[Outcome]) -> str:
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        counts.setdefault(outcome.kind, Counter())[outcome.said[0][0] if outcome.said else "nothing"] += 1
    columns = [*KINDS, "nothing"]
    rows = [[kind, *(str(count[column] or "") for column in columns)] for kind, count in counts.items()]
    return _table(["fault", *columns], rows)


def _each(outcomes: Sequence[Outcome]) -> str:
    rows = [
        [
            outcome.kind,
            outcome.parameters,
            str(outcome.seed),
            "named" if outcome.is_named else "found" if outcome.is_found else "missed",
            "; ".join(f"{kind} of {table}: {what}" for kind, table, what in outcome.said[:2]).replace("|", "/"),
        ]
        for outcome in outcomes
    ]
    return _table(["fault", "how", "seed", "", "what was said"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])] if head[1] in KINDS else ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
