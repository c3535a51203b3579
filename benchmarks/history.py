"""Two years of sales and stock, period by period: the rows of `sale` and `inventory_history` as they land.

Every period stock is filled up, lines are drawn, and what exceeds the stock of its cell is not sold (but for a few
tills that sell what was not booked yet, which makes stock negative). So stock is always what was received, less what
was sold, plus what came back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.retailer import BRANCH_NUMBERS, DAYS, LAST_HOUR, SIZE_RUNS, WEB, Retailer
from prohandel.landing.simulate.config import BoolArray, Columns, FloatArray, IntArray

_OPEN_END_US = 253_402_300_799_999_000
_HOUR = 3_600
_RETURNED = 0.05
_SOLD_UNBOOKED = 0.003
_BAGS = 0.01
_VOIDED = 0.001
FIRST_LINE = 10_000_000
FIRST_STOCK_ROW = 30_000_000


@dataclass
class Stock:
    """Stock of every cell, and the version of it that is open in the history.

    Attributes:
        units: on hand.
        since: local hour since which it stands so; -1 where the cell has not been seen yet.
    """

    units: IntArray
    since: IntArray

    @classmethod
    def none(cls, cells: int) -> Stock:
        """Before anything was delivered."""
        return cls(np.zeros(cells, dtype=np.int64), np.full(cells, -1, dtype=np.int64))


def chunks(retailer: Retailer) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, Stock]]:
    """Rows of `sale` and closed rows of `inventory_history` of one period after another, and the stock at its end.

    The number of lines over all periods is exactly that of the size.
    """
    stock = Stock.none(retailer.cells)
    shops, _ = retailer.day_weights
    shares = np.array([shops[first:end].sum() for first, end in retailer.periods])
    planned = np.diff(np.concatenate([[0], np.round(np.cumsum(shares / shares.sum()) * retailer.size.lines)]))
    number = owed = 0
    earlier: Columns | None = None
    for period, (first, end) in enumerate(retailer.periods):
        rng = np.random.default_rng([retailer.seed, retailer.size.lines, period])
        wanted = int(planned[period]) + owed
        is_last = period == len(retailer.periods) - 1
        receipts = _receive(retailer, stock, first, wanted, rng)
        lines = _sell(retailer, stock, receipts, (first, end), wanted, earlier, rng, is_last=is_last)
        count = len(lines["t"])
        owed = wanted - count
        closed = _follow(retailer, stock, receipts, lines, first)
        yield _sale_rows(retailer, lines, number, rng), closed, stock
        number += count
        earlier = lines


def _receive(retailer: Retailer, stock: Stock, first: int, wanted: int, rng: np.random.Generator) -> IntArray:
    """Units that each cell receives in the morning of the first day: up to what two periods sell, with some delays."""
    weights = retailer.pair_weights(first)
    demand = wanted * weights / weights.sum()
    level = np.floor(2.6 * demand[retailer.cell_pair] * retailer.cell_share + rng.random(retailer.cells))
    article = retailer.pair_article[retailer.cell_pair]
    age = first - retailer.launch[article]
    is_nos = retailer.is_nos[article]
    is_delivered = np.where(is_nos, rng.random(retailer.cells) < 0.8, (age >= -14) & (age < 84))
    is_delivered |= (first == 0) & (age >= -14)
    is_new = ~is_nos & (age < 0) | (first == 0)
    level = np.maximum(level, np.where(is_nos | is_new, 1, 0))
    return np.where(is_delivered, np.maximum(0, level - stock.units), 0).astype(np.int64)


def _sell(
    retailer: Retailer,
    stock: Stock,
    receipts: IntArray,
    days: tuple[int, int],
    wanted: int,
    earlier: Columns | None,
    rng: np.random.Generator,
    *,
    is_last: bool,
) -> Columns:
    """Lines of a period in order of time; at most `wanted`, and exactly so many in the last period."""
    returned = 0 if earlier is None else min(round(wanted * _RETURNED), len(earlier["t"]) // 2)
    bags = round(wanted * _BAGS)
    sold = wanted - returned - bags
    drawn = _draw(retailer, days, round(sold * 1.4) + 50, rng)
    kept = _in_stock(stock.units + receipts, drawn["cell"], drawn["quantity"], rng)
    if is_last and kept.sum() < sold:
        kept |= np.cumsum(~kept) <= sold - kept.sum()
    chosen = np.flatnonzero(kept)
    if len(chosen) > sold:
        chosen = np.sort(rng.permutation(chosen)[:sold])
    parts = [{name: values[chosen] for name, values in drawn.items()}]
    if bags and len(chosen):
        # Bags go over the counter of a receipt that is there anyway.
        beside = chosen[rng.integers(0, len(chosen), bags)]
        bag = {name: values[beside] for name, values in drawn.items()}
        parts.append({**bag, "cell": np.full(bags, -1), "pair": np.full(bags, -1), "quantity": np.ones(bags, np.int64)})
    if earlier is not None and returned:
        bought = np.flatnonzero((earlier["quantity"] > 0) & (earlier["cell"] >= 0))
        brought = rng.permutation(bought)[:returned]
        back = {name: values[brought] for name, values in earlier.items()}
        again = _draw(retailer, days, len(brought), rng)
        back |= {"quantity": np.full(len(brought), -1), "t": again["t"]}
        back["basket"] = back["basket"] + 1_000_000_000
        parts.append(back)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((joined["cell"], joined["basket"], joined["branch"], joined["t"]))
    return {name: values[order] for name, values in joined.items()}


def _draw(retailer: Retailer, days: tuple[int, int], count: int, rng: np.random.Generator) -> Columns:
    """Lines that customers ask for: pair and cell, second since the begin, receipt, units, customer (-1: walk-in)."""
    first, end = days
    sums = np.cumsum(retailer.pair_weights(first))
    pair = np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
    branch = retailer.pair_branch[pair]
    shops, web = (np.cumsum(weights[first:end]) for weights in retailer.day_weights)
    is_web = branch == WEB
    dice = rng.random(count)
    day = first + np.where(
        is_web, np.searchsorted(web, dice * web[-1], "right"), np.searchsorted(shops, dice * shops[-1], "right")
    )
    opens = np.where(is_web, 6, 10)
    closes = np.where(day == DAYS - 1, LAST_HOUR, np.where(is_web, 24, 20))
    second = (opens * _HOUR + rng.random(count) * (closes - opens) * _HOUR).astype(np.int64)
    t = day * 24 * _HOUR + second
    order = np.lexsort((t, branch))
    pair, branch, t, day = pair[order], branch[order], t[order], day[order]
    # Neighbours at one till share a receipt now and then, and its time.
    starts = rng.random(count) < 0.5
    starts |= np.concatenate([[True], (branch[1:] != branch[:-1]) | (day[1:] != day[:-1])])
    basket = np.cumsum(starts) - 1
    head = np.flatnonzero(starts)[basket]
    article = retailer.pair_article[pair]
    size = np.zeros(count, dtype=np.int64)
    dice = rng.random(count)
    for run, curve in enumerate(retailer.curves):
        of_run = retailer.run[article] == run
        size[of_run] = np.searchsorted(np.cumsum(curve)[:-1], dice[of_run], "right")
    customer = np.where(rng.random(count) < 0.35, rng.integers(0, retailer.size.customers, count), -1)
    return {
        "pair": pair,
        "branch": branch,
        "cell": retailer.first_cell[pair] + size,
        "t": t[head],
        "basket": basket,
        "quantity": np.where(rng.random(count) < 0.03, 2, 1),
        "customer": customer[head],
    }


def _in_stock(available: IntArray, cell: IntArray, quantity: IntArray, rng: np.random.Generator) -> BoolArray:
    """Which lines still find their cell in stock, in the order given."""
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    so_far = np.cumsum(quantity[order])
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    before = np.concatenate([[0], so_far])[starts]
    within = so_far - np.repeat(before, np.diff(np.concatenate([starts, [len(ordered)]])))
    kept = np.empty(len(cell), dtype=bool)
    kept[order] = within <= available[ordered]
    return kept | (rng.random(len(cell)) < _SOLD_UNBOOKED)


def _follow(retailer: Retailer, stock: Stock, receipts: IntArray, lines: Columns, first: int) -> pl.DataFrame:
    """Moves the stock by what was received and sold, hour by hour; the versions that ended with it."""
    received = np.flatnonzero(receipts)
    moved = lines["cell"] >= 0
    cell = np.concatenate([received, lines["cell"][moved]])
    hour = np.concatenate([np.full(len(received), first * 24 + 7), lines["t"][moved] // _HOUR])
    change = np.concatenate([receipts[received], -lines["quantity"][moved]])
    order = np.lexsort((hour, cell))
    cell, hour, change = cell[order], hour[order], change[order]
    starts = np.flatnonzero(np.concatenate([[True], (cell[1:] != cell[:-1]) | (hour[1:] != hour[:-1])]))
    cell, hour, change = cell[starts], hour[starts], np.add.reduceat(change, starts)
    is_change = change != 0
    cell, hour, change = cell[is_change], hour[is_change], change[is_change]
    is_first = np.concatenate([[True], cell[1:] != cell[:-1]])
    heads = np.flatnonzero(is_first)
    so_far = np.cumsum(change)
    before = np.repeat(np.concatenate([[0], so_far])[heads], np.diff(np.concatenate([heads, [len(cell)]])))
    units = stock.units[cell] + so_far - before
    opened = np.where(is_first, stock.since[cell], np.concatenate([[-1], hour[:-1]]))
    ended_units = np.where(is_first, stock.units[cell], np.concatenate([[0], units[:-1]]))
    ended = opened >= 0
    closed = _history_rows(retailer, cell[ended], opened[ended], hour[ended], ended_units[ended])
    last = np.concatenate([is_first[1:], [True]])
    stock.units[cell[last]] = units[last]
    stock.since[cell[last]] = hour[last]
    return closed.sort("_fivetran_synced", maintain_order=True)


def _moments(micros: IntArray) -> pl.Series:
    return pl.Series(micros, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))


def _texts(values: list[str], index: IntArray) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(pl.Series(index))


_SIZES = [size for run in SIZE_RUNS for size in run]
_FIRST_SIZE = np.cumsum([0, *(len(run) for run in SIZE_RUNS)])


def _stock_columns(retailer: Retailer, cell: IntArray, units: IntArray, since: IntArray) -> dict[str, pl.Series]:
    """What `inventory` and its history have in common; `since` is the local hour after which the sync saw it."""
    article = retailer.pair_article[retailer.cell_pair[cell]]
    return {
        "id": pl.Series(cell + FIRST_STOCK_ROW).cast(pl.String),
        "branch_number": _texts(BRANCH_NUMBERS, retailer.cell_branch[cell]),
        "article_number": _texts(retailer.number, article),
        "article_id": pl.Series(article + 50_000).cast(pl.String),
        "article_size_number": _texts(_SIZES, _FIRST_SIZE[retailer.run[article]] + retailer.cell_size[cell]),
        "quantity": pl.Series(units, dtype=pl.Float64),
        "updated_at": _moments(retailer.utc_hours[since + 1]),
        "stock_status": _texts(["out_of_stock", "low_stock", "in_stock"], (units > 0).astype(np.int64) + (units > 3)),
    }


def _history_rows(
    retailer: Retailer, cell: IntArray, since: IntArray, until: IntArray | None, units: IntArray
) -> pl.DataFrame:
    start = retailer.utc_hours[since + 1]
    synced = start if until is None else retailer.utc_hours[until + 1]
    end = np.full(len(cell), _OPEN_END_US) if until is None else synced - 1_000
    return pl.DataFrame(
        {
            **_stock_columns(retailer, cell, units, since),
            "_fivetran_start": _moments(start),
            "_fivetran_end": _moments(end),
            "_fivetran_active": pl.Series([until is None]).extend_constant(until is None, len(cell))[: len(cell)],
            "_fivetran_synced": _moments(synced),
            "_fivetran_deleted": pl.Series([False]).extend_constant(False, len(cell))[: len(cell)],
        }
    )


def open_versions(retailer: Retailer, stock: Stock, cell: IntArray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What stands on the shelves of some cells: rows of `inventory` and the open rows of `inventory_history`."""
    history = _history_rows(retailer, cell, stock.since[cell], None, stock.units[cell])
    inventory = history.drop("_fivetran_start", "_fivetran_end", "_fivetran_active")
    return inventory, history


def _sale_rows(retailer: Retailer, lines: Columns, number: int, rng: np.random.Generator) -> pl.DataFrame:
    count = len(lines["t"])
    is_bag = lines["cell"] < 0
    cell = np.maximum(lines["cell"], 0)
    article = retailer.pair_article[retailer.cell_pair[cell]] if count else cell
    quantity = lines["quantity"]
    label: FloatArray = np.where(is_bag, 0.2, retailer.label_price(article, lines["t"] // (24 * _HOUR)))
    discounted = rng.random(count) < 0.12
    paid = np.round(label * quantity * np.where(discounted & ~is_bag, 0.85, 1.0), 2)
    cost = np.where(is_bag, 0.08, retailer.cost[article])
    is_cost_landed = rng.random(count) >= 0.02
    branch = _texts(BRANCH_NUMBERS, lines["branch"])
    sizes = _texts(_SIZES, _FIRST_SIZE[retailer.run[article]] + retailer.cell_size[cell])
    at = _moments(retailer.utc_hours[lines["t"] // _HOUR] + lines["t"] % _HOUR * 1_000_000)
    frame = pl.DataFrame(
        {
            "id": pl.Series(np.arange(FIRST_LINE + number, FIRST_LINE + number + count)).cast(pl.String),
            "branch_number": branch,
            "basket": lines["basket"],
            "day": lines["t"] // (24 * _HOUR),
            "article_number": pl.select(
                pl.when(pl.Series(is_bag)).then(pl.lit("90000001")).otherwise(_texts(retailer.number, article))
            ).to_series(),
            "article_size_number": pl.select(pl.when(~pl.Series(is_bag)).then(sizes)).to_series(),
            "customer": lines["customer"],
            "staff": rng.integers(1, 12, count),
            "quantity": pl.Series(quantity, dtype=pl.Float64),
            "purchase_price": np.where(is_cost_landed, cost, np.nan),
            "sale_price": paid,
            "label_price": label,
            "discount": np.round(label * quantity - paid, 2) + 0.0,
            "is_return": quantity < 0,
            "payment": rng.integers(0, 3, count),
            "is_deleted": rng.random(count) < _VOIDED,
            "at": at,
            "synced": _moments(retailer.utc_hours[lines["t"] // _HOUR + 1]),
        }
    )
    return frame.select(
        "id",
        pl.concat_str(pl.col("branch_number"), pl.lit("-"), pl.col("day"), pl.lit("-"), pl.col("basket")).alias(
            "receipt_number"
        ),
        pl.col("at").dt.convert_time_zone("Europe/Berlin").dt.strftime("%Y-%m-%d %H:%M:%S").alias("date"),
        "branch_number",
        "article_number",
        "article_size_number",
        pl.when(pl.col("customer") >= 0)
        .then((pl.col("customer") + 1_000_000).cast(pl.String))
        .otherwise(pl.lit("0"))
        .alias("customer_number"),
        pl.concat_str(pl.col("branch_number").str.slice(1), pl.col("staff")).alias("staff_number"),
        "quantity",
        pl.col("purchase_price").fill_nan(None),
        "sale_price",
        "label_price",
        "discount",
        pl.when("is_return").then(pl.lit("1")).otherwise(pl.lit("0")).alias("type"),
        pl.col("payment").replace_strict({0: "BAR", 1: "EC", 2: "KREDITKARTE"}).alias("payment_method"),
        "is_deleted",
        pl.col("at").alias("created_at"),
        pl.col("at").alias("updated_at"),
        pl.col("synced").alias("_fivetran_synced"),
        pl.lit(False).alias("_fivetran_deleted"),
    )
