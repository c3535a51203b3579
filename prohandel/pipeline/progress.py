"""Shows what a run is doing, on standard error: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_SECONDS_BETWEEN_LINES = 15.0


class StepProgress:
    """The progress of one step; dbt calls it from several threads."""

    def __init__(self, step: str, console: Console, bar: Progress | None, task: TaskID | None) -> None:
        self._step = step
        self._console = console
        self._bar = bar
        self._task = task
        self._running: list[str] = []
        self._done = 0
        self._total = 0
        self._last_line = time.monotonic()

    def started(self, unique_id: str, of: int) -> None:
        """A node has started."""
        self._total = of
        self._running.append(_name(unique_id))
        self._show()

    def finished(self, unique_id: str, status: str) -> None:
        """A node has ended."""
        name = _name(unique_id)
        if name in self._running:
            self._running.remove(name)
        self._done += 1
        if status in ("error", "fail", "warn"):
            style = "yellow" if status == "warn" else "red"
            self._console.print(f"  [{style}]{status}[/] {name}", highlight=False, soft_wrap=True)
        self._show()

    def says(self, what: str) -> None:
        """Something that is no node of dbt is being worked on."""
        self._running = [what]
        self._show()

    def _show(self) -> None:
        if self._bar is not None and self._task is not None:
            running = ", ".join(self._running[:2])
            self._bar.update(self._task, completed=self._done, total=self._total or None, running=running)
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(f"  {self._step}: {self._done} of {self._total}", highlight=False)


@contextmanager
def showing(step: str, console: Console) -> Iterator[StepProgress]:
    """Shows a step while the block runs, and how long it took."""
    started = time.monotonic()
    if console.is_terminal:
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[running]}", table_column=None),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task(step, total=None, running="")
            yield StepProgress(step, console, bar, task)
    else:
        console.print(f"{step} …", highlight=False)
        yield StepProgress(step, console, None, None)
    console.print(f"[green]✓[/] {step} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)


def _name(unique_id: str) -> str:
    return unique_id.split(".")[2]
