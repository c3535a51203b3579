"""Turns what dbt and the database report into what is wrong and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from prohandel.pipeline.dbt import NodeResult

_LONGEST_MESSAGE_LINES = 8
# A database that goes away takes hundreds of nodes with it, which then all say the same.
_NODES_TOLD_APART = 3


@dataclass(frozen=True)
class Finding:
    """Something that went wrong.

    Attributes:
        what: the thing and what is wrong with it.
        remedy: what to do about it.
        detail: the message as reported, cut to a few lines; empty where `what` says it all.
    """

    what: str
    remedy: str
    detail: str = ""


_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"no space left on device|could not extend file|disk full|disk quota exceeded",
        "the disk of the database is full",
        "Free space or enlarge the disk (embedded: PROHANDEL_HOME chooses another), then run again.",
    ),
    (
        r"password authentication failed|no password supplied",
        "the database refuses the password",
        "Correct it in the profile's target, or in the environment variable that the target reads.",
    ),
    (
        r"could not connect|connection refused|server closed the connection|terminating connection|"
        r"connection .*(?:closed|lost)|in recovery mode|is starting up|shutting down",
        "the database went away",
        "Check that it runs (embedded: prohandel db start), then run again.",
    ),
    (
        r"permission denied for (?P<thing>\w+ \S+)",
        "the database user may not use {thing}",
        "Grant it: usage on the landed schema and select on its tables, create on the database.",
    ),
    (
        r"deadlock detected|canceling statement due to lock timeout",
        "another session held a lock on the same tables",
        "Run again; if it stays, look in pg_stat_activity for who holds it.",
    ),
    (
        r"canceling statement due to statement timeout",
        "a statement took longer than the database's statement_timeout allows",
        "Raise statement_timeout for this user: alter role … set statement_timeout = 0.",
    ),
    (
        r"out of memory|could not resize shared memory segment",
        "the database ran out of memory",
        "Lower work_mem or the target's threads.",
    ),
    (
        r"'?(?P<thing>[\w.]+)'? is undefined",
        "{thing} is defined nowhere",
        "Correct the name, or run `prohandel packages --source hub`, which installs the dbt packages whole; "
        "packages/minimal holds only what the project uses.",
    ),
)


def explain_text(text: str) -> Finding | None:
    """What a message means and what helps; None where it is of no known kind."""
    for pattern, what, remedy in _CAUSES:
        match = re.search(pattern, text, flags=re.IGNORECASE)
        if match:
            thing = match.groupdict().get("thing", "")
            return Finding(what.format(thing=thing), remedy, _cut(text))
    return None


def explain_nodes(nodes: Iterable[NodeResult]) -> list[Finding]:
    """What nodes that failed mean for the user; where many failed of one cause, the first few and how many more."""
    findings: list[Finding] = []
    told: dict[str, int] = {}
    for node in nodes:
        known = explain_text(node.message) if node.status != "fail" else None
        if known is None:
            findings.append(explain_node(node))
            continue
        told[known.what] = told.get(known.what, 0) + 1
        if told[known.what] <= _NODES_TOLD_APART:
            findings.append(explain_node(node))
    for what, count in told.items():
        if count > _NODES_TOLD_APART:
            more = count - _NODES_TOLD_APART
            findings.append(Finding(f"{more} more failed, because {what}", "One remedy for all: see above."))
    return findings


def explain_node(node: NodeResult) -> Finding:
    """What a node that failed means for the user."""
    known = explain_text(node.message) if node.status != "fail" else None
    if known is not None:
        return Finding(f"{node.kind} {node.name}: {known.what}", known.remedy, known.detail)
    if node.kind in ("test", "unit_test"):
        rows = f"{node.failures} rows" if node.failures else "failed"
        if node.status == "fail":
            return Finding(
                f"test {node.name}: {rows}",
                f"See the rows: dbt show --select {node.name}. What it builds on was left as it was.",
            )
        return Finding(f"test {node.name} cannot run", f"See {node.path}.", _cut(node.message))
    return Finding(
        f"{node.kind} {node.name} failed; its last good content is kept",
        f"See {node.path}; a rerun heals what depends on it.",
        _cut(node.message),
    )


def _cut(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    shown = lines[:_LONGEST_MESSAGE_LINES]
    return "\n".join(shown + (["…"] if len(lines) > len(shown) else []))
