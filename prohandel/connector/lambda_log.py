"""The newest lines of the Lambda's log, for those who watch a sync."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prohandel.aws.lines import Line, read_line
from prohandel.aws.logs import read_events
from prohandel.aws.masking import mask
from prohandel.connector.watching import ReadLog

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

_LATE = timedelta(minutes=2)
"""Events may appear in the log so much later than they were written."""
_LONGEST = 200


def tail(client: CloudWatchLogsClient, log_group: str, began: datetime, now: Callable[[], datetime]) -> ReadLog:
    """Gives what reads the lines that are new since its last call, secrets masked.

    Args:
        client: of CloudWatch Logs.
        log_group: of the function.
        began: older lines are left out.
        now: the time.
    """
    told: dict[str, datetime] = {}

    def read() -> list[str]:
        since = max(began, now() - 2 * _LATE)
        for known in [key for key, at in told.items() if at < since - _LATE]:
            del told[known]
        lines = []
        for event in read_events(client, log_group, since):
            if event.event_id in told:
                continue
            told[event.event_id] = event.at
            line = read_line(event)
            if line.kind not in ("platform", "start"):
                lines.append(_shown(line))
        return lines

    return read


def _shown(line: Line) -> str:
    kind = "" if line.kind == "other" else f"{line.kind}: "
    text = " ".join(mask(line.text).split())
    if line.report is not None:
        text = f"{line.report.duration_ms / 1000:.1f} s, {line.report.used_mb} of {line.report.memory_mb} MB"
    return f"{line.at:%H:%M:%S} {kind}{text}"[:_LONGEST]
