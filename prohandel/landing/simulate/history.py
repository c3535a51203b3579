"""The history up to the last sync, in one go: what happened, the rows that land, the truth, and the state after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time

import numpy as np
import polars as pl

from prohandel.landing.simulate import aggregates, dirt, rows, stock, truth
from prohandel.landing.simulate.config import LAST_SYNC, WEB, Columns, GenerationChoice
from prohandel.landing.simulate.generations import References, landed, references
from prohandel.landing.simulate.rows import SYNCED
from prohandel.landing.simulate.state import UNSEEN, RetailerState
from prohandel.landing.simulate.world import World
from prohandel.landing.upsert import Batch

Progress = Callable[[str, float], None]
RECENT_DAYS = 45


@dataclass(frozen=True)
class History:
    """Everything about the time up to the last sync."""

    batches: list[Batch]
    state: RetailerState
    truth: dict[str, pl.DataFrame]
    planted: pl.DataFrame


def _supplier_arrivals(log: stock.Log, since_day: int) -> Columns:
    empty = {**stock.no_shipments(), "arrived_day": np.zeros(0, np.int64)}
    arrived = stock.join(log.orders) if log.orders else empty
    return stock.take(arrived, arrived["arrived_day"] >= since_day)


def no_movements() -> Columns:
    return {name: np.zeros(0, np.int64) for name in ("t", "cell", "units", "kind")}


def make(
    world: World, generation: GenerationChoice, rate: float, *, purchase_orders: bool, progress: Progress
) -> History:
    """The history of a world.

    Args:
        rate: share of rows that each trap hits; 0 plants none.
        purchase_orders: land `purchase_order` too.
        progress: called with what is being done and the share done of the history, 0 to 1.
    """
    a = world.assortment
    progress("simulating the warm-up", 0.0)
    current = stock.first_state(a)
    first, last = world.first_landed_hour, world.last_hour
    plan = world.plan(0, last)
    stock.advance(a, world.conditions, world.warehouse, current, plan, first, stock.Log())
    opening = current.on_hand.copy()
    log = stock.Log()
    for day in range(a.first_landed_day, a.last_day + 1):
        if (day - a.first_landed_day) % 91 == 0:
            done = (day - a.first_landed_day) / a.scale.days
            progress(f"simulating {a.day_of(day):%B %Y}", 0.05 + 0.5 * done)
        stock.advance(a, world.conditions, world.warehouse, current, plan, min((day + 1) * 24, last), log)

    progress("writing receipts", 0.55)
    lines = rows.in_order(log.lines)
    movements = stock.join(log.movements) if log.movements else no_movements()
    arrived = _supplier_arrivals(log, a.first_landed_day)
    seen = (opening != 0) & (a.created[a.cell_article] <= a.first_landed_day)
    changes = rows.stock_changes(opening, seen, movements, first)

    sales = rows.sales(world, lines, 0)
    until = LAST_SYNC.astimezone(UTC)
    order = rows.orders(sales, WEB, until)
    inventory_history = rows.inventory_history(a, changes)
    tables: dict[str, pl.DataFrame] = {
        "shop": rows.shops(a),
        "category": rows.categories(a)[0],
        "supplier": rows.suppliers(a),
        "article": rows.articles(world, last, current.on_hand),
        "customer": rows.customers(world, last),
        "order": order,
        "sale": sales,
        "inventory_history": inventory_history,
    }
    if purchase_orders:
        external = current.shipments["source"] == stock.FROM_SUPPLIER
        ordered = external & (current.shipments["ordered_day"] * 24 + stock.EVENING < last)
        tables["purchase_order"] = rows.purchase_orders(a, stock.take(current.shipments, ordered), arrived)
    progress("planting dirt" if rate else "keeping the rows clean", 0.65)
    soiled = dirt.history(world, tables, rate, movements)
    tables = soiled.tables
    current_rows = rows.current_inventory(tables["inventory_history"])
    tables["inventory"], also_planted = dirt.soiled_inventory(world, rate, current_rows)
    planted = pl.concat([soiled.planted, also_planted])

    progress("writing down the truth", 0.72)
    last_complete = last // 24 - 1
    known = truth.frames(
        world,
        days=(a.first_landed_day, last_complete),
        opening=opening,
        movements=movements,
        lines=lines,
        orders=arrived,
        changes=changes,
        since=first * 3_600,
    )
    after = _state_after(world, generation, rate, purchase_orders, current, movements, lines, changes, tables, soiled)
    progress("naming columns", 0.9)
    tables |= aggregate(tables)
    refs = references(a, world.people)
    batches = [
        Batch(table, landed(table, frame, generation, refs, is_newer(world, table, frame)), until)
        for table, frame in tables.items()
    ]
    return History(batches, after, known, planted)


def is_newer(world: World, table: str, frame: pl.DataFrame) -> pl.Series:
    """Which rows of a mixed landing carry the API's names: those of the later half of the history, and every second
    row of tables without a history."""
    if table in ("shop", "category", "supplier"):
        return pl.select(pl.int_range(frame.height) % 2 == 1).to_series()
    middle = world.assortment.day_of((world.assortment.first_landed_day + world.assortment.last_day) // 2)
    at = datetime(middle.year, middle.month, middle.day, tzinfo=UTC)
    moment = "created_at" if "created_at" in frame.columns else "ordered_at"
    moment = moment if moment in frame.columns else SYNCED
    return (frame[moment] >= at).fill_null(True)


def aggregate(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The three aggregate tables over rows of `sale`, `inventory` and `article`."""
    numbers = dirt.as_numbers
    sold = aggregates.with_batches(
        numbers(tables["sale"], ("quantity", "sale_price")).sort(SYNCED, maintain_order=True)
    )
    inventory = aggregates.with_batches(numbers(tables["inventory"], ("quantity",)).sort(SYNCED, maintain_order=True))
    return {
        "daily_sales_agg": aggregates.daily_sales(sold),
        "article_sales_agg": aggregates.article_sales(sold, tables["article"]),
        "warehouse_inventory_agg": aggregates.warehouse_inventory(inventory),
    }


def _state_after(
    world: World,
    generation: GenerationChoice,
    rate: float,
    purchase_orders: bool,
    current: stock.StockState,
    movements: Columns,
    lines: Columns,
    changes: Columns,
    tables: dict[str, pl.DataFrame],
    soiled: dirt.Soiled,
) -> RetailerState:
    a = world.assortment
    midnight = (current.hour // 24) * 86_400
    seen_quantity = np.full(len(a.cell_article), UNSEEN, dtype=np.int64)
    seen_since = np.zeros(len(a.cell_article), dtype=np.int64)
    # entries are in the order of time within a cell: the last one stays
    seen_quantity[changes["cell"]] = changes["quantity"]
    since = pl.DataFrame({"hour": changes["hour"]}).select(rows.sync_at(a, pl.col("hour"))).to_series()
    seen_since[changes["cell"]] = since.dt.epoch("us").to_numpy()
    for cell, quantity in soiled.seen_quantity.items():
        seen_quantity[cell] = quantity
    recent_since = local_day_start(world, current.hour // 24 - RECENT_DAYS)
    line_t = np.where(lines["quantity"] < 0, lines["return_at"], lines["t"])
    return RetailerState(
        scale=a.scale.name,
        seed=a.seed,
        generation=generation,
        dirt=rate,
        purchase_orders=purchase_orders,
        stock=current,
        next_line=len(lines["t"]),
        seen_quantity=seen_quantity,
        seen_since=seen_since,
        recent=tables["sale"].filter(pl.col("at") >= recent_since),
        open_orders=tables["order"].filter(pl.col("status") != "delivered"),
        synced_at=LAST_SYNC.astimezone(UTC),
        first_open_day=current.hour // 24,
        movements=stock.take(movements, movements["t"] >= midnight),
        lines=stock.take(lines, line_t >= midnight),
        waiting=soiled.waiting,
    )


def local_day_start(world: World, day: int) -> datetime:
    on = world.assortment.day_of(day)
    return datetime.combine(on, time.min)


__all__ = ["History", "References", "is_newer", "make", "no_movements"]
