"""Shows a sync that is being watched: a picture that changes on a terminal, a line a minute in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from prohandel.connector.arrivals import paces, per_minute
from prohandel.connector.snapshot import Snapshot
from prohandel.connector.verification import Level, Verification
from prohandel.connector.watching import View

_BARS = "▁▂▃▄▅▆▇█"
_BUCKETS = 16
_BUCKET = timedelta(minutes=1)
_SECONDS_BETWEEN_LINES = 60.0
_STYLES = {
    "syncing": "bold cyan",
    "scheduled": "green",
    "rescheduled": "yellow",
    "paused": "yellow",
    "broken": "bold red",
    "delayed": "yellow",
    "incomplete": "yellow",
    "historical": "cyan",
}
_LEVELS: dict[Level, tuple[str, str]] = {"good": ("✓", "green"), "warn": ("!", "yellow"), "bad": ("✗", "bold red")}


@contextmanager
def showing(console: Console) -> Iterator[Callable[[View], None]]:
    """Gives what shows a view: in place on a terminal, and as lines elsewhere."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=False, vertical_overflow="crop") as live:
            yield lambda view: live.update(picture(view), refresh=True)
    else:
        lines = _Lines(console)
        yield lines.show


class _Lines:
    """Says what changes, and where it stands, once a minute."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = ""
        self._problems: tuple[str, ...] = ()
        self._at = -_SECONDS_BETWEEN_LINES

    def show(self, view: View) -> None:
        for problem in view.problems:
            if problem not in self._problems:
                self._print(view, problem)
        self._problems = view.problems
        seconds = view.elapsed.total_seconds()
        if view.says == self._said and seconds - self._at < _SECONDS_BETWEEN_LINES:
            return
        self._said, self._at = view.says, seconds
        rows = sum(count.rows for count in view.counts.values())
        pace = per_minute(view.samples)
        arriving = "" if pace is None else f", {pace:,.0f} a minute arriving"
        self._print(view, f"{view.says}; {len(view.counts)} of {len(view.tables)} tables, {rows:,} rows{arriving}")

    def _print(self, view: View, what: str) -> None:
        self._console.print(f"{clock_time(view.elapsed)}  {what}", markup=False, soft_wrap=True)


def picture(view: View) -> RenderableType:
    """Everything at one moment."""
    parts: list[RenderableType] = [_head(view), Text(), _tables(view)]
    notes = _notes(view)
    if notes:
        parts += [Text(), *notes]
    if view.log is not None:
        lines = Text("\n".join(view.log) or "nothing yet", style="dim" if not view.log else "", overflow="ellipsis")
        lines.no_wrap = True
        parts += [Text(), Panel(lines, title="Lambda", title_align="left", border_style="dim", box=box.ROUNDED)]
    return Group(*parts)


def _head(view: View) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_row(
        Text(view.seen.schema, style="bold"),
        states(view.seen),
        Text(f"elapsed {clock_time(view.elapsed)}"),
        _remaining(view),
    )
    return Group(grid, Text(view.says, style="dim"))


def states(seen: Snapshot) -> Text:
    """The states of a connection, each in its colour."""
    return Text(" · ").join(Text(state, style=_STYLES.get(state, "")) for state in seen.states)


def _remaining(view: View) -> Text:
    if view.estimate is None:
        return Text(view.why_no_estimate, style="dim")
    return Text(
        f"{view.estimate.rows:,} rows to come: {_span(view.estimate.soonest)} to {_span(view.estimate.latest)} "
        "at the pace of the last ten minutes"
    )


def _tables(view: View) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    rows = sum(count.rows for count in view.counts.values())
    arrived = sum(count.arrived for count in view.counts.values())
    pace = per_minute(view.samples)
    table.add_column("table", footer=f"{len(view.counts)} of {len(view.tables)}")
    table.add_column("rows", justify="right", footer=f"{rows:,}")
    table.add_column("arrived", justify="right", footer=f"{arrived:,}")
    table.add_column("a minute", justify="right", footer="" if pace is None else f"{pace:,.0f}")
    table.add_column("the last 16 minutes", min_width=_BUCKETS)
    table.add_column("newest row (UTC)", justify="right")
    for name in view.tables:
        count = view.counts.get(name)
        if count is None:
            table.add_row(Text(name, style="dim"), Text("not landed", style="dim"), "", "", "", "")
            continue
        about = "~" if count.is_estimate else ""
        pace = per_minute(view.samples, name)
        table.add_row(
            name,
            f"{about}{count.rows:,}",
            f"{about}{count.arrived:,}",
            "" if pace is None else Text(f"{pace:,.0f}", style="bold" if pace else "dim"),
            Text(bars(paces(view.samples, name, _BUCKETS, _BUCKET)), style="cyan"),
            "" if count.newest is None else f"{count.newest.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        )
    return table


def _notes(view: View) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for style, kind, notices in (("red", "task", view.seen.tasks), ("yellow", "warning", view.seen.warnings)):
        lines += [Text.assemble((f"{kind} ", f"bold {style}"), str(notice)) for notice in notices]
    lines += [Text.assemble(("not read ", "bold yellow"), problem) for problem in view.problems]
    return lines


def bars(values: list[float]) -> str:
    """A row of bars, the highest for the greatest value; nothing arrived where it is blank."""
    top = max(values, default=0)
    if top <= 0:
        return ""
    return "".join(" " if value <= 0 else _BARS[min(int(value / top * len(_BARS)), len(_BARS) - 1)] for value in values)


def show_verification(verification: Verification, console: Console) -> None:
    """Prints the checks, a line each, with what to do about the bad ones."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", "check", "found"):
        table.add_column(name)
    for check in verification.checks:
        sign, style = _LEVELS[check.level]
        found = Text(check.what)
        if check.remedy and check.level != "good":
            found.append(f"\n→ {check.remedy}", style="dim")
        table.add_row(Text(sign, style=style), check.name, found)
    console.print(table)


def clock_time(elapsed: timedelta) -> str:
    """Hours, minutes and seconds, e.g. 01:05:09; hours go beyond 24."""
    seconds = int(elapsed.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _span(length: timedelta) -> str:
    minutes = max(round(length.total_seconds() / 60), 1)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
