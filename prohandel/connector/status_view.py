"""Shows how a connection is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from prohandel.connector.snapshot import Snapshot
from prohandel.connector.watch_view import states


def problems_of(seen: Snapshot) -> list[str]:
    """What is wrong with a connection, a sentence each; empty where nothing is."""
    found = []
    if seen.is_broken:
        found.append("It is broken: no sync can succeed before what the tasks name is repaired.")
    elif seen.setup_state != "connected":
        found.append(f"Its setup is {seen.setup_state}: see prohandel connector test.")
    if seen.is_paused:
        found.append("It is paused: prohandel connector resume")
    if seen.update_state == "delayed":
        found.append("Fivetran calls it delayed: its syncs take longer than its schedule allows.")
    if seen.has_failed_last:
        found.append(f"Its newest sync failed at {_time(seen.failed_at)}: see prohandel logs --errors.")
    if seen.tasks:
        found.append("Fivetran asks for something to be done; see its tasks.")
    return found


def show_status(seen: Snapshot, problems: Sequence[str], events: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Prints the connection, what is wrong, and the newest events of the webhook."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row("connection", f"{seen.connection_id}, lands in {seen.schema}")
    grid.add_row("state", states(seen))
    every = f"every {seen.sync_frequency} minutes" if seen.sync_frequency else "unknown"
    grid.add_row("schedule", "manual: only when asked for" if seen.schedule_type == "manual" else every)
    grid.add_row("succeeded", _time(seen.succeeded_at))
    grid.add_row("failed", _time(seen.failed_at))
    if seen.sync_state == "rescheduled":
        grid.add_row("rescheduled for", _time(seen.rescheduled_for))
    for kind, notices in (("task", seen.tasks), ("warning", seen.warnings)):
        for notice in notices:
            grid.add_row(kind, Text(str(notice)))
    console.print(grid)
    if events:
        console.print(_events(events))
    for problem in problems:
        console.print(Text.assemble(("✗ ", "red"), problem), soft_wrap=True)


def _events(events: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("event (UTC)", "what", "status", "run", "exit code"):
        table.add_column(name)
    for event in events:
        began, ended = event["run_began_at"], event["run_ended_at"]
        run = f"{(ended - began).total_seconds():.0f} s" if ended else ""
        waiting = ("runs" if began else "waits") if event["is_waiting"] else run
        code = "" if event["exit_code"] is None else str(event["exit_code"])
        table.add_row(_time(event["created"]), event["event"], Text(event["status"]), waiting, code)
    return table


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else "never"
