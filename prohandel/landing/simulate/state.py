"""What the retailer remembers between hourly syncs, and how it is kept on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from prohandel.errors import ProhandelError
from prohandel.landing.simulate.config import Columns, GenerationChoice, IntArray
from prohandel.landing.simulate.stock import StockState

FORMAT = 1
UNSEEN = -1_000_000
"""Landed quantity of a cell that has no row of `inventory` yet."""

_STOCK_ARRAYS = ("on_hand", "returned", "rate", "sold", "under_way", "pushed")


@dataclass
class News:
    """Supplier orders received, stock changes seen and dirt planted since the truth was written."""

    orders: list[Columns] = field(default_factory=list)
    changes: list[Columns] = field(default_factory=list)
    planted: list[pl.DataFrame] = field(default_factory=list)
    since_hour: int | None = None


@dataclass
class RetailerState:
    """The retailer after its last sync.

    Attributes:
        stock: the stock and what is under way; its `hour` is the clock.
        next_line: number of the next till line.
        seen_quantity, seen_since: per cell the landed quantity (UNSEEN = none) and the UTC microseconds of the
            sync that its open history row started with.
        recent: landed sale rows of the last weeks (declared names), which may yet be corrected or deleted.
        open_orders: rows of `order` that are not delivered yet.
        waiting: rows by table that land later, with `due_hour`.
        synced_at: time of that sync.
        first_open_day: first day that the daily truth lacks.
        movements, lines: those since the start of that day.
        news: what the truth by event lacks; never saved, since it is written before the state is.
    """

    scale: str
    seed: int
    generation: GenerationChoice
    dirt: float
    purchase_orders: bool
    stock: StockState
    next_line: int
    seen_quantity: IntArray
    seen_since: IntArray
    recent: pl.DataFrame
    open_orders: pl.DataFrame
    synced_at: datetime
    first_open_day: int
    movements: Columns
    lines: Columns
    waiting: dict[str, pl.DataFrame] = field(default_factory=dict)
    news: News = field(default_factory=lambda: News())

    def copy(self) -> RetailerState:
        """A state that can change without this one changing (frames are never changed in place)."""
        stock = replace(self.stock, **{name: getattr(self.stock, name).copy() for name in _STOCK_ARRAYS})
        return replace(
            self,
            stock=stock,
            seen_quantity=self.seen_quantity.copy(),
            seen_since=self.seen_since.copy(),
            waiting=dict(self.waiting),
            news=News(list(self.news.orders), list(self.news.changes), list(self.news.planted), self.news.since_hour),
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What has to stay the same for the retailer to go on."""
        return {
            "scale": self.scale,
            "seed": self.seed,
            "generation": self.generation,
            "dirt": self.dirt,
            "purchase_orders": self.purchase_orders,
        }


def _folder(home: Path) -> Path:
    return home / "simulation"


def exists(home: Path) -> bool:
    """Whether a retailer was saved in this home."""
    return (_folder(home) / "state.json").exists()


def save(state: RetailerState, home: Path, tag: dict[str, Any]) -> None:
    """Saves the state; `tag` (what the rows landed in) is given back by `load`.

    The state goes into a new folder, and state.json, which names that folder, is replaced last: a run that is
    killed leaves the former state whole.
    """
    root = _folder(home)
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"sync_{state.synced_at:%Y%m%dT%H%M}"
    folder.mkdir(exist_ok=True)
    arrays: dict[str, Any] = {name: getattr(state.stock, name) for name in _STOCK_ARRAYS}
    arrays |= {"seen_quantity": state.seen_quantity, "seen_since": state.seen_since}
    for prefix, columns in (
        ("shipments", state.stock.shipments),
        ("pending", state.stock.pending),
        ("movements", state.movements),
        ("lines", state.lines),
    ):
        arrays |= {f"{prefix}.{name}": values for name, values in columns.items()}
    np.savez_compressed(folder / "arrays.npz", **arrays)
    state.recent.write_parquet(folder / "recent.parquet")
    state.open_orders.write_parquet(folder / "open_orders.parquet")
    for table, rows in state.waiting.items():
        rows.write_parquet(folder / f"waiting_{table}.parquet")
    document = {
        "format": FORMAT,
        **state.identity,
        "hour": state.stock.hour,
        "synced_at": state.synced_at.isoformat(),
        "next_order": state.stock.next_order,
        "next_line": state.next_line,
        "first_open_day": state.first_open_day,
        "waiting": sorted(state.waiting),
        "folder": folder.name,
        "tag": tag,
    }
    new = root / "state.json.new"
    new.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    new.replace(root / "state.json")
    for old in root.glob("sync_*"):
        if old != folder:
            for path in old.iterdir():
                path.unlink()
            old.rmdir()


def load(home: Path) -> tuple[RetailerState, dict[str, Any]]:
    """The saved state and its tag.

    Raises:
        ProhandelError: the state was saved by another version, or is damaged.
    """
    root = _folder(home)
    document = json.loads((root / "state.json").read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise ProhandelError(
            f"The simulated retailer in {root} was saved by another version of prohandel.",
            "Start a new one: prohandel db reset, then land again.",
        )
    folder = root / document["folder"]
    try:
        with np.load(folder / "arrays.npz", allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
        waiting = {table: pl.read_parquet(folder / f"waiting_{table}.parquet") for table in document["waiting"]}
        recent = pl.read_parquet(folder / "recent.parquet")
        open_orders = pl.read_parquet(folder / "open_orders.parquet")
    except (OSError, ValueError) as error:
        raise ProhandelError(
            f"The simulated retailer in {folder} cannot be read: {error}",
            "Start a new one: prohandel db reset, then land again.",
        ) from error

    def columns(prefix: str) -> Columns:
        return {name.removeprefix(f"{prefix}."): v for name, v in arrays.items() if name.startswith(f"{prefix}.")}

    stock = StockState(
        hour=document["hour"],
        next_order=document["next_order"],
        shipments=columns("shipments"),
        pending=columns("pending"),
        **{name: arrays[name] for name in _STOCK_ARRAYS},
    )
    identity = {f.name: document[f.name] for f in fields(RetailerState) if f.name in document and f.name != "waiting"}
    for name in ("next_line", "synced_at"):
        identity.pop(name)
    state = RetailerState(
        **identity,
        stock=stock,
        next_line=document["next_line"],
        synced_at=datetime.fromisoformat(document["synced_at"]),
        seen_quantity=arrays["seen_quantity"],
        seen_since=arrays["seen_since"],
        recent=recent,
        open_orders=open_orders,
        waiting=waiting,
        movements=columns("movements"),
        lines=columns("lines"),
    )
    return state, document["tag"]
