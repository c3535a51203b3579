"""Draws docs/connector-watch.svg: `prohandel connector watch` on the fake API, with a simulated landing arriving.

Run by `python -m tests.python.connector.picture docs/connector-watch.svg`. The clock is a fake one that moves when the
watcher sleeps; rows arrive meanwhile in an embedded database, are counted there, and are verified by dbt.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from rich.console import Console, Group
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from prohandel import warehouse
from prohandel.connector.arrivals import Counter
from prohandel.connector.dbt_answers import ask_dbt
from prohandel.connector.fivetran import Fivetran
from prohandel.connector.syncing import Clock
from prohandel.connector.verification import verify
from prohandel.connector.watch_view import picture, show_verification
from prohandel.connector.watching import Intervals, Sources, View, watch_sync
from prohandel.landing.simulate import simulate
from prohandel.landing.state import note_landing
from prohandel.pipeline.target import find_target
from tests.python.connector.arriving import Arriving, uneven
from tests.python.connector.fake_fivetran import KEY, SECRET, TABLES, FakeFivetran, Step

SCHEMA, SOURCE = "prohandel", "arriving"
MINUTES = 36
SHOWN_AT = timedelta(minutes=24)
_STEP_SECONDS = 20
_CALL_SECONDS = 171.2
WIDTH = 132


@dataclass
class Lambda:
    """What the Lambda function would log of the rows that arrive."""

    lines: list[str] = field(default_factory=list)

    def called(self, at: datetime, landed: dict[str, int]) -> None:
        self.lines += [f"{at:%H:%M:%S} INFO {rows:,} rows of {table}" for table, rows in landed.items()]

    def ended(self, at: datetime) -> None:
        self.lines.append(f"{at:%H:%M:%S} report: {_CALL_SECONDS} s, 212 of 512 MB")

    def read(self) -> Sequence[str]:
        told, self.lines = self.lines, []
        return told


def draw(scale: str) -> Group:
    """Watches a first sync from its beginning to the verification.

    Args:
        scale: of the simulated retailer.

    Returns:
        What was on the screen in the middle, and what was printed at the end.
    """
    home = warehouse.home()
    with warehouse.connect(home, autocommit=True) as conn:
        landed = simulate(conn, SOURCE, scale=scale, seed=4, dirt=0, home=home)  # type: ignore[arg-type]
        views = _watched(conn, landed.last_sync)
        note_landing(conn, SCHEMA, home)
        target = find_target(None)
        verification = verify(conn, SCHEMA, TABLES, landed.last_sync, lambda: ask_dbt(target, SCHEMA))
    shown = next(view for view in views if view.elapsed >= SHOWN_AT)
    later = Console(file=io.StringIO(), width=WIDTH, record=True)
    show_verification(verification, later)
    end = Text(f"\n… {MINUTES - SHOWN_AT // timedelta(minutes=1)} minutes later: Ended: succeeded\n", style="dim")
    return Group(picture(shown), end, Text.from_ansi(later.export_text(styles=True)))


def _watched(conn: psycopg.Connection, ended_at: datetime) -> list[View]:
    began = ended_at - timedelta(minutes=MINUTES)
    fake = FakeFivetran(began=began)
    connection = fake.add_connection(SCHEMA)
    connection["status"] |= {"setup_state": "connected"}
    arriving = Arriving(conn, SOURCE, SCHEMA, TABLES)
    expected = arriving.left
    steps = uneven(sum(expected.values()), MINUTES * 60 // _STEP_SECONDS - 6)
    log = Lambda()
    fake.schedule(
        connection["id"],
        [
            Step(20, {"sync_state": "syncing"}),
            Step(600, {"warnings": [{"code": "", "message": "Version 1 of the function's answer has no hasMore."}]}),
            Step(MINUTES * 60, {"sync_state": "scheduled", "is_historical_sync": False}, succeeded=True),
        ],
    )

    def sleep(seconds: float) -> None:
        fake.clock.sleep(seconds)
        number = int(fake.clock.now // _STEP_SECONDS) - 2
        if 0 <= number < len(steps) and steps[number]:
            log.called(fake.now(), arriving.land(steps[number], fake.now()))
            steps[number] = 0
            if number % 9 == 8:
                log.ended(fake.now())

    client = Fivetran(KEY, SECRET, transport=fake.transport(), sleep=sleep, clock=fake.clock)
    counter = Counter(SCHEMA, TABLES)
    views: list[View] = []
    watch_sync(
        Sources(lambda: client.connection(connection["id"]), lambda: counter.count(conn), log.read),
        TABLES,
        Clock(fake.now, sleep),
        views.append,
        expected=expected,
        intervals=Intervals(screen=10),
    )
    return views


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--scale", default="small")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prohandel-picture-") as folder:
        os.environ["PROHANDEL_HOME"] = f"{folder}/home"
        try:
            drawn = draw(given.scale)
        finally:
            warehouse.stop()
    console = Console(file=io.StringIO(), width=WIDTH, record=True, force_terminal=True)
    console.print(drawn)
    svg = console.export_svg(title="prohandel connector watch", theme=DIMMED_MONOKAI, unique_id="watch")
    given.file.write_text(without_fonts(svg), encoding="utf-8")


def without_fonts(svg: str) -> str:
    """The picture with the fonts of the reader's machine: rich names one that is loaded from the web."""
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")


if __name__ == "__main__":
    main()
