"""Lands the simulated retailer: its history at first, more hourly syncs of the same retailer at every further call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter

import psycopg

from prohandel.errors import ProhandelError
from prohandel.landing.simulate import history, state, truth, world
from prohandel.landing.simulate.config import DEFAULT_DIRT, GenerationChoice, ScaleName, scale_named
from prohandel.landing.simulate.step import flush_truth, step
from prohandel.landing.upsert import Batch, column_types, upsert

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Summary:
    """What a landing did.

    Attributes:
        rows: rows landed (inserted or updated) per table; empty where everything was reused.
        reused: the history had landed before and stayed as it is.
        syncs: hourly syncs landed after the history.
        last_sync: time of the last sync.
        planted: traps planted in this landing.
        seconds: wall-clock seconds.
    """

    scale: str
    seed: int
    generation: str
    dirt: float
    reused: bool
    syncs: int
    last_sync: datetime
    planted: int
    seconds: float
    rows: dict[str, int] = field(default_factory=dict)


def _silent(_text: str, _share: float) -> None:
    return None


def simulate(
    conn: psycopg.Connection,
    schema: str,
    *,
    scale: ScaleName = "demo",
    seed: int = 1,
    syncs: int = 0,
    generation: GenerationChoice = "declared",
    dirt: float = DEFAULT_DIRT,
    home: Path,
    progress: Progress = _silent,
    purchase_orders: bool = False,
) -> Summary:
    """Lands the history where this home has none yet, and then `syncs` more hourly syncs.

    Args:
        conn: connection to the warehouse; every table's batch is a transaction.
        schema: landed schema.
        dirt: share of a table's rows that each trap of landing.md hits; 0 = clean.
        home: folder that keeps the retailer's state (`simulation/`) and the truth (`truth/`).
        progress: called with what is being done and the share done, 0 to 1.
        purchase_orders: land the optional `purchase_order` as well.

    Raises:
        ProhandelError: the scale is unknown, or this home holds another retailer.
    """
    started = perf_counter()
    if not 0 <= dirt <= 0.2:
        raise ProhandelError(f"A dirt rate of {dirt} is out of range.", "Give a share between 0 and 0.2, e.g. 0.001.")
    static = world.build(scale_named(scale), seed)
    counts: dict[str, int] = {}
    planted = 0
    wanted = {"scale": scale, "seed": seed, "generation": generation, "dirt": dirt, "purchase_orders": purchase_orders}
    reused = state.exists(home)
    if reused:
        current, tag = state.load(home)
        _same_retailer(wanted, current.identity)
        reused = tag == {"schema": schema} and bool(column_types(conn, schema, "sale"))
    if not reused:
        made = history.make(
            static, generation, dirt, purchase_orders=purchase_orders, progress=lambda t, s: progress(t, 0.6 * s)
        )
        for i, batch in enumerate(made.batches):
            progress(f"landing {batch.table}", 0.6 + 0.35 * i / len(made.batches))
            _land(conn, schema, batch, counts)
        truth.write(static, home, made.truth, made.planted, append=False)
        current = made.state
        planted = made.planted.height
        state.save(current, home, {"schema": schema})
    for n in range(syncs):
        progress(f"sync {n + 1} of {syncs}", 0.95 * (n / syncs if reused else 1.0))
        batches, current = step(static, current)
        with conn.transaction():
            for batch in batches:
                _land(conn, schema, batch, counts)
    if syncs:
        new_truth, new_planted = flush_truth(static, current)
        truth.write(static, home, new_truth, new_planted, append=True)
        planted += new_planted.height
        state.save(current, home, {"schema": schema})
    progress("done", 1.0)
    return Summary(
        scale=scale,
        seed=seed,
        generation=generation,
        dirt=dirt,
        reused=reused,
        syncs=syncs,
        last_sync=current.synced_at,
        planted=planted,
        seconds=round(perf_counter() - started, 2),
        rows=counts,
    )


def _same_retailer(wanted: Mapping[str, object], saved: Mapping[str, object]) -> None:
    different = {name: (value, saved[name]) for name, value in wanted.items() if saved[name] != value}
    if different:
        said = ", ".join(f"{name} {old} (now asked: {new})" for name, (new, old) in different.items())
        raise ProhandelError(
            f"This home holds another simulated retailer: {said}.",
            "Ask for the same one, take another PROHANDEL_HOME, or start anew with 'prohandel db reset'.",
        )


def _land(conn: psycopg.Connection, schema: str, batch: Batch, counts: dict[str, int]) -> None:
    done = upsert(conn, schema, batch)
    counts[batch.table] = counts.get(batch.table, 0) + done.inserted + done.updated
