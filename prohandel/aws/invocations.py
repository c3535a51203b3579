"""Log events of a Lambda function, put together to the invocations that wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from prohandel.aws.lines import Event, Line, read_line
from prohandel.aws.masking import mask
from prohandel.aws.rows import rows_by_table

Result = Literal["ok", "timed out", "out of memory", "failed", "logged errors", "not over"]
"""`logged errors`: it ended well for Lambda, which is what a function that answers with an error looks like."""

UNKNOWN = "unknown"
"""Stands for the request id of lines whose invocation began before the first event that was read."""

_OUT_OF_MEMORY = ("Runtime.OutOfMemory", "signal: killed")


@dataclass(frozen=True)
class Invocation:
    """One call of the function.

    Attributes:
        request_id: that Lambda gave it, or UNKNOWN.
        stream: log stream, that is the machine it ran on.
        started_at: its start, or its first line.
        ended_at: its report; None before that.
        result: how it ended.
        duration_ms: milliseconds it ran; None before its report.
        memory_mb: memory that it may use, in MB; None before its report.
        used_mb: most memory that it used, in MB; None before its report.
        init_ms: milliseconds that starting the machine took; None where one was running.
        rows: by landed table, as far as its lines name them.
        errors: what went wrong, masked, one string per line of the log.
        line_count: lines that it has written so far.
    """

    request_id: str
    stream: str
    started_at: datetime
    ended_at: datetime | None
    result: Result
    duration_ms: float | None
    memory_mb: int | None
    used_mb: int | None
    init_ms: float | None
    rows: dict[str, int]
    errors: tuple[str, ...]
    line_count: int

    @property
    def is_over(self) -> bool:
        """Has Lambda reported it?"""
        return self.ended_at is not None

    @property
    def is_bad(self) -> bool:
        """Did anything go wrong in it?"""
        return self.result not in ("ok", "not over")


@dataclass
class _Collected:
    """Lines of one invocation, in order."""

    request_id: str
    stream: str
    lines: list[Line] = field(default_factory=list)

    @property
    def is_reported(self) -> bool:
        return any(line.kind == "report" for line in self.lines)


def group(events: Iterable[Event]) -> list[Invocation]:
    """The invocations, the oldest first.

    A machine serves one invocation at a time and has a log stream of its own. Lines that name a request id belong to
    it; others to the invocation that is running in their stream. What is written before a start, while the machine
    itself starts, belongs to the invocation that follows.
    """
    by_stream: dict[str, list[Event]] = {}
    for event in events:
        by_stream.setdefault(event.stream, []).append(event)
    found = [
        _invocation(collected)
        for stream, of_stream in by_stream.items()
        for collected in _of_stream(stream, sorted(of_stream, key=lambda event: event.at))
    ]
    return sorted(found, key=lambda invocation: invocation.started_at)


def _of_stream(stream: str, events: Sequence[Event]) -> list[_Collected]:
    collected: list[_Collected] = []
    newest: dict[str, _Collected] = {}
    running: _Collected | None = None
    waiting: list[Line] = []
    for line in map(read_line, events):
        if line.request_id is None:
            (running.lines if running else waiting).append(line)
            continue
        one = newest.get(line.request_id)
        # Lambda gives a second attempt at the same request the same id.
        if one is None or (line.kind == "start" and one.is_reported):
            one = newest[line.request_id] = _Collected(line.request_id, stream)
            collected.append(one)
            one.lines += waiting
            waiting = []
        one.lines.append(line)
        if line.kind == "report":
            running = None if running is one else running
        elif not one.is_reported:
            running = one
    if any(line.kind != "platform" for line in waiting):
        collected.append(_Collected(UNKNOWN, stream, waiting))
    return collected


def _invocation(collected: _Collected) -> Invocation:
    lines = collected.lines
    start = next((line for line in lines if line.kind == "start"), lines[0])
    end = next((line for line in lines if line.report is not None), None)
    report = end.report if end else None
    return Invocation(
        request_id=collected.request_id,
        stream=collected.stream,
        started_at=start.at,
        ended_at=end.at if end else None,
        result=_result(lines),
        duration_ms=report.duration_ms if report else None,
        memory_mb=report.memory_mb if report else None,
        used_mb=report.used_mb if report else None,
        init_ms=report.init_ms if report else None,
        rows=rows_by_table((line.text, line.fields) for line in lines if line.kind in ("other", "warning")),
        errors=tuple(dict.fromkeys(mask(line.text) for line in lines if line.is_error)),
        line_count=len(lines),
    )


def _result(lines: Sequence[Line]) -> Result:
    kinds = {line.kind for line in lines}
    report = next((line.report for line in lines if line.report is not None), None)
    status = report.status if report else ""
    told = [line.text for line in lines if line.kind == "killed"] + ([report.error_type] if report else [])
    if "timeout" in kinds or status == "timeout":
        return "timed out"
    if any(sign in text for sign in _OUT_OF_MEMORY for text in told):
        return "out of memory"
    if kinds & {"killed", "unhandled"} or status in ("error", "failure"):
        return "failed"
    if "error" in kinds:
        return "logged errors"
    return "ok" if report else "not over"
