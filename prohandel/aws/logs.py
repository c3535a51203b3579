"""Reads the log of the Lambda function, once or for as long as somebody looks on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from prohandel.aws.clients import CONFIG, explained, open_session
from prohandel.aws.invocations import Invocation, group
from prohandel.aws.lines import Event
from prohandel.errors import ProhandelError

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

_BERLIN = ZoneInfo("Europe/Berlin")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST_RUN = timedelta(minutes=15)
"""Time limit that Lambda allows at the most."""

POLL_SECONDS = 5.0
_LATE = timedelta(minutes=2)
"""Events may appear in the log so much later than they were written."""

Clock = Callable[[], datetime]

_Key = tuple[str, str, datetime]
"""Stream, request id, end."""


def connect(region: str | None = None) -> CloudWatchLogsClient:
    """A client of CloudWatch Logs.

    Raises:
        ProhandelError: there is no region or no credential.
    """
    return open_session(region).client("logs", config=CONFIG)


def log_group_of(function: str) -> str:
    """The log group that Lambda itself makes for a function."""
    return f"/aws/lambda/{function}"


def since_when(text: str, now: datetime) -> datetime:
    """Reads `90s`, `45m`, `3h`, `2d`, or a time in ISO form, which is meant in Berlin where it has no zone.

    Raises:
        ProhandelError: it is neither.
    """
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip()):
        return now - timedelta(**{_UNITS[found[2]]: float(found[1])})
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ProhandelError(
            f"--since {text} is no time.", "Write 45m, 3h or 2d, or a time such as 2026-03-02T14:00."
        ) from error
    return given if given.tzinfo else given.replace(tzinfo=_BERLIN)


def read_events(
    client: CloudWatchLogsClient, log_group: str, since: datetime, until: datetime | None = None
) -> Iterator[Event]:
    """The events of a log group, page by page.

    Raises:
        ProhandelError: the log group is not there, or may not be read.
    """
    window: dict[str, Any] = {"startTime": _milliseconds(since)}
    if until is not None:
        window["endTime"] = _milliseconds(until)
    with explained(f"read the log group {log_group}"):
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=log_group, **window):
            for event in page["events"]:
                yield Event(
                    event_id=event["eventId"],
                    stream=event["logStreamName"],
                    at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                    message=event["message"],
                )


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def invocations(client: CloudWatchLogsClient, log_group: str, since: datetime) -> list[Invocation]:
    """Those that wrote something since then, the oldest first.

    Raises:
        ProhandelError: the log group is not there, or may not be read.
    """
    return group(read_events(client, log_group, since))


def follow(
    client: CloudWatchLogsClient,
    log_group: str,
    since: datetime,
    *,
    clock: Clock = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Invocation]:
    """Each invocation once it is over, as long as the caller asks for more.

    A new invocation is handed on one look after its report, because lines may arrive after it.

    Raises:
        ProhandelError: the log group is not there, or may not be read.
    """
    events: dict[str, Event] = {}
    lines: dict[_Key, int] = {}
    told: set[_Key] = set()
    cursor = since
    while True:
        now = clock()
        for event in read_events(client, log_group, cursor):
            events[event.event_id] = event
        for one in group(events.values()):
            if one.ended_at is None:
                continue
            key = (one.stream, one.request_id, one.ended_at)
            is_settled = lines.get(key) == one.line_count or now - one.ended_at > _LATE
            if key not in told and is_settled:
                told.add(key)
                yield one
            lines[key] = one.line_count
        cursor = max(since, now - _LATE)
        oldest = now - 2 * _LONGEST_RUN
        events = {key: event for key, event in events.items() if event.at >= oldest}
        told = {key for key in told if key[2] >= oldest}
        lines = {key: count for key, count in lines.items() if key[2] >= oldest}
        sleep(POLL_SECONDS)
