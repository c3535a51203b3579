"""What a user reads of nodes that failed."""

from __future__ import annotations

from prohandel.pipeline.dbt import NodeResult
from prohandel.pipeline.explain import explain_nodes


def failed(name: str, message: str, status: str = "error") -> NodeResult:
    return NodeResult(f"model.prohandel_analytics.{name}", status, 0.1, None, message, f"models/{name}.sql")


def test_many_nodes_of_one_cause_are_told_once() -> None:
    gone = "Database Error\n  server closed the connection unexpectedly"
    nodes = [failed(f"m{number}", gone) for number in range(40)]
    findings = explain_nodes([*nodes[:20], failed("other", "Compilation Error"), *nodes[20:]])
    told = [finding.what for finding in findings]
    assert told == [
        "model m0: the database went away",
        "model m1: the database went away",
        "model m2: the database went away",
        "model other failed; its last good content is kept",
        "37 more failed, because the database went away",
    ]


def test_a_full_disk_is_named_with_its_remedy() -> None:
    (finding,) = explain_nodes([failed("m", "could not extend file: No space left on device")])
    assert finding.what == "model m: the disk of the database is full"
    assert "PROHANDEL_HOME" in finding.remedy
