"""The truth behind the landed rows, as Parquet in `<home>/truth`: what tests and forecasts are judged by.

Models never read it.

| file | grain | content |
|---|---|---|
| demand | day, branch, article | demand_mean and dispersion (size k) that made demand_units; sold_units of it |
| stock_daily | day, branch, article with stock or movements | opening_stock, movements by kind, closing_stock (1) |
| stock_changes | branch, article, size, sync | stock as the hourly sync saw it, one row per change |
| receipts | supplier order, article, size | ordered_on, planned_on, received_on, lead_time_days, units |
| transfers | time, branch, article, size | units leaving (negative) and arriving |
| shrinkage | time, branch, article, size | units lost |
| promotions | promotion | days, channel, category (null = all), discount |
| planted | trap, table, key | what dirt was planted where |

(1) opening_stock + receipts + transfers_in + returns - sales - transfers_out - shrinkage - clearance = closing_stock;
no row means neither stock nor movement.

Days are Berlin business days, only complete ones in the daily files; the web shop's sales move stock of the warehouse.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from prohandel.landing.simulate.assortment import Assortment
from prohandel.landing.simulate.catalogue import LEAVES
from prohandel.landing.simulate.config import Columns, IntArray
from prohandel.landing.simulate.demand import block_of
from prohandel.landing.simulate.rows import cell_columns, local_time, sync_at
from prohandel.landing.simulate.stock import (
    CLEARANCE,
    RECEIPT,
    RETURN,
    SALE,
    SHRINKAGE,
    TRANSFER_IN,
    TRANSFER_OUT,
    take,
)
from prohandel.landing.simulate.world import World

_DAYS_AT_ONCE = 60
_KINDS = {
    RECEIPT: ("receipts", 1),
    TRANSFER_IN: ("transfers_in", 1),
    RETURN: ("returns", 1),
    SALE: ("sales", -1),
    TRANSFER_OUT: ("transfers_out", -1),
    SHRINKAGE: ("shrinkage", -1),
    CLEARANCE: ("clearance", -1),
}
PLANTED_SCHEMA = {"trap": pl.String, "table": pl.String, "key": pl.String, "detail": pl.String}


def _days(a: Assortment, day: IntArray) -> pl.Series:
    frame = pl.DataFrame({"day": day}, schema_overrides={"day": pl.Int64})
    return frame.select((pl.lit(a.begin) + pl.duration(days="day")).cast(pl.Date)).to_series().alias("date_day")


def _numbers(a: Assortment, branch: IntArray, article: IntArray) -> dict[str, pl.Series]:
    return {
        "branch_number": pl.Series([b.number for b in a.branches]).gather(pl.Series(branch)),
        "article_number": pl.Series(a.number).gather(pl.Series(article)),
    }


def demand(world: World, first_day: int, last_day: int, lines: Columns) -> pl.DataFrame:
    """Demand of each pair on the days [first_day, last_day], and what of it was sold."""
    a = world.assortment
    sold = take(lines, (lines["quantity"] > 0) & (lines["cell"] >= 0))
    base = len(a.branches) * a.articles
    sold_key = (sold["day"] * a.articles + sold["article"]) * len(a.branches) + sold["branch"]
    keys, inverse = np.unique(sold_key, return_inverse=True)
    units = np.bincount(inverse, sold["quantity"], len(keys)).astype(np.int64)
    frames = []
    for block in range(block_of(first_day), block_of(last_day) + 1):
        drawn = world.demand(block)
        within = (drawn.day >= first_day) & (drawn.day <= last_day)
        day, pair = drawn.day[within], drawn.pair[within]
        article, branch = a.pair_article[pair], a.pair_branch[pair]
        key = day * base + article * len(a.branches) + branch
        at = np.minimum(np.searchsorted(keys, key), max(len(keys) - 1, 0))
        hit = keys[at] == key if len(keys) else np.zeros(len(key), dtype=bool)
        frames.append(
            pl.DataFrame(
                {
                    "date_day": _days(a, day),
                    **_numbers(a, branch, article),
                    "demand_mean": drawn.mean[within],
                    "dispersion": a.pair_dispersion[pair],
                    "demand_units": drawn.units[within].astype(np.int32),
                    "sold_units": (np.where(hit, units[at], 0) if len(keys) else np.zeros(len(key))).astype(np.int32),
                }
            )
        )
    return pl.concat(frames)


def stock_daily(a: Assortment, first_day: int, last_day: int, opening: IntArray, movements: Columns) -> pl.DataFrame:
    """Opening stock, movements by kind and closing stock of each pair on the days [first_day, last_day].

    Args:
        opening: units per cell at the start of first_day.
        movements: those of the days, in any order; later ones are ignored.
    """
    key = a.cell_article * len(a.branches) + a.cell_branch
    pairs, pair_of = np.unique(key, return_inverse=True)
    level = np.bincount(pair_of, opening, len(pairs)).astype(np.int64)
    move_day = movements["t"] // 86_400
    frames = []
    for start in range(first_day, last_day + 1, _DAYS_AT_ONCE):
        days = min(_DAYS_AT_ONCE, last_day + 1 - start)
        within = (move_day >= start) & (move_day < start + days)
        chunk = take(movements, within)
        at = pair_of[chunk["cell"]] * days + (move_day[within] - start)
        size = len(pairs) * days
        net = np.bincount(at, chunk["units"], size).astype(np.int64).reshape(len(pairs), days)
        closing = level[:, None] + np.cumsum(net, axis=1)
        opened = closing - net
        moved = np.bincount(at, minlength=size).reshape(len(pairs), days) > 0
        day, pair = np.nonzero(((opened != 0) | moved).T)
        columns: dict[str, pl.Series | IntArray] = {
            "date_day": _days(a, day + start),
            **_numbers(a, pairs[pair] % len(a.branches), pairs[pair] // len(a.branches)),
            "opening_stock": opened[pair, day].astype(np.int32),
        }
        for kind, (name, sign) in _KINDS.items():
            of_kind = chunk["kind"] == kind
            cube = np.bincount(at[of_kind], chunk["units"][of_kind] * sign, size).reshape(len(pairs), days)
            columns[name] = cube[pair, day].astype(np.int32)
        columns["closing_stock"] = closing[pair, day].astype(np.int32)
        frames.append(pl.DataFrame(columns))
        level = closing[:, -1]
    return pl.concat(frames)


def stock_changes(a: Assortment, changes: Columns) -> pl.DataFrame:
    """Stock as the hourly syncs see it (see rows.stock_changes)."""
    keys = cell_columns(a, changes["cell"])
    return pl.DataFrame(
        {
            **{name: keys[name] for name in ("branch_number", "article_number", "article_size_number")},
            "hour": changes["hour"],
            "quantity": changes["quantity"],
        }
    ).select(pl.exclude("hour", "quantity"), synced_at=sync_at(a, pl.col("hour")), quantity="quantity")


def _movement_rows(a: Assortment, movements: Columns, kinds: tuple[int, ...]) -> pl.DataFrame:
    chosen = take(movements, np.isin(movements["kind"], kinds))
    keys = cell_columns(a, chosen["cell"])
    return pl.DataFrame(
        {
            "t": chosen["t"],
            **{name: keys[name] for name in ("branch_number", "article_number", "article_size_number")},
            "units": chosen["units"],
        }
    ).select(pl.exclude("t"), moved_at=local_time(a, pl.col("t")))


def _receipts(a: Assortment, orders: Columns) -> pl.DataFrame:
    keys = cell_columns(a, orders["cell"])
    return pl.DataFrame(
        {
            "order_number": orders["number"],
            **{name: keys[name] for name in ("branch_number", "article_number", "article_size_number")},
            "ordered_on": _days(a, orders["ordered_day"]),
            "planned_on": _days(a, orders["planned_day"]),
            "received_on": _days(a, orders["arrived_day"]),
            "lead_time_days": orders["arrived_day"] - orders["ordered_day"],
            "units": orders["units"],
        }
    )


def _promotions(world: World) -> pl.DataFrame:
    a = world.assortment
    rows = [
        {
            "name": p.name,
            "first_day": a.day_of(p.first_day),
            "last_day": a.day_of(p.last_day),
            "channel": p.channel,
            "category": None if p.leaf is None else LEAVES[p.leaf].name,
            "discount": p.discount,
        }
        for p in world.conditions.promotions
    ]
    return pl.DataFrame(rows, schema_overrides={"category": pl.String}, infer_schema_length=None)


def frames(
    world: World,
    *,
    days: tuple[int, int],
    opening: IntArray,
    movements: Columns,
    lines: Columns,
    orders: Columns,
    changes: Columns,
    since: int,
) -> dict[str, pl.DataFrame]:
    """The truth's frames of a span of time by file name, `planted` apart.

    Args:
        days: first and last complete day of the daily files (none where the last is before the first).
        opening: units per cell at the start of the first day.
        movements, lines: those from the start of the first day on.
        orders: supplier orders received in the span.
        changes: see rows.stock_changes.
        since: second from which movements are new for the files by event.
    """
    a = world.assortment
    new = take(movements, movements["t"] >= since)
    result = {
        "stock_changes": stock_changes(a, changes),
        "receipts": _receipts(a, orders),
        "transfers": _movement_rows(a, new, (TRANSFER_IN, TRANSFER_OUT)),
        "shrinkage": _movement_rows(a, new, (SHRINKAGE,)),
    }
    if days[1] >= days[0]:
        result["demand"] = demand(world, *days, lines)
        result["stock_daily"] = stock_daily(a, *days, opening, movements)
    return result


def write(world: World, home: Path, frames: dict[str, pl.DataFrame], planted: pl.DataFrame, *, append: bool) -> None:
    """Writes the truth, or appends a later span of time to it."""
    folder = home / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    everything = {**frames, "planted": planted}
    if not append:
        everything["promotions"] = _promotions(world)
    for name, frame in everything.items():
        path = folder / f"{name}.parquet"
        whole = pl.concat([pl.read_parquet(path), frame]) if append and path.exists() else frame
        new = path.with_suffix(".new")
        whole.write_parquet(new, compression="lz4", statistics=False)
        new.replace(path)
