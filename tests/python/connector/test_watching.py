"""`watch`: what is seen while a sync runs, on a terminal and in a log, and when it ends."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from rich.console import Console

from prohandel.connector.arrivals import TableCount
from prohandel.connector.fivetran import Fivetran, FivetranError
from prohandel.connector.snapshot import snapshot_of
from prohandel.connector.status_view import problems_of, show_status
from prohandel.connector.syncing import Clock, Outcome
from prohandel.connector.verification import Check, Verification
from prohandel.connector.waiting import Ending, Limits
from prohandel.connector.watch_view import bars, picture, show_verification, showing
from prohandel.connector.watching import Intervals, Sources, View, watch_sync
from prohandel.errors import ProhandelError
from tests.python.connector.fake_fivetran import KEY, SECRET, FakeFivetran, Step
from tests.python.connector.fake_network import Fault

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
SYNCING = {"sync_state": "syncing"}
DONE = {"sync_state": "scheduled", "is_historical_sync": False}
TABLES = ("article", "sale")


def text(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


@dataclass
class Lab:
    """A watch of a fake connection whose `sale` gets ten rows a second."""

    fake: FakeFivetran = field(default_factory=lambda: FakeFivetran(began=BEGAN))
    views: list[View] = field(default_factory=list)
    connection: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection = self.fake.add_connection("prohandel")
        self.connection["status"] |= {"setup_state": "connected"}

    def count(self) -> Mapping[str, TableCount]:
        rows = int(self.fake.clock.now * 10)
        return {"sale": TableCount(rows, rows, self.fake.now())} if rows else {}

    def log(self) -> Sequence[str]:
        told, self.lines = self.lines, []
        return told

    def watch(self, **changes: Any) -> Outcome:
        client = Fivetran(
            KEY, SECRET, transport=self.fake.transport(), sleep=self.fake.clock.sleep, clock=self.fake.clock
        )
        given = {"tables": self.count, "log": self.log} | {
            name: changes.pop(name) for name in ("tables", "log") if name in changes
        }
        return watch_sync(
            Sources(lambda: client.connection(self.connection["id"]), **given),
            TABLES,
            Clock(self.fake.now, self.fake.clock.sleep),
            self.views.append,
            intervals=Intervals(screen=5),
            **changes,
        )


def shown(view: View, width: int = 140) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(picture(view))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_first_sync_from_beginning_to_end() -> None:
    lab = Lab()
    lab.fake.schedule(lab.connection["id"], [Step(60, SYNCING), Step(1500, DONE, succeeded=True)])
    lab.lines = ["08:00:01 report: 171.2 s, 212 of 512 MB"]
    outcome = lab.watch(expected={"sale": 30_000})
    assert outcome.ending is Ending.succeeded
    assert 1500 <= outcome.seconds <= 1520
    assert [request.method for request in lab.fake.requests if request.method != "GET"] == []

    said = list(dict.fromkeys(view.says for view in lab.views))
    assert said == ["Waiting for the sync to begin", "The historical sync runs", "Ended: succeeded"]
    middle = next(view for view in lab.views if view.elapsed >= timedelta(minutes=20))
    assert middle.estimate is not None
    # Ten rows a second; what is left of 30,000 was counted up to 20 seconds ago.
    assert middle.estimate.soonest == middle.estimate.latest
    assert timedelta(minutes=30) <= middle.estimate.soonest <= timedelta(minutes=31)
    picture_of = shown(middle)
    assert "syncing · historical" in picture_of
    assert "elapsed 00:20:00" in picture_of
    assert "600" in picture_of
    assert "not landed" in picture_of
    assert "rows to come: 30 min to 30 min" in picture_of
    assert "171.2 s, 212 of 512 MB" in picture_of


def test_what_people_have_to_do_is_shown() -> None:
    lab = Lab()
    status = {
        "tasks": [{"code": "reconnect", "message": "The role [red]cannot[/] be assumed."}],
        "warnings": [{"code": "", "message": "An old version."}],
        "update_state": "delayed",
    }
    lab.fake.schedule(lab.connection["id"], [Step(0, SYNCING), Step(100, status), Step(200, DONE, failed=True)])
    assert lab.watch().ending is Ending.failed_with_task
    last = shown(lab.views[-2])
    assert "task reconnect: The role [red]cannot[/] be assumed." in last
    assert "warning An old version." in last
    assert "delayed" in last
    assert "no estimate: Fivetran does not say how many rows are to come" in last


@pytest.mark.parametrize(
    ("steps", "ending"),
    [
        ([Step(0, SYNCING), Step(100, {"sync_state": "paused"}, changes={"paused": True})], Ending.paused),
        (
            [Step(0, SYNCING), Step(100, {"sync_state": "scheduled", "setup_state": "broken"}, failed=True)],
            Ending.broken,
        ),
        ([Step(0, SYNCING), Step(100, {"sync_state": "scheduled"})], Ending.cancelled),
        ([Step(0, SYNCING)], Ending.time_limit),
        (
            [
                Step(0, SYNCING),
                Step(100, {"sync_state": "rescheduled", "rescheduled_for": text(1000)}),
                Step(1010, SYNCING),
                Step(1100, DONE, succeeded=True),
            ],
            Ending.succeeded,
        ),
    ],
)
def test_each_ending_is_told(steps: list[Step], ending: Ending) -> None:
    lab = Lab()
    lab.fake.schedule(lab.connection["id"], steps)
    outcome = lab.watch(limits=Limits(total=timedelta(hours=1)))
    assert outcome.ending is ending
    assert (outcome.exit_code == 0) == (ending is Ending.succeeded)


@pytest.mark.parametrize(
    ("changes", "ending"),
    [
        ({"succeeded_at": text(-100)}, Ending.succeeded),
        ({"succeeded_at": text(-100), "failed_at": text(-50)}, Ending.failed),
    ],
)
def test_nothing_to_watch_is_told_at_once(changes: dict[str, Any], ending: Ending) -> None:
    lab = Lab()
    lab.connection |= changes
    lab.connection["status"] |= {"is_historical_sync": False}
    outcome = lab.watch()
    assert (outcome.ending, outcome.seconds) == (ending, 0)


def test_what_cannot_be_read_is_told_and_read_again() -> None:
    lab = Lab()
    lab.fake.schedule(lab.connection["id"], [Step(0, SYNCING), Step(300, DONE, succeeded=True)])
    lab.fake.faults = [Fault("status", at=index, status=503) for index in range(3, 9)]

    def tables() -> Mapping[str, TableCount]:
        if 60 < lab.fake.clock.now < 160:
            raise psycopg.OperationalError("the server closed the connection\nmore")
        return lab.count()

    def log() -> Sequence[str]:
        if lab.fake.clock.now < 100:
            raise ProhandelError("The log group is not there.")
        return []

    outcome = lab.watch(tables=tables, log=log)
    assert outcome.ending is Ending.succeeded
    said = {problem for view in lab.views for problem in view.problems}
    assert "The tables cannot be counted: the server closed the connection" in said
    assert "The log group is not there." in said
    assert any("503" in problem for problem in said)
    assert lab.views[-1].problems == ()


def test_a_connection_that_is_deleted_ends_it() -> None:
    lab = Lab()
    lab.fake.schedule(lab.connection["id"], [Step(0, SYNCING)])

    def tables() -> Mapping[str, TableCount]:
        lab.fake.connections.clear()
        return {}

    with pytest.raises(FivetranError, match="404"):
        lab.watch(tables=tables)


def test_in_a_log_it_says_a_line_a_minute_and_each_change() -> None:
    lab = Lab()
    lab.fake.schedule(lab.connection["id"], [Step(0, SYNCING), Step(295, DONE, succeeded=True)])
    console = Console(file=io.StringIO(), width=80)
    with showing(console) as show:
        lab.views = []
        lab.watch()
        for view in lab.views:
            show(view)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "00:00:00  The historical sync runs; 0 of 2 tables, 0 rows"
    assert lines[1] == "00:01:00  The historical sync runs; 1 of 2 tables, 600 rows, 600 a minute arriving"
    assert len(lines) == 6
    assert lines[-1].startswith("00:05:00  Ended: succeeded; 1 of 2 tables, 3,000 rows")


def test_on_a_terminal_it_is_one_picture() -> None:
    lab = Lab()
    lab.fake.schedule(lab.connection["id"], [Step(0, SYNCING), Step(60, DONE, succeeded=True)])
    lab.watch()
    console = Console(file=io.StringIO(), width=120, height=40, force_terminal=True, color_system=None)
    with showing(console) as show:
        for view in lab.views:
            show(view)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    # The cursor goes up to draw over what was there.
    assert "\x1b[1A" in written
    assert "Ended: succeeded" in written


def test_bars() -> None:
    assert bars([0, 1, 4, 8]) == " ▂▅█"
    assert bars([0, 0]) == ""
    assert bars([]) == ""


def test_the_verification_is_a_line_each_with_what_to_do() -> None:
    console = Console(file=io.StringIO(), width=100)
    checks = (Check("sale", "good", "2 rows", "never shown"), Check("order", "bad", "has no rows", "See the log."))
    show_verification(Verification(checks), console)
    shown_checks = console.file.getvalue()  # type: ignore[attr-defined]
    assert "has no rows" in shown_checks
    assert "→ See the log." in shown_checks
    assert "never shown" not in shown_checks


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({}, {}, []),
        ({}, {"setup_state": "broken"}, ["It is broken"]),
        ({}, {"setup_state": "incomplete"}, ["Its setup is incomplete"]),
        ({"paused": True}, {"sync_state": "paused"}, ["It is paused"]),
        ({}, {"update_state": "delayed"}, ["delayed"]),
        ({"failed_at": text(10)}, {}, ["Its newest sync failed at 2026-03-02 08:00:10"]),
        ({"failed_at": text(-10)}, {}, []),
        ({}, {"tasks": [{"code": "reconnect", "message": ""}]}, ["to be done"]),
        ({}, {"sync_state": "rescheduled", "rescheduled_for": text(600)}, []),
    ],
)
def test_status_says_what_is_wrong(changes: dict[str, Any], status: dict[str, Any], said: list[str]) -> None:
    lab = Lab()
    lab.connection |= {"succeeded_at": text(0), "sync_frequency": 60} | changes
    lab.connection["status"] |= {"is_historical_sync": False} | status
    seen = snapshot_of(lab.connection)
    problems = problems_of(seen)
    assert len(problems) == len(said)
    assert all(part in problem for part, problem in zip(said, problems, strict=True))
    console = Console(file=io.StringIO(), width=120)
    show_status(seen, problems, [], console)
    out = console.file.getvalue()  # type: ignore[attr-defined]
    assert "every 60 minutes" in out
    assert ("rescheduled for" in out) == (seen.sync_state == "rescheduled")


@pytest.mark.parametrize("broken", [{}, {"id": "a"}, {"id": "a", "status": "fine"}])
def test_an_answer_that_describes_no_connection(broken: dict[str, Any]) -> None:
    with pytest.raises(ProhandelError, match="without an id or without its status"):
        snapshot_of(broken)


def test_a_time_that_is_none() -> None:
    with pytest.raises(ProhandelError, match="'soon', which is no time"):
        snapshot_of({"id": "a", "status": {}, "succeeded_at": "soon"})
