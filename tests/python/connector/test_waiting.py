"""`sync --wait`: the right answer in each sequence of states of a connection, and never an endless wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prohandel.connector.fivetran import Fivetran, FivetranError
from prohandel.connector.snapshot import snapshot_of
from prohandel.connector.syncing import Clock, Outcome, wait_for_sync
from prohandel.connector.waiting import Ending, Limits, Wait, look, onlook
from prohandel.connector.waiting import Step as Next
from tests.python.connector.fake_fivetran import KEY, SECRET, FakeFivetran, Step
from tests.python.connector.fake_network import Fault

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
SYNCING = {"sync_state": "syncing"}
SCHEDULED = {"sync_state": "scheduled"}
TASK = {"tasks": [{"code": "reconnect", "message": "The role cannot be assumed."}]}
RECONNECT = "reconnect: The role cannot be assumed."


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def text(seconds: float) -> str:
    return at(seconds).isoformat()


@dataclass
class Case:
    """A sequence of states and the answer that is right for it.

    Attributes:
        script: what happens after the request, in seconds from it.
        ending: the right answer.
        asks: how often the sync is asked for.
        others: what happens without a request, in seconds from the beginning.
        schedule: auto or manual.
        before: the connection at the beginning, beyond one that has synced a day ago.
        faults: of the network.
        latency: seconds that each request takes.
        force: stop what runs.
        succeeded_at: the end that is reported, in seconds from the beginning.
        within: seconds in which the answer is there.
        said: parts of what people are told on the way.
        what: part of the answer.
    """

    script: Sequence[Step]
    ending: Ending
    asks: int = 1
    others: Sequence[Step] = ()
    schedule: str = "auto"
    before: dict[str, Any] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    latency: float = 0.0
    force: bool = False
    succeeded_at: float | None = None
    within: float = 600
    said: Sequence[str] = ()
    what: str = ""


GOOD = (Step(5, SYNCING), Step(65, SCHEDULED, succeeded=True))
FOREIGN = Step(0, SYNCING)

CASES = {
    "good": Case(GOOD, Ending.succeeded, succeeded_at=65, within=80),
    "over before the first look": Case(
        (Step(0, SYNCING), Step(2, SCHEDULED, succeeded=True)), Ending.succeeded, succeeded_at=2, within=10
    ),
    "rescheduled, and started by Fivetran": Case(
        (
            Step(5, SYNCING),
            Step(60, {"sync_state": "rescheduled", "rescheduled_for": text(1800)}),
            Step(1800, {"sync_state": "scheduled", "rescheduled_for": None}),
            Step(1830, SYNCING),
            Step(1900, SCHEDULED, succeeded=True),
        ),
        Ending.succeeded,
        succeeded_at=1900,
        within=1960,
        said=["Rescheduled for 2026-03-02 08:30:00 UTC, and started by Fivetran then"],
    ),
    "rescheduled and never started again": Case(
        (Step(5, SYNCING), Step(60, {"sync_state": "rescheduled", "rescheduled_for": text(1800)})),
        Ending.not_started,
        asks=3,
        within=6000,
    ),
    "rescheduled for a time after the limit": Case(
        (Step(5, SYNCING), Step(60, {"sync_state": "rescheduled", "rescheduled_for": text(90_000)})),
        Ending.rescheduled,
        within=80,
        what="rescheduled for 2026-03-03 09:00:00 UTC",
    ),
    "rescheduled under a manual schedule": Case(
        # Each request runs this again: the second sync, asked for at 1,800 s or a little later, succeeds.
        (
            Step(1, SYNCING),
            Step(50, {"sync_state": "rescheduled", "rescheduled_for": text(1800)}),
            Step(1900, SCHEDULED, succeeded=True),
        ),
        Ending.succeeded,
        asks=2,
        schedule="manual",
        within=4200,
        said=["Rescheduled for 2026-03-02 08:30:00 UTC, and asked for again then", "Asked for the sync again"],
    ),
    "another sync runs already and succeeds": Case(
        GOOD,
        Ending.succeeded,
        others=(FOREIGN, Step(47, SCHEDULED, succeeded=True)),
        succeeded_at=50 + 65,
        within=140,
        said=["Another sync runs and is waited for first"],
    ),
    "another sync runs already and fails": Case(
        GOOD, Ending.succeeded, others=(FOREIGN, Step(47, SCHEDULED, failed=True)), succeeded_at=50 + 65, within=140
    ),
    "another sync succeeds, and ours fails": Case(
        (Step(5, SYNCING), Step(65, SCHEDULED, failed=True)),
        Ending.failed,
        others=(FOREIGN, Step(47, SCHEDULED, succeeded=True)),
        within=140,
    ),
    "409, because another sync began a moment before": Case(
        GOOD,
        Ending.succeeded,
        asks=2,
        others=(Step(1.5, SYNCING), Step(30, SCHEDULED, succeeded=True)),
        latency=1,
        within=150,
        said=["Another sync runs: this one is asked for when that one has ended"],
    ),
    "the end of another sync is told late": Case(
        (Step(20, SYNCING), Step(80, SCHEDULED, succeeded=True)),
        Ending.succeeded,
        others=(Step(10, {}, changes={"succeeded_at": text(-60)}),),
        succeeded_at=80,
        within=100,
    ),
    "stopped and begun anew": Case(
        GOOD, Ending.succeeded, others=(FOREIGN, Step(47, SCHEDULED, succeeded=True)), force=True, succeeded_at=65
    ),
    "broken": Case(
        (Step(5, SYNCING), Step(65, {"sync_state": "scheduled", "setup_state": "broken", **TASK}, failed=True)),
        Ending.broken,
        within=80,
        what=RECONNECT,
    ),
    "broken, and no failure is told": Case(
        (Step(5, SYNCING), Step(65, {"sync_state": "scheduled", "setup_state": "broken", **TASK})),
        Ending.broken,
        within=140,
        what=RECONNECT,
    ),
    "broken before, and the sync heals it": Case(
        (Step(5, SYNCING), Step(65, {"sync_state": "scheduled", "setup_state": "connected"}, succeeded=True)),
        Ending.succeeded,
        before={"status": {"setup_state": "broken"}},
        within=80,
    ),
    "broken before, and nothing begins": Case(
        (), Ending.broken, before={"status": {"setup_state": "broken"}}, within=660
    ),
    "paused in the middle": Case(
        (Step(5, SYNCING), Step(40, {"sync_state": "paused"}, changes={"paused": True})), Ending.paused, within=120
    ),
    "paused while the last rows are written": Case(
        (
            Step(5, SYNCING),
            Step(40, {}, changes={"paused": True}),
            Step(60, {"sync_state": "paused"}),
            Step(70, {}, succeeded=True),
        ),
        Ending.succeeded,
        succeeded_at=70,
        within=80,
    ),
    "paused before": Case(
        (), Ending.paused, asks=0, before={"paused": True, "status": {"sync_state": "paused"}}, within=1
    ),
    "delayed": Case(
        (
            Step(5, SYNCING),
            Step(30, {"update_state": "delayed"}),
            Step(500, {"sync_state": "scheduled", "update_state": "on_schedule"}, succeeded=True),
        ),
        Ending.succeeded,
        succeeded_at=500,
        within=520,
        said=["The sync runs; Fivetran calls it delayed"],
    ),
    "failure": Case(
        (Step(5, SYNCING), Step(65, SCHEDULED, failed=True)),
        Ending.failed,
        within=80,
        what="failed at 2026-03-02 08:01:05",
    ),
    "failure with a task": Case(
        (Step(5, SYNCING), Step(65, {"sync_state": "scheduled", **TASK}, failed=True)),
        Ending.failed_with_task,
        within=80,
        what=RECONNECT,
    ),
    "429 to the request and to a look": Case(
        GOOD,
        Ending.succeeded,
        faults=(
            Fault("status", method="POST", status=429, retry_after="120", times=2),
            Fault("status", method="GET", at=5, status=429, retry_after="200"),
        ),
        succeeded_at=240 + 65,
        within=600,
    ),
    "500, and the request had taken effect": Case(
        # The client repeats it and is told 409: nobody can know whose sync that is, so another one is asked for.
        (Step(0, SYNCING), Step(60, SCHEDULED, succeeded=True)),
        Ending.succeeded,
        asks=3,
        faults=(Fault("status", method="POST", status=500, after_effect=True, times=1),),
        within=200,
    ),
    "Fivetran is down for a while": Case(
        (Step(5, SYNCING), Step(300, SCHEDULED, succeeded=True)),
        Ending.succeeded,
        faults=tuple(Fault("status", at=index, status=503) for index in range(2, 14)),
        succeeded_at=300,
        within=420,
    ),
    "historical": Case(
        (
            Step(5, {"sync_state": "syncing", "is_historical_sync": True}),
            Step(7200, {"sync_state": "scheduled", "is_historical_sync": False}, succeeded=True),
        ),
        Ending.succeeded,
        succeeded_at=7200,
        within=7240,
        said=["The historical sync runs"],
    ),
    "the end is told later than the state": Case(
        (Step(5, SYNCING), Step(60, SCHEDULED), Step(80, {}, succeeded=True)),
        Ending.succeeded,
        succeeded_at=80,
        within=100,
        said=["It no longer runs; waiting for its end to be told"],
    ),
    "cancelled": Case((Step(5, SYNCING), Step(60, SCHEDULED)), Ending.cancelled, within=140),
    "never begun": Case((), Ending.not_started, asks=3, within=1900),
    "time limit": Case((Step(5, SYNCING),), Ending.time_limit, within=6 * 3600 + 40, what="syncing"),
}


@dataclass
class Ran:
    """A case that was run."""

    outcome: Outcome
    said: list[str]
    fake: FakeFivetran
    connection_id: str


def run(case: Case) -> Ran:
    fake = FakeFivetran(began=BEGAN)
    connection = fake.add_connection("prohandel")
    connection["succeeded_at"] = text(-86_400)
    connection["schedule_type"] = case.schedule
    connection["status"] |= {"setup_state": "connected", "is_historical_sync": False} | case.before.get("status", {})
    connection |= {key: value for key, value in case.before.items() if key != "status"}
    fake.sync_script = case.script
    fake.faults = [Fault(**vars(fault)) for fault in case.faults]
    fake.latency = case.latency
    if case.others:
        fake.schedule(connection["id"], case.others)
    client = Fivetran(KEY, SECRET, transport=fake.transport(), sleep=fake.clock.sleep, clock=fake.clock)
    said: list[str] = []
    outcome = wait_for_sync(
        lambda: client.connection(connection["id"]),
        lambda: client.sync(connection["id"], case.force),
        Clock(fake.now, fake.clock.sleep),
        force=case.force,
        say=said.append,
    )
    return Ran(outcome, said, fake, connection["id"])


@pytest.mark.parametrize("name", CASES)
def test_the_right_answer(name: str) -> None:
    case = CASES[name]
    ran = run(case)
    assert ran.outcome.ending is case.ending, ran.said
    assert ran.outcome.seconds <= case.within
    assert ran.fake.count("POST", r"/connections/\w+/sync") >= case.asks
    if not case.faults:
        assert ran.fake.count("POST", r"/connections/\w+/sync") == case.asks
    if case.succeeded_at is not None:
        assert ran.outcome.seen.succeeded_at == at(case.succeeded_at)
    for part in case.said:
        assert part in ran.said
    assert case.what in ran.outcome.what
    assert (ran.outcome.exit_code == 0) == (case.ending is Ending.succeeded)
    if case.ending is not Ending.succeeded:
        assert ran.outcome.remedy


def test_a_connection_that_is_deleted_meanwhile() -> None:
    fake = FakeFivetran(began=BEGAN)
    client = Fivetran(KEY, SECRET, transport=fake.transport(), sleep=fake.clock.sleep, clock=fake.clock)
    with pytest.raises(FivetranError, match="404"):
        wait_for_sync(
            lambda: client.connection("gone"),
            lambda: client.sync("gone"),
            Clock(fake.now, fake.clock.sleep),
            say=lambda _: None,
        )


def test_an_api_that_never_answers() -> None:
    fake = FakeFivetran(began=BEGAN)
    fake.add_connection("prohandel")
    fake.faults = [Fault("drop", times=1_000_000)]
    client = Fivetran(KEY, SECRET, transport=fake.transport(), sleep=fake.clock.sleep, clock=fake.clock)
    with pytest.raises(FivetranError, match="does not answer"):
        wait_for_sync(
            lambda: client.connection("connection_1"),
            lambda: client.sync("connection_1"),
            Clock(fake.now, fake.clock.sleep),
            limits=Limits(total=timedelta(hours=1)),
            say=lambda _: None,
        )
    assert fake.clock.now < 3600 + 60


states = st.fixed_dictionaries(
    {
        "sync_state": st.sampled_from(["scheduled", "syncing", "paused", "rescheduled", "something new"]),
        "setup_state": st.sampled_from(["connected", "broken", "incomplete"]),
        "update_state": st.sampled_from(["on_schedule", "delayed"]),
        "is_historical_sync": st.booleans(),
        "rescheduled_for": st.one_of(st.none(), st.integers(-3600, 100_000).map(text)),
    }
)
scripts = st.lists(st.builds(Step, st.floats(0, 30_000), states, st.booleans(), st.booleans(), st.just({})), max_size=8)


@given(scripts, scripts, st.sampled_from(["auto", "manual"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_sequence_is_waited_for_longer_than_the_limit(
    script: list[Step], others: list[Step], schedule: str, force: bool
) -> None:
    ran = run(Case(script, Ending.succeeded, others=others, schedule=schedule, force=force))
    assert ran.outcome.seconds <= 6 * 3600 + 30
    if ran.outcome.ending is Ending.succeeded:
        # Nothing older than the beginning of the command is ever taken for the answer.
        assert ran.outcome.seen.succeeded_at is not None
        assert ran.outcome.seen.succeeded_at > BEGAN - timedelta(seconds=1)
        assert ran.outcome.seen.succeeded_at == ran.outcome.seen.ended_at


def described(**changes: Any) -> dict[str, Any]:
    fake = FakeFivetran(began=BEGAN)
    connection = fake.add_connection("prohandel")
    connection["status"] |= changes.pop("status", {})
    return connection | changes


def test_an_onlooker_asks_for_nothing_and_sees_the_first_sync_through() -> None:
    first = snapshot_of(described(status=SYNCING))
    wait = onlook(first, BEGAN)
    part = snapshot_of(described(status=SCHEDULED, succeeded_at=text(600)))
    wait, step = look(wait, part, at(610))
    assert (wait.ending, step) == (None, Next.look_again)
    whole = snapshot_of(described(status={**SCHEDULED, "is_historical_sync": False}, succeeded_at=text(4000)))
    wait, step = look(wait, whole, at(4010))
    assert (wait.ending, step) == (Ending.succeeded, Next.stop)


@pytest.mark.parametrize(
    ("schedule", "minutes", "ending"),
    [
        pytest.param("auto", 69, None, id="the schedule starts it within the hour"),
        pytest.param("auto", 71, Ending.not_started, id="the schedule did not"),
        pytest.param("manual", 11, Ending.not_started, id="nobody will start it"),
    ],
)
def test_an_onlooker_waits_for_the_schedule(schedule: str, minutes: int, ending: Ending | None) -> None:
    seen = snapshot_of(described(schedule_type=schedule, sync_frequency=60))
    wait: Wait = onlook(seen, BEGAN)
    wait, step = look(wait, seen, at(60 * minutes))
    assert wait.ending is ending
    assert step is not Next.ask


def test_an_onlooker_does_not_ask_for_a_rescheduled_sync_either() -> None:
    seen = snapshot_of(
        described(schedule_type="manual", status={"sync_state": "rescheduled", "rescheduled_for": text(60)})
    )
    assert look(onlook(seen, BEGAN), seen, at(5))[0].ending is Ending.rescheduled
