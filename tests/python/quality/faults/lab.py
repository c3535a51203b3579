"""A simulated retailer whose hours land clean or faulty, and what is said about them.

Run by `make faults`: two retailers run clean for three weeks, each fault is planted in a copy of one of them, and a
third runs clean through 30 days with Easter, a sale event, a new branch and the spring season. What is done is kept in
target/faults until all of it is: a run that was broken off goes on there.
"""

from __future__ import annotations

import argparse
import pickle
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
import psycopg
from psycopg import sql

from prohandel import warehouse
from prohandel.landing.simulate import history, world
from prohandel.landing.simulate.config import ALL_BRANCHES, BERLIN, LAST_SYNC, Scale
from prohandel.landing.simulate.state import RetailerState
from prohandel.landing.simulate.step import step
from prohandel.landing.simulate.world import World
from prohandel.landing.upsert import Batch, upsert
from prohandel.pipeline.target import PROJECT, Target
from prohandel.quality.channels import Rules
from prohandel.quality.watch import watch
from tests.python.quality.faults.plants import Batches, Fault, Hour
from tests.python.quality.faults.report import CleanRun, Outcome, markdown
from tests.python.quality.faults.scored import FAULTS
from tests.python.scenarios.harness import Warehouse

PLACE = PROJECT / "target" / "faults"
SEEDS = (35, 36)
"""The retailers that faults are planted in; detection was tuned on seeds 1 to 3, 11 to 13, 21 to 24 and 31 to 34."""
CLEAN_SEED = 37
SCALE = Scale("demo", tuple(branch.number for branch in ALL_BRANCHES), date(2025, 11, 24), 300, 60, 2_000, 60_000, 2.5)
DIRT = 0.0005
WARM_DAYS = 23
"""Until a Monday: what is planted falls on days on which all branches are open."""
RUNS_AT = (12, 16, 21)
"""Local hours of the runs of a day. Hourly ones would say the same earlier."""
CLEAN_FROM, CLEAN_DAYS = date(2026, 3, 30), 30
NEW_BRANCH, NEW_BRANCH_OPENS = "0908", date(2026, 4, 9)
# What the signals and the history of tables, columns, tests and schema are built from.
_MEASURED = ("+signals", "column_metrics", "landed_columns", "schema_changes", "table_metrics", "test_results",
             "int_branches__resolved", "resource_type:seed")  # fmt: skip

Change = Callable[[Batches, datetime], Batches]


def _unchanged(batches: Batches, _: datetime) -> Batches:
    return batches


@dataclass
class Retailer:
    """A retailer in a database of its own, hour by hour.

    Attributes:
        warehouse: its database.
        world: what is fixed of it.
        state: after the newest hour.
    """

    warehouse: Warehouse
    world: World
    state: RetailerState
    change: Change = _unchanged

    @classmethod
    def found(cls, name: str, seed: int, change: Change | None = None) -> Retailer:
        """Three months of history, landed and measured."""
        home = PLACE / "home"
        with psycopg.connect(warehouse.url(home, "postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        static = world.build(SCALE, seed)
        made = history.make(static, "declared", DIRT, purchase_orders=False, progress=lambda *_: None)
        workdir = PLACE / f"work_{name}"
        workdir.mkdir(parents=True, exist_ok=True)
        retailer = cls(Warehouse(warehouse.parameters(home)["host"], name, workdir), static, made.state)
        if change is not None:
            retailer.change = change
        retailer._land(retailer.change(made.batches, LAST_SYNC))
        retailer.run()
        return retailer

    def copy(self, name: str) -> Retailer:
        return Retailer(self.warehouse.clone(name), self.world, self.state.copy())

    def hour(self, plant: Callable[[Batches], Batches] = lambda batches: batches) -> datetime:
        """One more hour; returns the local time of its sync."""
        batches, self.state = step(self.world, self.state)
        self._land(plant(self.change(batches, self.state.synced_at)))
        return self.state.synced_at.astimezone(BERLIN)

    def _land(self, batches: Sequence[Batch]) -> None:
        with self.warehouse.connect() as conn:
            for batch in batches:
                upsert(conn, "prohandel", batch)

    def run(self) -> list[tuple[str, str, str]]:
        """Measures and looks; returns kind, table and first sentence of each incident that is opened."""
        skipped = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        self.warehouse.dbt("build", "--select", *_MEASURED, *skipped)
        seen = watch(self._target(), Rules(), self.state.synced_at)
        return [(one.kind, one.table, one.symptoms[0]) for one in seen.changes.opened]

    def _target(self) -> Target:
        at = self.warehouse
        connection = {"host": at.socket_dir, "port": "5432", "user": "postgres", "dbname": at.name}
        return Target("embedded", at.workdir, "analytics", connection, None, at.workdir)


def warmed(seed: int) -> Retailer:
    """A retailer after three clean weeks of runs, or the one that an earlier run has kept."""
    kept = PLACE / f"warmed_{seed}.pickle"
    if kept.exists():
        return cast(Retailer, pickle.loads(kept.read_bytes()))  # noqa: S301
    retailer = Retailer.found(f"faults_{seed}", seed)
    for _ in range(24 * WARM_DAYS):
        if retailer.hour().hour in RUNS_AT:
            retailer.run()
    kept.write_bytes(pickle.dumps(retailer))
    return retailer


def plant(retailer: Retailer, fault: Fault, seed: int, number: int) -> Outcome:
    """Plants a fault in a copy of the retailer; runs right before it, as an hourly schedule does, and behind it."""
    copy = retailer.copy(f"faults_{seed}_planted")
    rng = np.random.default_rng([seed, number])
    done = 0
    while done < fault.hours:
        # The hour that the step is about to make.
        upcoming = (copy.state.synced_at + timedelta(hours=1)).astimezone(BERLIN)
        if done or upcoming.hour == fault.begins:
            with copy.warehouse.connect() as conn:
                copy.hour(lambda batches, at=done, conn=conn: fault.plant(Hour(batches, conn, rng, at)))  # type: ignore[misc]
            done += 1
        elif copy.hour().hour == fault.begins - 1:
            copy.run()
    said = copy.run()
    is_named = any(table in fault.tables and kind in fault.named for kind, table, _ in said)
    return Outcome(fault.kind, fault.parameters, seed, bool(said), is_named, tuple(said))


def score(seed: int) -> list[Outcome]:
    """Every other fault, planted in the retailer of a seed."""
    kept = PLACE / f"outcomes_{seed}.pickle"
    outcomes: list[Outcome] = pickle.loads(kept.read_bytes()) if kept.exists() else []  # noqa: S301
    retailer = warmed(seed)
    mine = [number for number in range(len(FAULTS)) if number % len(SEEDS) == SEEDS.index(seed)]
    for number in mine[len(outcomes) :]:
        outcomes.append(plant(retailer, FAULTS[number], seed, number))
        print(outcomes[-1].line(), flush=True)
        kept.write_bytes(pickle.dumps(outcomes))
    return outcomes


def clean(seed: int) -> CleanRun:
    """Thirty days in which nothing goes wrong."""
    kept = PLACE / f"clean_{seed}.pickle"
    if kept.exists():
        return cast(CleanRun, pickle.loads(kept.read_bytes()))  # noqa: S301
    retailer = Retailer.found(f"faults_clean_{seed}", seed, partial(_without_branch, NEW_BRANCH, NEW_BRANCH_OPENS))
    said: list[tuple[datetime, str, str, str]] = []
    runs = 0
    while True:
        at = retailer.hour()
        day = (at.date() - CLEAN_FROM).days
        if day >= CLEAN_DAYS:
            done = CleanRun(seed, CLEAN_DAYS, runs, tuple(said))
            kept.write_bytes(pickle.dumps(done))
            return done
        if at.hour in RUNS_AT:
            opened = retailer.run()
            if day >= 0:
                runs += 1
                said += [(at, *one) for one in opened]
                for one in opened:
                    print(f"false alarm {at:%d.%m. %H:%M}: {one}", flush=True)


def _without_branch(branch: str, opens: date, batches: Batches, at: datetime) -> Batches:
    """What lands of a retailer whose branch has not opened yet; the branch itself is known before."""
    if at.astimezone(BERLIN).date() >= opens:
        return batches
    return [
        replace(batch, rows=batch.rows.filter(_is_elsewhere(batch.rows, branch)))
        if batch.table != "shop" and "branch_number" in batch.rows.columns
        else batch
        for batch in batches
    ]


def _is_elsewhere(rows: pl.DataFrame, branch: str) -> pl.Series:
    return (rows["branch_number"].cast(pl.String) != branch).fill_null(True)


def main() -> None:
    """Scores all faults and the clean days at the same time; prints the table and writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="Markdown file to write.")
    wanted = parser.parse_args().write
    PLACE.mkdir(parents=True, exist_ok=True)
    warehouse.start(PLACE / "home")
    try:
        with ProcessPoolExecutor(len(SEEDS) + 1) as pool:
            scored = [pool.submit(score, seed) for seed in SEEDS]
            unharmed = pool.submit(clean, CLEAN_SEED)
            outcomes = [outcome for future in scored for outcome in future.result()]
            text = markdown(outcomes, unharmed.result())
    finally:
        warehouse.stop(PLACE / "home")
    print(text)
    if wanted:
        wanted.write_text(text, encoding="utf-8")
    shutil.rmtree(PLACE, ignore_errors=True)


if __name__ == "__main__":
    main()
