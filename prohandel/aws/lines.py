"""Reads single lines of a Lambda function's log, in plain text and in JSON format.

Forms: "Working with Lambda function logs" and "Telemetry API Event schema reference" of AWS's Lambda guide; of errors
and of Python's logging the runtime interface client for Python (aws/aws-lambda-python-runtime-interface-client).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["platform", "start", "report", "timeout", "killed", "unhandled", "error", "warning", "other"]

_ID = r"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_PLATFORM = re.compile(rf"(?P<what>START|END|REPORT) RequestId: {_ID}")
_INIT = re.compile(r"(?:INIT_START|INIT_REPORT|EXTENSION|XRAY|LOGS|TELEMETRY)\b")
_TIMED_OUT = re.compile(rf"\S+ {_ID} (?P<text>Task timed out after [\d.]+ seconds)")
_KILLED = re.compile(rf"RequestId: {_ID} (?P<text>Error: .*)", flags=re.DOTALL)
_LOGGED = re.compile(rf"\[(?P<level>[A-Z]+)\]\t\S+\t{_ID}?\t?(?P<text>.*)", flags=re.DOTALL)
_UNHANDLED = re.compile(r"\[ERROR\] (?P<text>\S.*)", flags=re.DOTALL)
_OWN_FORMAT = re.compile(r".{0,80}? - (?P<level>[A-Z]+) - (?P<text>.*)", flags=re.DOTALL)
_FIELD = re.compile(r"([A-Z][A-Za-z ]*): ([^\t\n]+)")
_ERRORS = ("ERROR", "CRITICAL", "FATAL")
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Event:
    """One event of a log group.

    Attributes:
        event_id: unique in the log group.
        stream: log stream.
        at: when it was written.
        message: as it was written.
    """

    event_id: str
    stream: str
    at: datetime
    message: str


@dataclass(frozen=True)
class Report:
    """What Lambda says at the end of an invocation.

    Attributes:
        duration_ms: milliseconds it ran.
        memory_mb: memory that it may use, in MB.
        used_mb: most memory that it used, in MB.
        init_ms: milliseconds that starting the machine took; None where one was running.
        status: success, timeout, error or failure; empty where the text format says nothing, which is success.
        error_type: such as Runtime.OutOfMemory; empty where there is none.
    """

    duration_ms: float
    memory_mb: int
    used_mb: int
    init_ms: float | None
    status: str
    error_type: str


@dataclass(frozen=True)
class Line:
    """An event, read.

    Attributes:
        at: when it was written.
        kind: what it is; `platform` are lines of Lambda's own that say nothing more.
        request_id: of the invocation, where the line names it.
        text: what was said, without time, level and id; not masked.
        fields: of a line in JSON format.
        report: of a report.
    """

    at: datetime
    kind: Kind
    request_id: str | None
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    report: Report | None = None

    @property
    def is_error(self) -> bool:
        """Does it say what went wrong?"""
        return self.kind in ("timeout", "killed", "unhandled", "error")


def read_line(event: Event) -> Line:
    """What an event says."""
    message = event.message.replace("\r", "\n").replace("\xa0", " ").strip()
    if message.startswith("{"):
        try:
            fields = json.loads(message)
        except ValueError:
            fields = None
        if isinstance(fields, dict):
            return _json_line(event.at, fields)
    return _text_line(event.at, message)


def _text_line(at: datetime, message: str) -> Line:
    if found := _PLATFORM.match(message):
        kinds: Mapping[str, Kind] = {"START": "start", "END": "platform", "REPORT": "report"}
        report = _text_report(message) if found["what"] == "REPORT" else None
        return Line(at, kinds[found["what"]], found["id"], message, report=report)
    if _INIT.match(message):
        return Line(at, "platform", None, message)
    if found := _TIMED_OUT.match(message):
        return Line(at, "timeout", found["id"], found["text"])
    if found := _KILLED.match(message):
        return Line(at, "killed", found["id"], " ".join(found["text"].split()))
    if found := _LOGGED.match(message):
        return Line(at, _of_level(found["level"]), found["id"], found["text"])
    if found := _UNHANDLED.match(message):
        return Line(at, "unhandled", None, found["text"])
    if found := _OWN_FORMAT.match(message):
        return Line(at, _of_level(found["level"]), None, found["text"])
    return Line(at, "error" if message.startswith(_TRACEBACK) else "other", None, message)


def _of_level(level: str) -> Kind:
    if level in _ERRORS:
        return "error"
    return "warning" if level.startswith("WARN") else "other"


def _text_report(message: str) -> Report:
    fields = dict(_FIELD.findall(message))

    def number(name: str) -> float | None:
        found = re.match(r"[\d.]+", fields.get(name, ""))
        return float(found.group()) if found else None

    return Report(
        duration_ms=number("Duration") or 0.0,
        memory_mb=int(number("Memory Size") or 0),
        used_mb=int(number("Max Memory Used") or 0),
        init_ms=number("Init Duration"),
        status=fields.get("Status", "").strip(),
        error_type=fields.get("Error Type", "").strip(),
    )


def _json_line(at: datetime, fields: dict[str, Any]) -> Line:
    kind = fields.get("type")
    record = fields.get("record")
    if isinstance(kind, str) and kind.startswith("platform.") and isinstance(record, dict):
        return _json_platform(at, kind, record)
    request_id = fields.get("requestId") or fields.get("AWSRequestId")
    message = fields.get("message")
    failure = ": ".join(str(fields[name]) for name in ("errorType", "errorMessage") if fields.get(name))
    if "level" not in fields and str(fields.get("log_level")) in _ERRORS:
        return Line(at, "unhandled", request_id, failure, fields)
    said = message if isinstance(message, str) else json.dumps(message if message is not None else fields)
    text = f"{said}: {failure}" if failure else said
    return Line(at, _of_level(str(fields.get("level", ""))), request_id, text, fields)


def _json_platform(at: datetime, kind: str, record: dict[str, Any]) -> Line:
    request_id = record.get("requestId")
    if kind == "platform.start":
        return Line(at, "start", request_id, kind)
    if kind != "platform.report":
        return Line(at, "platform", request_id, kind)
    metrics = record.get("metrics", {})
    report = Report(
        duration_ms=float(metrics.get("durationMs", 0)),
        memory_mb=int(metrics.get("memorySizeMB", 0)),
        used_mb=int(metrics.get("maxMemoryUsedMB", 0)),
        init_ms=float(metrics["initDurationMs"]) if "initDurationMs" in metrics else None,
        status=str(record.get("status", "")),
        error_type=str(record.get("errorType", "")),
    )
    return Line(at, "report", request_id, kind, report=report)
