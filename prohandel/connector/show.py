"""Plans and setup tests as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prohandel.connector.plan import Plan
from prohandel.connector.setup_tests import SetupTest

_STATUS_STYLES = {"PASSED": "green", "SKIPPED": "dim", "WARNING": "yellow", "FAILED": "red", "JOB_FAILED": "red"}


def show_plan(plan: Plan, name: str, console: Console, *, empty: str) -> None:
    """Prints what would change, one line a setting, and the notes.

    Args:
        plan: to print.
        name: of the connection.
        console: to print on.
        empty: what to say where nothing would change.
    """
    title = f"{name} ({plan.connection_id})" if plan.connection_id else f"{name} (not created yet)"
    if plan.is_empty:
        console.print(f"{escape(title)}: {escape(empty)}", soft_wrap=True)
    else:
        console.print(escape(title), soft_wrap=True)
        width = max(len(change.setting) for change in plan.changes)
        for change in plan.changes:
            sign = "[red]-[/]" if change.wanted in ("deleted", "not there") else "[green]+[/]"
            if change.now and change.now != "not there" and sign.startswith("[green]"):
                sign = "[yellow]~[/]"
            value = f"{change.now} → {change.wanted}" if change.now else change.wanted
            console.print(f"  {sign} {escape(change.setting.ljust(width))}  {escape(value)}", soft_wrap=True)
        count = len(plan.changes)
        console.print(f"{count} {'change' if count == 1 else 'changes'}", soft_wrap=True)
    for note in plan.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True)


def show_tests(tests: Sequence[SetupTest], problems: Sequence[str], console: Console) -> None:
    """Prints the setup tests, and below each that did not pass what it usually means."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setup test")
    table.add_column("result")
    table.add_column("what Fivetran says", overflow="fold")
    for test in tests:
        style = _STATUS_STYLES.get(test.status, "yellow")
        table.add_row(escape(test.title), f"[{style}]{escape(test.status.lower())}[/]", escape(test.message))
    if tests:
        console.print(table)
    for test in tests:
        if test.meaning:
            console.print(f"{escape(test.title)}: {escape(test.meaning)}", soft_wrap=True)
    for problem in problems:
        console.print(f"[red]✗[/] {escape(problem)}", soft_wrap=True)
