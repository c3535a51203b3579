"""Readers go through builds that succeed, fail and are killed, and see neither a mix of two runs nor an error."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from prohandel import warehouse as embedded
from prohandel.pipeline.target import PROJECT

BUILDS = 20
FAILING = frozenset({3, 7, 8, 12, 17})
KILLED = frozenset({5, 14})
COPIED = (
    "analyses", "dbt_packages", "macros", "models", "packages", "prohandel", "seeds", "snapshots", "tests/generic",
    "tests/singular",
)  # fmt: skip

# Reads the landing through a mart, so that what comes after it is not built: a run that failed half way.
PLANTED = """
select planted.what
from public.planted_failure as planted
cross join (select 1 from {{ ref('fct_sale_lines') }} limit 1) as lines
"""

# Sums that are equal within every run, and three joins.
SUMS = """
select
    (select sum(net_revenue) from marts.fct_sale_lines),
    (select sum(net_revenue) from marts.fct_sales_daily),
    (select sum(net_revenue) from marts.branch_day_performance),
    (select count(*) from marts.fct_sale_lines)
"""
JOINED = """
select sum(lines.net_revenue)
from marts.fct_sale_lines as lines
inner join marts.dim_articles as articles on lines.article_number = articles.article_number
inner join marts.dim_shops as shops on lines.branch_number = shops.branch_number
inner join marts.dim_dates as days on lines.sale_date = days.date_day
"""
STOCK = """
select count(*), (select count(*) from marts.fct_inventory_daily where date_day = '2026-02-20')
from marts.inventory_status
"""


@dataclass
class Reader:
    """Reads in a loop, half of the time in one transaction and half of the time statement by statement."""

    dsn: str
    stopped: threading.Event = field(default_factory=threading.Event)
    reads: int = 0
    states: set[object] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def go(self) -> None:
        while not self.stopped.is_set():
            try:
                with psycopg.connect(self.dsn, autocommit=True) as conn:
                    while not self.stopped.is_set():
                        self._read(conn)
            except psycopg.Error as error:
                self.wrong.append(f"error: {error}")
                time.sleep(0.5)

    def _read(self, conn: psycopg.Connection) -> None:
        with conn.transaction():
            if self.reads % 2:
                conn.execute("set transaction isolation level repeatable read")
            sums = conn.execute(SUMS).fetchone()
            if self.reads % 2:
                again = conn.execute(SUMS).fetchone()
                joined = conn.execute(JOINED).fetchone()
                if again != sums or joined is None or sums is None or joined[0] != sums[0]:
                    self.wrong.append(f"changed within a transaction: {sums}, {again}, {joined}")
        stock = conn.execute(STOCK).fetchone()
        if sums is None or len(set(sums[:3])) != 1 or not sums[3]:
            self.wrong.append(f"a mix of two runs: {sums}")
        if stock is None or not all(stock):
            self.wrong.append(f"no stock: {stock}")
        self.reads += 1
        self.states.add(sums)


@dataclass(frozen=True)
class Retailer:
    """A copy of the project with a planted test, and its warehouse."""

    folder: Path
    home: Path

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "prohandel", *arguments],
            cwd=self.folder,
            env={**os.environ, "PROHANDEL_HOME": str(self.home), "PYTHONPATH": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def prohandel(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=600)
        return process.returncode, output.decode()


@pytest.fixture
def retailer(tmp_path: Path) -> Iterator[Retailer]:
    folder = tmp_path / "project"
    for name in COPIED:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "packages.yml", "pyproject.toml", ".dbtignore"):
        shutil.copy(PROJECT / name, folder)
    (folder / "tests/singular/planted.sql").write_text(PLANTED)
    made = Retailer(folder, tmp_path / "home")
    code, output = made.prohandel("land", "simulate", "--scale", "small", "--seed", "7")
    assert code == 0, output
    yield made
    embedded.stop(made.home)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_no_inconsistent_read_and_no_error(retailer: Retailer) -> None:
    dsn = embedded.url(retailer.home)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("create table public.planted_failure (what text)")
    code, output = retailer.prohandel("run", "--gate")
    assert code == 0, output
    readers = [Reader(dsn), Reader(dsn)]
    threads = [threading.Thread(target=reader.go) for reader in readers]
    for thread in threads:
        thread.start()
    chance = random.Random(20260301)  # noqa: S311
    try:
        for number in range(1, BUILDS + 1):
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute("truncate public.planted_failure")
                if number in FAILING:
                    conn.execute("insert into public.planted_failure values ('planted')")
            assert retailer.prohandel("land", "simulate", "--scale", "small", "--seed", "7", "--syncs", "1")[0] == 0
            if number in KILLED:
                process = retailer.start("run", "--gate")
                time.sleep(chance.uniform(8, 25))
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                continue
            code, output = retailer.prohandel("run", "--gate")
            assert code == (1 if number in FAILING else 0), output
    finally:
        for reader in readers:
            reader.stopped.set()
        for thread in threads:
            thread.join()
    states = readers[0].states | readers[1].states
    print(f"{sum(reader.reads for reader in readers)} reads of {len(states)} states")
    assert [wrong for reader in readers for wrong in reader.wrong] == []
    assert all(reader.reads > 100 for reader in readers)
    with psycopg.connect(dsn, autocommit=True) as conn:
        found = conn.execute("select outcome, count(*) from quality.publications group by outcome").fetchall()
    outcomes = {str(outcome): int(count) for outcome, count in found}
    published = outcomes["published"]
    assert outcomes["refused"] == len(FAILING)
    assert published in (1 + BUILDS - len(FAILING) - len(KILLED), 1 + BUILDS - len(FAILING))
    assert 2 < len(states) <= published
