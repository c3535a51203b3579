"""A build that the database broke off is tried once more, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from rich.console import Console

from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError
from prohandel.pipeline import again
from prohandel.pipeline import run as run_module
from prohandel.pipeline.again import arguments_of_rest, is_transient, together, wait_for_database, was_broken_off
from prohandel.pipeline.dbt import NodeResult, Outcome
from prohandel.pipeline.lock import Lock, only_run
from prohandel.pipeline.target import Target

LOST = "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally"


def node(name: str, status: str, message: str = "", kind: str = "model") -> NodeResult:
    return NodeResult(f"{kind}.prohandel_analytics.{name}", status, 1.0, None, message, f"models/{name}.sql")


@pytest.mark.parametrize(
    "text",
    [
        LOST,
        'connection to server at "10.0.0.5", port 5432 failed: Connection refused',
        "terminating connection due to administrator command",
        "FATAL:  the database system is starting up",
        "FATAL:  the database system is shutting down",
        "the database system is in recovery mode",
        "SSL connection has been closed unexpectedly",
        "SSL SYSCALL error: EOF detected",
        "deadlock detected\nDETAIL: Process 12 waits",
        "could not serialize access due to concurrent update",
        "canceling statement due to lock timeout",
        "FATAL:  sorry, too many clients already",
        "connection already closed",
    ],
)
def test_what_passes_by_itself(text: str) -> None:
    assert is_transient(text)


@pytest.mark.parametrize(
    "text",
    [
        'relation "staging.stg_prohandel__sales" does not exist',
        "Got 3 results, configured to fail if != 0",
        "division by zero",
        'FATAL:  password authentication failed for user "analytics"',
        "canceling statement due to statement timeout",
        "could not extend file: No space left on device",
        'column "connection" does not exist',
    ],
)
def test_what_does_not(text: str) -> None:
    assert not is_transient(text)


def test_one_real_failure_and_nothing_is_tried_again() -> None:
    good, lost, skipped = node("a", "success"), node("b", "error", LOST), node("c", "skipped")
    assert was_broken_off(Outcome(1, (good, lost, skipped)))
    assert not was_broken_off(Outcome(1, (good, skipped)))
    assert not was_broken_off(Outcome(1, (lost, node("t", "fail", "Got 1 result", "test"))))
    assert was_broken_off(Outcome(1, (), error=LOST))
    assert not was_broken_off(Outcome(1, (lost,), error="Compilation Error"))
    assert not was_broken_off(Outcome(1))


def test_the_rest_is_what_failed_and_what_waited() -> None:
    nodes = (node("a", "success"), node("b", "error", LOST), node("c", "skipped"), node("t", "skipped", kind="test"))
    given = ["--exclude-resource-type", "unit_test", "--exclude", "tag:nightly", "--full-refresh"]
    assert arguments_of_rest(Outcome(1, nodes), given) == [
        *("--exclude-resource-type", "unit_test", "--indirect-selection", "empty", "--full-refresh"),
        *("--select", "b", "c", "t"),
    ]
    assert arguments_of_rest(Outcome(1, nodes, error=LOST), given) == given


def test_of_each_node_the_later_result() -> None:
    first = Outcome(2, (node("a", "success"), node("b", "error", LOST), node("c", "skipped")), error="")
    both = together(first, Outcome(3, (node("b", "success"), node("c", "success"))))
    assert [(one.name, one.status) for one in both.nodes] == [("a", "success"), ("b", "success"), ("c", "success")]
    assert both.seconds == 5


class Dbt:
    """Gives one outcome after the other."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[Sequence[str]] = []

    def build(self, arguments: Sequence[str]) -> Outcome:
        self.asked.append(arguments)
        return self.outcomes.pop(0)


def build(dbt: Any, target: Target, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setattr(again, "wait_for_database", lambda target: None)
    with only_run(target) as lock:
        return run_module._build(dbt, ["--all"], target, lock, Console(quiet=True))


def test_once_more_and_no_oftener(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Outcome(1, (node("a", "success"), node("b", "error", LOST)))
    dbt = Dbt(broken, broken, broken)
    found = build(dbt, target, monkeypatch)
    assert len(dbt.asked) == 2
    assert [one.status for one in found.nodes] == ["success", "error"]
    dbt = Dbt(broken, Outcome(1, (node("b", "success"),)))
    assert [one.status for one in build(dbt, target, monkeypatch).nodes] == ["success", "success"]
    assert dbt.asked[1][-2:] == ["--select", "b"]


def test_a_good_build_is_not_repeated(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    dbt = Dbt(Outcome(1, (node("a", "success"),)))
    build(dbt, target, monkeypatch)
    assert dbt.asked == [["--all"]]


def test_it_waits_until_the_database_answers(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    answers = [ProhandelError("down"), ProhandelError("down"), None]
    connect = Target.connect

    def sometimes(self: Target, application: str = "") -> psycopg.Connection:
        if error := answers.pop(0):
            raise error
        return connect(self)

    monkeypatch.setattr(Target, "connect", sometimes)
    wait_for_database(target, pauses.append)
    assert pauses == [5.0, 10.0, 15.0]
    answers[:] = [ProhandelError("down")] * 4
    with pytest.raises(ProhandelError, match="down"):
        wait_for_database(target, pauses.append)


def end_connections(target: Target) -> None:
    """As a restart of the server does."""
    with target.connect() as conn:
        conn.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and application_name like 'prohandel run%'"
        )


def test_a_lock_that_the_server_freed_is_taken_again(target: Target) -> None:
    lock = Lock(target)
    lock.hold()
    lock.hold()
    end_connections(target)
    lock.hold()
    with pytest.raises(ProhandelError) as error, only_run(target):
        pass
    assert error.value.exit_code == EXIT_ANOTHER_RUN
    lock.release()
    with only_run(target):
        pass


def test_whoever_took_the_lock_meanwhile_keeps_it(target: Target) -> None:
    lock = Lock(target)
    lock.hold()
    end_connections(target)
    with only_run(target):
        with pytest.raises(ProhandelError) as error:
            lock.hold()
        assert error.value.exit_code == EXIT_ANOTHER_RUN
