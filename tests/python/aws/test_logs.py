"""The log read from moto's CloudWatch: pages, windows, and following."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from prohandel.aws import logs
from prohandel.aws.invocations import Invocation
from prohandel.errors import ProhandelError
from tests.python.aws import samples
from tests.python.aws.deployed import deploy, write_log

GROUP = "/aws/lambda/prohandel-fivetran-connector"
# moto refuses events older than two weeks.
NOW = datetime.now(UTC).replace(microsecond=0)


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def write(*messages: str, ago: timedelta, stream: str = "a") -> None:
    write_log(*messages, stream=stream, at=milliseconds(NOW - ago))


@pytest.mark.usefixtures("aws")
def test_invocations_since_a_time() -> None:
    deploy()
    write(samples.START, samples.END, samples.REPORT, ago=timedelta(hours=5))
    other = [message.replace(samples.ID, samples.OTHER_ID) for message in (samples.START, samples.END, samples.REPORT)]
    write(*other, ago=timedelta(hours=2), stream="b")
    client = logs.connect()
    assert [one.request_id for one in logs.invocations(client, GROUP, NOW - timedelta(hours=6))] == [
        samples.ID,
        samples.OTHER_ID,
    ]
    assert [one.request_id for one in logs.invocations(client, GROUP, NOW - timedelta(hours=3))] == [samples.OTHER_ID]


@pytest.mark.usefixtures("aws")
def test_every_page_is_read() -> None:
    deploy()
    for part in range(2):
        lines = [f"[INFO]\t2026-03-02T14:05:13.101Z\t{samples.ID}\tline {part} {n}\n" for n in range(6000)]
        for begin in range(0, len(lines), 1000):
            write_log(*lines[begin : begin + 1000], stream=str(part), at=milliseconds(NOW - timedelta(hours=3)))
    found = list(logs.read_events(logs.connect(), GROUP, NOW - timedelta(hours=4)))
    assert len({event.event_id for event in found}) == 12000, "moto answers with 10,000 events at the most"


@pytest.mark.usefixtures("aws")
def test_a_log_group_that_is_not_there() -> None:
    with pytest.raises(ProhandelError, match="/aws/lambda/x") as caught:
        logs.invocations(logs.connect(), "/aws/lambda/x", NOW)
    assert "PROHANDEL_FUNCTION" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("45m", NOW - timedelta(minutes=45)),
        ("1.5h", NOW - timedelta(minutes=90)),
        ("2d", NOW - timedelta(days=2)),
        ("2026-03-02T14:00", datetime(2026, 3, 2, 13, tzinfo=UTC)),
        ("2026-07-02T14:00", datetime(2026, 7, 2, 12, tzinfo=UTC)),
        ("2026-03-02T14:00+00:00", datetime(2026, 3, 2, 14, tzinfo=UTC)),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    assert logs.since_when(text, NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "3", "3w", ""])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ProhandelError, match="is no time"):
        logs.since_when(text, NOW)


class Later:
    """A clock and a sleep that passes the time, `pace` times as fast: at each sleep the next step happens."""

    def __init__(self, *steps: Callable[[], Any], pace: int = 1) -> None:
        self.pace = pace
        self.now = NOW
        self.steps: Iterator[Callable[[], Any]] = iter(steps)
        self.slept = 0

    def clock(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds * self.pace)
        self.slept += 1
        step = next(self.steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()


def followed(later: Later, since: timedelta = timedelta(hours=1)) -> list[Invocation]:
    """What is told until nothing happens any more."""
    found: list[Invocation] = []
    with pytest.raises(KeyboardInterrupt):
        found.extend(logs.follow(logs.connect(), GROUP, NOW - since, clock=later.clock, sleep=later.sleep))
    return found


def nothing() -> None:
    """Nothing happens."""


@pytest.mark.usefixtures("aws")
def test_an_invocation_is_told_once_and_after_it_is_over() -> None:
    deploy()
    write(samples.START, samples.LOGGED_INFO, ago=timedelta(minutes=10))
    told: list[int] = []

    def finish() -> None:
        told.append(later.slept)
        write(samples.END, samples.REPORT, ago=timedelta(minutes=1))

    later = Later(nothing, finish, nothing, nothing, nothing)
    (one,) = followed(later)
    assert (one.result, one.rows) == ("ok", {"sale": 1204})
    assert told == [2]


@pytest.mark.usefixtures("aws")
def test_a_line_that_comes_after_the_report_is_waited_for() -> None:
    deploy()
    write(samples.START, samples.END, samples.REPORT, ago=timedelta(minutes=1))
    (one,) = followed(Later(lambda: write(samples.TIMED_OUT, ago=timedelta(seconds=30)), nothing, nothing))
    assert one.result == "timed out"


@pytest.mark.usefixtures("aws")
def test_what_is_long_over_is_told_at_once() -> None:
    deploy()
    write(samples.START, samples.END, samples.REPORT, ago=timedelta(hours=2))
    assert [one.request_id for one in followed(Later(), since=timedelta(hours=3))] == [samples.ID]


@pytest.mark.usefixtures("aws")
def test_following_for_hours_tells_nothing_twice() -> None:
    deploy()
    write(samples.START, ago=timedelta(minutes=14))
    write(samples.END, samples.REPORT, ago=timedelta(seconds=20))
    later = Later(*[nothing] * 50, pace=10)
    assert [one.request_id for one in followed(later)] == [samples.ID]
    assert later.now - NOW > timedelta(minutes=40)


@pytest.mark.usefixtures("aws")
def test_whoever_asks_for_one_gets_one() -> None:
    deploy()
    write(samples.START, samples.REPORT, ago=timedelta(minutes=5))
    later = Later(*[nothing] * 3)
    found = list(
        islice(logs.follow(logs.connect(), GROUP, NOW - timedelta(hours=1), clock=later.clock, sleep=later.sleep), 1)
    )
    assert [one.request_id for one in found] == [samples.ID]
