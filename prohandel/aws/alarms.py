"""The state of the alarms that infra/monitoring.yaml makes, and what it means to the incidents of the data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prohandel.aws.clients import CONFIG, explained, open_session
from prohandel.aws.masking import mask
from prohandel.aws.names import FUNCTION_VARIABLE
from prohandel.errors import ProhandelError
from prohandel.quality.symptoms import Severity, Symptom

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient

WARNINGS = ("slow", "near-limit", "warning")
"""Alarms that tell of a trouble to come; all others tell of one that is there."""

COMPOSITES = ("outage", "warning")
"""Alarms that sum up others and send the mails."""

NAMES = ("errors", "timeouts", "memory", "logged-errors", "throttles", "silent", "slow", "near-limit", *COMPOSITES)
"""What follows the function's name and a hyphen in the name of an alarm."""

CONNECTOR = "connector"
"""Stands for the table in symptoms of the connection itself."""

_RUNBOOK = re.compile(r"\s*(docs/runbooks/[\w-]+\.md)\s*$")


@dataclass(frozen=True)
class Alarm:
    """An alarm and its state.

    Attributes:
        name: without the function's name, such as `errors`.
        state: OK, ALARM or INSUFFICIENT_DATA.
        since: when it came into that state.
        reason: what CloudWatch says of it.
        says: what the alarm means.
        runbook: the page that says what to do.
        sends: does it send a mail itself?
    """

    name: str
    state: str
    since: datetime
    reason: str
    says: str
    runbook: str
    sends: bool

    @property
    def severity(self) -> Severity:
        """error if something does not work, warn if it soon will not."""
        return "warn" if self.name in WARNINGS else "error"

    @property
    def is_composite(self) -> bool:
        """Does it sum up others?"""
        return self.name in COMPOSITES


def connect(region: str | None = None) -> CloudWatchClient:
    """A client of CloudWatch.

    Raises:
        ProhandelError: there is no region or no credential.
    """
    return open_session(region).client("cloudwatch", config=CONFIG)


def read_alarms(client: CloudWatchClient, function: str) -> list[Alarm]:
    """The alarms of a function, in the order of the template; those that it does not know come last.

    Raises:
        ProhandelError: there is none, or they may not be read.
    """
    found: list[Alarm] = []
    with explained(f"read the alarms of {function}"):
        pages = client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{function}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        for page in pages:
            described: Sequence[Any] = [*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())]
            found += [_alarm(one, function) for one in described]
    # Another function's name may begin with this one's.
    found = [alarm for alarm in found if alarm.name in NAMES]
    if not found:
        raise ProhandelError(
            f"There are no alarms of the function {function}.",
            f"Deploy infra/monitoring.yaml (infra/README.md), or name the function: --function or {FUNCTION_VARIABLE}.",
        )
    return sorted(found, key=lambda alarm: NAMES.index(alarm.name))


def _alarm(described: Any, function: str) -> Alarm:
    description = described.get("AlarmDescription", "")
    runbook = _RUNBOOK.search(description)
    return Alarm(
        name=described["AlarmName"].removeprefix(f"{function}-"),
        state=described["StateValue"],
        since=described.get("StateTransitionedTimestamp") or described["StateUpdatedTimestamp"],
        reason=mask(described.get("StateReason", "")),
        says=_RUNBOOK.sub("", description).strip(),
        runbook=runbook.group(1) if runbook else "",
        sends=bool(described.get("ActionsEnabled") and described.get("AlarmActions")),
    )


def symptoms(alarms: Sequence[Alarm]) -> list[Symptom]:
    """What the alarms that are raised mean to the data; composite ones say nothing that those do not."""
    return [
        Symptom(
            kind="connector",
            check=alarm.name,
            table=CONNECTOR,
            since=alarm.since,
            severity=alarm.severity,
            rows=0,
            what=f"alarm {alarm.name}: {_sentence(alarm.says)} ({alarm.runbook})",
        )
        for alarm in alarms
        if alarm.state == "ALARM" and not alarm.is_composite
    ]


def _sentence(text: str) -> str:
    text = text.rstrip(".")
    return text[:1].lower() + text[1:]


def look(function: str) -> list[Symptom]:
    """What the alarms of a function say now.

    Raises:
        ProhandelError: they cannot be read.
    """
    return symptoms(read_alarms(connect(), function))
