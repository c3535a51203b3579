"""One more hour of the retailer, and the sync that ends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl

from prohandel.errors import ProhandelError
from prohandel.landing.simulate import dirt, rows, stock, truth
from prohandel.landing.simulate.assortment import Assortment
from prohandel.landing.simulate.calendar import to_utc
from prohandel.landing.simulate.config import WEB, Columns
from prohandel.landing.simulate.generations import landed, references
from prohandel.landing.simulate.history import RECENT_DAYS, aggregate, local_day_start, no_movements
from prohandel.landing.simulate.rows import OPEN_END, SYNCED
from prohandel.landing.simulate.state import UNSEEN, News, RetailerState
from prohandel.landing.simulate.world import World
from prohandel.landing.upsert import Batch

DUE = "due_hour"
_ORDER_IN_BATCH = (
    "shop", "category", "supplier", "article", "customer", "order", "sale", "inventory_history", "purchase_order",
    "inventory", "daily_sales_agg", "article_sales_agg", "warehouse_inventory_agg",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong in the hour of a step.

    Kinds:
        till_silent: the tills of `branch_number` send nothing; their lines come with the first sync without the fault.
        table_missing: the sync lacks `table`; its rows come with the first sync without the fault.
        sync_late: nothing lands; everything comes with the next sync.
        sync_twice: every batch lands again ten minutes later.
        prices_times_100: the sale lines (of `branch_number`, or all) carry prices in cents.
    """

    kind: Literal["till_silent", "table_missing", "sync_late", "sync_twice", "prices_times_100"]
    branch_number: str | None = None
    table: str | None = None


def order_columns(a: Assortment, orders: pl.DataFrame) -> Columns:
    """Replenishment orders by numbers as cells.

    Args:
        orders: columns branch_number, article_number, article_size_number, quantity (whole units).

    Raises:
        ProhandelError: an order names an article, size or branch that holds no stock.
    """
    branch = {b.number: i for i, b in enumerate(a.branches)}
    article = {number: i for i, number in enumerate(a.number[: a.articles])}
    cells: list[int] = []
    for row in orders.iter_rows(named=True):
        at, what = branch.get(row["branch_number"]), article.get(row["article_number"])
        first = -1 if at is None or what is None else int(a.first_cell[what, at])
        labels = [] if what is None else [a.size_label(what, size) for size in range(int(a.sizes[what]))]
        if first < 0 or row["article_size_number"] not in labels:
            raise ProhandelError(
                f"No stock is held of article {row['article_number']}, size {row['article_size_number']}, "
                f"in branch {row['branch_number']}.",
                "Order articles for the branches that carry them, in sizes that exist.",
            )
        cells.append(first + labels.index(row["article_size_number"]))
    return {
        "cell": np.array(cells, dtype=np.int64),
        "units": orders["quantity"].cast(pl.Int64).to_numpy().copy(),
    }


def step(
    world: World, state: RetailerState, orders: pl.DataFrame | None = None, faults: tuple[Fault, ...] = ()
) -> tuple[list[Batch], RetailerState]:
    """The next hour: what its sync lands, and the state after it. The state given stays as it is.

    Args:
        world: of the state's scale and seed.
        orders: replenishment orders placed at the start of the hour (see order_columns) in place of the built-in
            policy, which then orders nothing in this hour; None = built-in policy.
        faults: what goes wrong in this hour.
    """
    a = world.assortment
    state = state.copy()
    sync = state.synced_at + timedelta(hours=1)
    begin = state.stock.hour
    until = max(world.clock_hour(sync), begin)
    plan = world.plan(begin, until)
    log = stock.Log()
    given = None if orders is None else order_columns(a, orders)
    stock.advance(a, world.conditions, world.warehouse, state.stock, plan, until, log, given)

    lines = rows.in_order(log.lines)
    movements = stock.join(log.movements) if log.movements else no_movements()
    state.movements = stock.join([state.movements, movements])
    state.lines = stock.join([state.lines, lines])
    if state.news.since_hour is None:
        state.news.since_hour = begin
    state.news.orders += log.orders

    tables: dict[str, pl.DataFrame] = {"sale": rows.sales(world, lines, state.next_line)}
    state.next_line += len(lines["t"])
    tables["order"] = _orders(state, tables["sale"], sync)
    tables |= _inventory(world, state, movements, until, sync)
    tables |= _masters(world, state, begin, until)
    if state.purchase_orders:
        tables["purchase_order"] = _purchase_orders(a, state, log, begin, until)
    state.synced_at = sync

    soiled = dirt.hour(world, state.recent, tables, state.dirt, until)
    state.news.planted.append(soiled.planted)
    tables = _with_waiting(state, soiled.tables, until)
    for table, frame in soiled.waiting.items():
        _hold(state, table, frame)
    tables = _with_faults(state, tables, faults, until)
    tables = {name: frame.with_columns(pl.lit(sync).cast(pl.Datetime("us", "UTC")).alias(SYNCED))
              for name, frame in tables.items() if frame.height}  # fmt: skip
    if "sale" in tables:
        since = local_day_start(world, until // 24 - RECENT_DAYS)
        recent = pl.concat([state.recent, tables["sale"]], how="diagonal_relaxed")
        state.recent = recent.unique("id", keep="last", maintain_order=True).filter(pl.col("at") >= since)
    tables |= _aggregates(world, state, tables)
    return _batches(world, state, tables, soiled.deleted, sync, faults), state


def _orders(state: RetailerState, sales: pl.DataFrame, sync: datetime) -> pl.DataFrame:
    """New orders, and those whose status changed."""
    at = pl.lit(sync).cast(pl.Datetime("us", "UTC"))
    fresh = rows.orders(sales, WEB, sync)
    known = state.open_orders
    arrives = pl.col("delivered_at") < at
    leaves = (pl.col("status") == "open") & (pl.col("created_at") + pl.duration(hours=20) < at)
    changed = known.filter(arrives | leaves).with_columns(
        status=pl.when(arrives).then(pl.lit("delivered")).otherwise(pl.lit("shipped")),
        delivery_date=pl.when(arrives).then(pl.col("delivered_at").dt.strftime("%Y-%m-%d")),
        delivery_time_days=pl.when(arrives).then(
            (pl.col("delivered_at").dt.date() - pl.col("created_at").dt.date()).dt.total_days()
        ),
        updated_at=pl.when(arrives).then(pl.col("delivered_at")).otherwise(at),
        order_age_days=(at - pl.col("created_at")).dt.total_days(),
    )
    everything = pl.concat([known, changed, fresh], how="diagonal_relaxed").unique(
        "id", keep="last", maintain_order=True
    )
    state.open_orders = everything.filter(pl.col("status") != "delivered")
    return pl.concat([changed, fresh], how="diagonal_relaxed")


def _inventory(
    world: World, state: RetailerState, movements: Columns, until: int, sync: datetime
) -> dict[str, pl.DataFrame]:
    """Rows of `inventory` that changed, and of its history: the former row closed, the new one opened."""
    a = world.assortment
    touched = np.unique(movements["cell"])
    cells = touched[state.stock.on_hand[touched] != state.seen_quantity[touched]]
    quantity = state.stock.on_hand[cells]
    at = pl.lit(sync).cast(pl.Datetime("us", "UTC"))
    fresh = rows.with_stock_status(
        pl.DataFrame({**rows.cell_columns(a, cells), "quantity": quantity}).with_columns(updated_at=at)
    )
    had = state.seen_quantity[cells] != UNSEEN
    start = pl.col("since").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    closed = rows.with_stock_status(
        pl.DataFrame(
            {
                **rows.cell_columns(a, cells[had]),
                "quantity": state.seen_quantity[cells[had]],
                "since": state.seen_since[cells[had]],
            }
        ).select(
            pl.exclude("since"),
            updated_at=start,
            _fivetran_start=start,
            _fivetran_end=at - pl.duration(milliseconds=1),
            _fivetran_active=pl.lit(False),
        )
    )
    opened = fresh.with_columns(
        _fivetran_start=at,
        _fivetran_end=pl.lit(OPEN_END).cast(pl.Datetime("us", "UTC")),
        _fivetran_active=pl.lit(True),
    )
    state.seen_quantity[cells] = quantity
    state.seen_since[cells] = int(sync.timestamp()) * 1_000_000
    state.news.changes.append({"cell": cells, "hour": np.full(len(cells), until), "quantity": quantity})
    return {"inventory": fresh, "inventory_history": pl.concat([closed, opened], how="diagonal_relaxed")}


def _masters(world: World, state: RetailerState, begin: int, until: int) -> dict[str, pl.DataFrame]:
    """Articles created or marked down, customers on file since this hour."""
    tables = {}
    for hour in range(begin, until):
        if hour % 24 == 6:
            everything = rows.articles(world, hour + 1, state.stock.on_hand)
            changed = rows.local_time(world.assortment, pl.lit(hour * 3_600))
            tables["article"] = everything.filter(pl.col("updated_at") == to_utc(changed))
        if hour % 24 == 0:
            everything = rows.customers(world, hour)
            today = rows.local_time(world.assortment, pl.lit(hour * 3_600))
            tables["customer"] = everything.filter(pl.col("created_at") == to_utc(today))
    return tables


def _purchase_orders(a: Assortment, state: RetailerState, log: stock.Log, begin: int, until: int) -> pl.DataFrame:
    shipments = state.stock.shipments
    placed = shipments["ordered_day"] * 24 + stock.EVENING
    ordered = (shipments["source"] == stock.FROM_SUPPLIER) & (placed >= begin) & (placed < until)
    empty = {**stock.no_shipments(), "arrived_day": np.zeros(0, np.int64)}
    arrived = stock.join(log.orders) if log.orders else empty
    return rows.purchase_orders(a, stock.take(shipments, ordered), arrived)


def _hold(state: RetailerState, table: str, frame: pl.DataFrame) -> None:
    if frame.height:
        held = [state.waiting[table]] if table in state.waiting else []
        state.waiting[table] = pl.concat([*held, frame], how="diagonal_relaxed")


def _with_waiting(state: RetailerState, tables: dict[str, pl.DataFrame], until: int) -> dict[str, pl.DataFrame]:
    """Adds the rows that were held back until now; they come before the fresh ones."""
    tables = dict(tables)
    for table in list(state.waiting):
        held = state.waiting.pop(table)
        due = held.filter(pl.col(DUE) <= until).drop(DUE)
        _hold(state, table, held.filter(pl.col(DUE) > until))
        parts = [due, *([tables[table]] if table in tables else [])]
        tables[table] = pl.concat(parts, how="diagonal_relaxed")
    return tables


def _with_faults(
    state: RetailerState, tables: dict[str, pl.DataFrame], faults: tuple[Fault, ...], until: int
) -> dict[str, pl.DataFrame]:
    tables = dict(tables)

    def hold_back(table: str, which: pl.Expr) -> None:
        if table in tables:
            _hold(state, table, tables[table].filter(which).with_columns(pl.lit(until + 1).alias(DUE)))
            tables[table] = tables[table].filter(~which)

    for fault in faults:
        of_branch = pl.lit(True) if fault.branch_number is None else pl.col("branch_number") == fault.branch_number
        if fault.kind == "till_silent":
            hold_back("sale", of_branch.fill_null(False))
        elif fault.kind == "table_missing":
            hold_back(str(fault.table), pl.lit(True))
        elif fault.kind == "sync_late":
            for table in list(tables):
                hold_back(table, pl.lit(True))
        elif fault.kind == "prices_times_100" and "sale" in tables:
            names = ("sale_price", "label_price", "discount")
            numbers = dirt.as_numbers(tables["sale"], names)
            tables["sale"] = numbers.with_columns(
                pl.when(of_branch).then(pl.col(name) * 100).otherwise(pl.col(name)).alias(name) for name in names
            )
    return tables


def _aggregates(world: World, state: RetailerState, tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    made: dict[str, pl.DataFrame] = {}
    if "sale" in tables and "inventory" in tables:
        known = rows.articles(world, state.stock.hour, state.stock.on_hand)
        made = aggregate({"sale": tables["sale"], "inventory": tables["inventory"], "article": known})
    return made


def _batches(
    world: World,
    state: RetailerState,
    tables: dict[str, pl.DataFrame],
    deleted: dict[str, pl.DataFrame],
    sync: datetime,
    faults: tuple[Fault, ...],
) -> list[Batch]:
    refs = references(world.assortment, world.people)
    batches = []
    for table in _ORDER_IN_BATCH:
        if table in tables:
            rows_landed = landed(table, tables[table], state.generation, refs)
            batches.append(Batch(table, rows_landed, sync.astimezone(UTC), deleted.get(table)))
    for table, keys in deleted.items():
        if table not in tables:
            batches.append(Batch(table, keys.clear(), sync.astimezone(UTC), keys))
    if any(fault.kind == "sync_twice" for fault in faults):
        again = timedelta(minutes=10)
        late = (pl.col(SYNCED) + again).alias(SYNCED)
        batches += [
            Batch(b.table, b.rows.with_columns(late) if SYNCED in b.rows.columns else b.rows, b.synced_at + again,
                  b.deleted_keys)
            for b in batches
        ]  # fmt: skip
    return batches


def flush_truth(world: World, state: RetailerState) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Takes out of the state what the truth lacks: frames to append by file name, and the dirt planted."""
    a, news = world.assortment, state.news
    first_day = state.first_open_day
    last_day = state.stock.hour // 24 - 1
    empty = {**stock.no_shipments(), "arrived_day": np.zeros(0, np.int64)}
    no_changes = {name: np.zeros(0, np.int64) for name in ("cell", "hour", "quantity")}
    later = np.bincount(state.movements["cell"], state.movements["units"], len(a.cell_article)).astype(np.int64)
    frames = truth.frames(
        world,
        days=(first_day, last_day),
        opening=state.stock.on_hand - later,
        movements=state.movements,
        lines=state.lines,
        orders=stock.join(news.orders) if news.orders else empty,
        changes=stock.join(news.changes) if news.changes else no_changes,
        since=(state.stock.hour if news.since_hour is None else news.since_hour) * 3_600,
    )
    planted = pl.concat([pl.DataFrame(schema=truth.PLANTED_SCHEMA), *news.planted])
    midnight = (last_day + 1) * 86_400
    state.movements = stock.take(state.movements, state.movements["t"] >= midnight)
    line_t = np.where(state.lines["quantity"] < 0, state.lines["return_at"], state.lines["t"])
    state.lines = stock.take(state.lines, line_t >= midnight)
    state.first_open_day = last_day + 1
    state.news = News()
    return frames, planted
