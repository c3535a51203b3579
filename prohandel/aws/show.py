"""Shows invocations and alarms to people, and gives them to programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prohandel.aws.alarms import Alarm
from prohandel.aws.invocations import Invocation

_COLORS = {"ok": "green", "not over": "default", "OK": "green", "ALARM": "red", "INSUFFICIENT_DATA": "yellow"}


def show_invocations(invocations: Sequence[Invocation], console: Console) -> None:
    """Prints invocations as a table, then what went wrong in each, whole."""
    table = Table(title="Invocations", title_justify="left")
    for name in ("started (UTC)", "request", "result"):
        table.add_column(name)
    for name in ("seconds", "MB used"):
        table.add_column(name, justify="right")
    table.add_column("rows")
    for one in invocations:
        table.add_row(
            f"{one.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            one.request_id[:8],
            _colored(one.result),
            _seconds(one),
            _memory(one),
            _rows(one),
        )
    console.print(table)
    for one in invocations:
        if one.errors:
            console.print(f"\n{one.request_id}", markup=False, soft_wrap=True)
            for error in one.errors:
                _print_error(error, console)


def show_invocation(one: Invocation, console: Console) -> None:
    """Prints one invocation in a line, and what went wrong below it."""
    facts = (_seconds(one) and f"{_seconds(one)} s", _memory(one) and f"{_memory(one)} MB", escape(_rows(one)))
    console.print(
        f"{one.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} {escape(one.request_id)} {_colored(one.result)}"
        + "".join(f", {fact}" for fact in facts if fact),
        soft_wrap=True,
    )
    for error in one.errors:
        _print_error(error, console)


def _print_error(error: str, console: Console) -> None:
    for line in error.splitlines():
        console.print(f"    {line}", markup=False, soft_wrap=True)


def _colored(text: str) -> str:
    return f"[{_COLORS.get(text, 'red')}]{escape(text)}[/]"


def _seconds(one: Invocation) -> str:
    return "" if one.duration_ms is None else f"{one.duration_ms / 1000:.1f}"


def _memory(one: Invocation) -> str:
    return "" if one.used_mb is None else f"{one.used_mb} of {one.memory_mb}"


def _rows(one: Invocation) -> str:
    return ", ".join(f"{table} {rows:,}" for table, rows in one.rows.items())


def invocation_as_json(one: Invocation) -> dict[str, Any]:
    """Plain values, for `prohandel logs --json`."""
    return {
        "request_id": one.request_id,
        "stream": one.stream,
        "started_at": one.started_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "result": one.result,
        "duration_ms": one.duration_ms,
        "memory_mb": one.memory_mb,
        "used_mb": one.used_mb,
        "init_ms": one.init_ms,
        "rows": one.rows,
        "errors": list(one.errors),
    }


def show_alarms(alarms: Sequence[Alarm], now: datetime, console: Console) -> None:
    """Prints alarms as a table, and what to do about those that are raised."""
    table = Table(title="Alarms", title_justify="left")
    for name in ("alarm", "state", "since (UTC)", "for", "mails", "means"):
        table.add_column(name)
    for alarm in alarms:
        table.add_row(
            alarm.name,
            _colored(alarm.state),
            f"{alarm.since.astimezone(UTC):%Y-%m-%d %H:%M}",
            _duration(now, alarm.since),
            "yes" if alarm.sends else "",
            escape(alarm.says),
        )
    console.print(table)
    for alarm in alarms:
        if alarm.state == "ALARM":
            console.print(f"{alarm.name}: {alarm.reason} → {alarm.runbook}", markup=False, soft_wrap=True)


def _duration(now: datetime, since: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def alarm_as_json(alarm: Alarm) -> dict[str, Any]:
    """Plain values, for `prohandel alarms --json`."""
    return {
        "name": alarm.name,
        "state": alarm.state,
        "since": alarm.since.isoformat(),
        "severity": alarm.severity,
        "says": alarm.says,
        "reason": alarm.reason,
        "runbook": alarm.runbook,
        "sends": alarm.sends,
    }
