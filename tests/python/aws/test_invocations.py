"""Invocations put together from the lines of a log, in both formats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from prohandel.aws.invocations import UNKNOWN, Invocation, group
from prohandel.aws.lines import Event
from tests.python.aws import samples
from tests.python.aws.samples import ID, OTHER_ID

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def events(*messages: str, stream: str = "2026/03/02/[$LATEST]a1", since: datetime = NOON) -> list[Event]:
    """A message every second."""
    return [
        Event(f"{stream} {since:%H%M%S} {number:03d}", stream, since + timedelta(seconds=number), message)
        for number, message in enumerate(messages)
    ]


def one(*messages: str) -> Invocation:
    (found,) = group(events(*messages))
    return found


def other(message: str) -> str:
    return message.replace(ID, OTHER_ID)


def test_an_invocation_that_went_well() -> None:
    found = one(
        samples.INIT_START, samples.START, samples.LOGGED_INFO, samples.LOGGED_WARNING, samples.END, samples.REPORT
    )
    assert (found.request_id, found.result, found.is_over, found.is_bad) == (ID, "ok", True, False)
    assert (found.duration_ms, found.memory_mb, found.used_mb, found.init_ms) == (42117.35, 256, 141, 512.4)
    assert (found.started_at, found.ended_at) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=5))
    assert found.rows == {"sale": 1204}
    assert found.errors == ()


def test_the_json_format_says_the_same() -> None:
    found = one(samples.JSON_START, samples.JSON_INFO, samples.JSON_WARNING, samples.JSON_REPORT)
    assert (found.request_id, found.result) == (ID, "ok")
    assert (found.duration_ms, found.memory_mb, found.used_mb, found.init_ms) == (42117.35, 256, 141, 512.4)
    assert found.rows == {"sale": 1204}


@pytest.mark.parametrize(
    ("messages", "result", "error"),
    [
        (
            (samples.START, samples.TIMED_OUT, samples.END, samples.REPORT_TIMEOUT),
            "timed out", "Task timed out after 180.00 seconds",
        ),
        ((samples.START, samples.END, samples.REPORT, samples.TIMED_OUT), "timed out", "Task timed out"),
        ((samples.START, samples.END, samples.REPORT_TIMEOUT), "timed out", None),
        ((samples.JSON_START, samples.JSON_DONE_TIMEOUT, samples.JSON_REPORT_TIMEOUT), "timed out", None),
        ((samples.START, samples.KILLED, samples.END, samples.REPORT), "out of memory", "signal: killed"),
        ((samples.START, samples.END, samples.REPORT_MEMORY), "out of memory", None),
        ((samples.JSON_START, samples.JSON_REPORT_MEMORY), "out of memory", None),
        ((samples.START, samples.EXITED, samples.END, samples.REPORT), "failed", "exit status 1"),
        (
            (samples.START, samples.TRACEBACK, samples.END, samples.REPORT), "failed",
            "KeyError: 'articleNumber'\nTraceback (most recent call last):\n"
            '  File "/var/task/lambda_function.py", line 88, in lambda_handler\n    return rows["articleNumber"]',
        ),
        ((samples.JSON_START, samples.JSON_UNHANDLED, samples.JSON_REPORT), "failed", "KeyError: 'articleNumber'"),
        ((samples.START, samples.LOGGED_ERROR, samples.REPORT), "logged errors", "Could not read sales: HTTP 500"),
        ((samples.START, samples.LOGGED_EXCEPTION, samples.REPORT), "logged errors", "TimeoutError: read"),
        ((samples.START, samples.OWN_FORMAT, samples.REPORT), "logged errors", "Error processing request: HTTP 500"),
        ((samples.START, samples.PRINTED_TRACEBACK, samples.REPORT), "logged errors", "Traceback"),
        ((samples.JSON_START, samples.JSON_ERROR, samples.JSON_REPORT), "logged errors", "Could not read sales"),
        (
            (samples.JSON_START, samples.JSON_EXCEPTION, samples.JSON_REPORT), "logged errors",
            "Error in handler: KeyError: 'articleNumber'",
        ),
        ((samples.START, samples.LOGGED_INFO), "not over", None),
    ],
)  # fmt: skip
def test_how_it_ended(messages: tuple[str, ...], result: str, error: str | None) -> None:
    found = one(*messages)
    assert found.result == result
    assert found.is_bad == (result != "not over")
    if error is None:
        assert found.errors == ()
    else:
        assert error in "\n".join(found.errors)


def test_machines_that_run_side_by_side_are_kept_apart() -> None:
    first = events(samples.START, "Fetched 5 sales\n", samples.TRACEBACK, samples.REPORT)
    second = events(
        other(samples.START),
        "Fetched 7 articles\n",
        other(samples.REPORT),
        stream="b",
        since=NOON + timedelta(seconds=0.5),
    )
    found = group([event for pair in zip(first, second, strict=False) for event in pair] + first[3:])
    assert [(one.request_id, one.result, one.rows) for one in found] == [
        (ID, "failed", {"sale": 5}),
        (OTHER_ID, "ok", {"article": 7}),
    ]


def test_lines_without_an_id_belong_to_the_invocation_that_runs() -> None:
    found = group(
        events(
            samples.START,
            "Fetched 5 sales\n",
            samples.END,
            samples.REPORT,
            other(samples.START),
            samples.TRACEBACK,
            other(samples.END),
            other(samples.REPORT),
        )
    )
    assert [(one.request_id, one.result, one.rows) for one in found] == [
        (ID, "ok", {"sale": 5}),
        (OTHER_ID, "failed", {}),
    ]


def test_a_second_attempt_has_the_same_id_and_is_another_invocation() -> None:
    found = group(events(samples.START, samples.REPORT_TIMEOUT, samples.START, samples.LOGGED_INFO, samples.REPORT))
    assert [(one.request_id, one.result) for one in found] == [(ID, "timed out"), (ID, "ok")]


def test_a_window_that_begins_in_the_middle() -> None:
    found = one("Fetched 5 sales\n", samples.END, samples.REPORT)
    assert (found.request_id, found.result, found.rows) == (ID, "ok", {"sale": 5})
    assert one("Fetched 5 sales\n").request_id == UNKNOWN
    assert group(events(samples.INIT_START)) == []


def test_what_is_said_twice_is_shown_once() -> None:
    assert one(samples.START, samples.LOGGED_ERROR, samples.LOGGED_ERROR, samples.REPORT).errors == (
        "Could not read sales: HTTP 500",
    )


def test_secrets_in_errors_are_masked() -> None:
    found = one(samples.START, samples.LOGGED_ERROR.replace("HTTP 500", "password=Geheim123!"), samples.REPORT)
    assert found.errors == ("Could not read sales: password=***",)


def test_json_that_is_none() -> None:
    assert one(samples.START, "{'sale': 5}\n", "{}\n", '{"type": 5, "record": 1}\n', samples.REPORT).result == "ok"
