"""Stock moves: what is sold while it lasts, returns, goods receipts, replenishment, transfers and losses.

`advance` carries the stock of every cell from one hour to a later one. A whole day at once and its hours one by
one give the same rows: within the day only the clock hours below matter, and every draw is tied to its day.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from prohandel.landing.simulate.assortment import FOREVER, Assortment, life_curve
from prohandel.landing.simulate.catalogue import SUPPLIERS
from prohandel.landing.simulate.config import BoolArray, Columns, FloatArray, IntArray, stream
from prohandel.landing.simulate.demand import Conditions
from prohandel.landing.simulate.receipts import DAY, HOUR, NEVER

MORNING, EVENING = 6, 21
"""Clock hours: deliveries are booked in the morning; orders, shipments and transfers leave in the evening."""

SALE, RETURN, RECEIPT, TRANSFER_IN, TRANSFER_OUT, SHRINKAGE, CLEARANCE = range(1, 8)
MOVEMENT_NAMES = {
    SALE: "sale",
    RETURN: "return",
    RECEIPT: "receipt",
    TRANSFER_IN: "transfer_in",
    TRANSFER_OUT: "transfer_out",
    SHRINKAGE: "shrinkage",
    CLEARANCE: "clearance",
}

STORE_COVER_DAYS, WAREHOUSE_SAFETY_DAYS = 9.0, 2.0
SEASON_COVER_DAYS, SEASON_REFILL_DAYS = 16.0, 75
FIRST_DROP, INITIAL_TO_STORES = 0.7, 0.62
SHRINKAGE_PER_UNIT_DAY = 0.00009
RATE_MEMORY = 0.97
SUPPLIER_PACK = 6
TROUBLE_DAYS, TROUBLE_CHANCE = 112, 0.33
"""For so many days on end an article's supplier delivers late, in that share of such spans."""

LINE_COLUMNS = (
    "t", "day", "branch", "article", "size", "quantity", "basket", "customer", "staff", "payment", "label", "paid",
    "cell", "return_at", "position",
)  # fmt: skip
_FLOAT_COLUMNS = ("label", "paid")
SHIPMENT_COLUMNS = ("due_day", "cell", "units", "source", "ordered_day", "number", "planned_day")
FROM_SUPPLIER = -1


def no_lines() -> Columns:
    return {name: np.zeros(0, float if name in _FLOAT_COLUMNS else np.int64) for name in LINE_COLUMNS}


def no_shipments() -> Columns:
    return {name: np.zeros(0, np.int64) for name in SHIPMENT_COLUMNS}


def take(columns: Columns, index: IntArray | BoolArray | slice) -> Columns:
    return {name: values[index] for name, values in columns.items()}


def join(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass
class StockState:
    """Stock and everything under way, at the start of a clock hour.

    Attributes:
        hour: local clock hours since the begin of the assortment; all before it has happened.
        on_hand: units per cell, returns of the day (`returned`) included, which sell from the next day on.
        rate: smoothed units per day of each cell, what the built-in policy believes demand to be.
        sold: units per cell of the day so far.
        under_way: units per cell in shipments.
        pushed: articles whose first allocation has left for the stores.
        shipments: see SHIPMENT_COLUMNS; source is the cell they left, or FROM_SUPPLIER.
        pending: lines whose return lies ahead.
        next_order: number of the next supplier order.
    """

    hour: int
    on_hand: IntArray
    returned: IntArray
    rate: FloatArray
    sold: IntArray
    under_way: IntArray
    pushed: BoolArray
    shipments: Columns
    pending: Columns
    next_order: int


@dataclass
class Log:
    """What happened: till lines (sales and returns, `quantity` signed), movements and supplier orders."""

    lines: list[Columns] = field(default_factory=list)
    movements: list[Columns] = field(default_factory=list)
    orders: list[Columns] = field(default_factory=list)

    def move(self, t: int | IntArray, cell: IntArray, units: IntArray, kind: int) -> None:
        if len(cell):
            times = np.full(len(cell), t, dtype=np.int64) if isinstance(t, int) else t
            self.movements.append({"t": times, "cell": cell, "units": units, "kind": np.full(len(cell), kind)})


def first_state(a: Assortment) -> StockState:
    """The stock at the begin of the warm-up, with the deliveries of all seasons planned."""
    rng = stream(a.seed, "first stock")
    n = len(a.cell_article)
    share = a.size_share[a.cell_article, a.cell_size]
    is_basic = a.launch[a.cell_article] <= -FOREVER
    is_warehouse = a.cell_branch == a.warehouse

    ages = np.arange(0, 220, dtype=float)
    curve = life_curve(ages[None, :], a.pair_tau[:, None])
    second = (a.pair_tau > 0) & (a.pair_begin > a.end[a.pair_article])
    basic_pair = a.pair_tau == 0
    lifetime = np.where(basic_pair | second, 0.0, a.pair_base * curve.sum(axis=1) * 1.12)
    early = np.where(basic_pair, a.pair_base, a.pair_base * 0.7) * ~second

    pair_rate = np.zeros((a.articles, len(a.branches)))
    pair_life = np.zeros((a.articles, len(a.branches)))
    stock_branch = np.array([a.stock_branch(i) for i in range(len(a.branches))])[a.pair_branch]
    np.add.at(pair_rate, (a.pair_article, stock_branch), early)
    np.add.at(pair_life, (a.pair_article, stock_branch), lifetime)
    rate = pair_rate[a.cell_article, a.cell_branch] * share

    buy = pair_life.sum(axis=1) * rng.lognormal(0.10, 0.20, a.articles)

    on_hand = np.zeros(n, dtype=np.int64)
    own = is_basic & ~is_warehouse
    on_hand[own] = np.ceil(rate[own] * STORE_COVER_DAYS + rng.random(own.sum()))
    total_rate = pair_rate.sum(axis=1)
    depot = is_basic & is_warehouse
    on_hand[depot] = np.round(total_rate[a.cell_article[depot]] * share[depot] * 35)

    # what was launched before the begin has sold a part of its life already
    age = -a.launch
    old = (age > 0) & (a.launch > -FOREVER)
    left = np.zeros(a.articles)
    left[old] = np.exp(-age[old] / 55.0) * (age[old] < 150)
    seasonal = ~is_basic & old[a.cell_article]
    store_part = np.divide(
        pair_life,
        pair_life.sum(axis=1, keepdims=True),
        where=pair_life.sum(axis=1, keepdims=True) > 0,
        out=np.zeros_like(pair_life),
    )
    expected = buy[a.cell_article] * store_part[a.cell_article, a.cell_branch] * share * left[a.cell_article]
    on_hand[seasonal] = np.floor(expected[seasonal] + rng.random(seasonal.sum()))

    drops: list[Columns] = []
    coming = np.flatnonzero((a.launch > -FOREVER) & ~old)
    wanted = is_warehouse & np.isin(a.cell_article, coming)
    cells = np.flatnonzero(wanted)
    article = a.cell_article[cells]
    lead = np.array([s[3] for s in SUPPLIERS])[a.supplier] + 60
    late = np.maximum(0, rng.normal(-3, 5, a.articles)).astype(np.int64)
    for part, offset in ((FIRST_DROP, -7), (1 - FIRST_DROP, 30)):
        units = np.floor(buy[article] * share[cells] * part + rng.random(len(cells))).astype(np.int64)
        due = a.launch[article] + offset + late[article]
        drops.append(
            {
                "due_day": due,
                "cell": cells,
                "units": units,
                "source": np.full(len(cells), FROM_SUPPLIER),
                "ordered_day": due - late[article] - lead[article],
                "number": article * 2 + (offset > 0),
                "planned_day": due - late[article],
            }
        )
    shipments = join(drops)
    shipments = take(shipments, shipments["units"] > 0)
    under_way = np.bincount(shipments["cell"], shipments["units"], n).astype(np.int64)
    return StockState(
        hour=0,
        on_hand=on_hand,
        returned=np.zeros(n, dtype=np.int64),
        rate=rate,
        sold=np.zeros(n, dtype=np.int64),
        under_way=under_way,
        pushed=old | (a.launch <= -FOREVER),
        shipments=shipments,
        pending=no_lines(),
        next_order=2 * a.articles,
    )


def grant(available: IntArray, cell: IntArray, wanted: IntArray) -> IntArray:
    """What each request gets of its cell's units, first come first served in the order given.

    Args:
        available: units per cell (all cells).
        cell, wanted: the requests.
    """
    order = np.argsort(cell, kind="stable")
    by_cell, units = cell[order], wanted[order]
    before = np.cumsum(units) - units
    starts = np.flatnonzero(np.append(True, by_cell[1:] != by_cell[:-1])) if len(cell) else np.zeros(0, np.int64)
    before -= np.repeat(before[starts], np.diff(np.append(starts, len(by_cell))))
    granted = np.empty(len(cell), dtype=np.int64)
    granted[order] = np.clip(available[by_cell] - before, 0, units)
    return granted


class Warehouse:
    """Indices that the replenishment of an assortment needs each evening."""

    def __init__(self, a: Assortment) -> None:
        self.is_basic = a.launch[a.cell_article] <= -FOREVER
        self.is_depot = a.cell_branch == a.warehouse
        self.depot_of = a.first_cell[a.cell_article, a.warehouse] + a.cell_size
        self.is_outlet = np.array([b.kind == "outlet" for b in a.branches])[a.cell_branch]
        self.store_cells = np.flatnonzero(~self.is_depot & (self.is_basic | ~self.is_outlet))
        self.basic_depot = np.flatnonzero(self.is_depot & self.is_basic)
        self.lead = np.array([s[3] for s in SUPPLIERS])[a.supplier].astype(float)
        share = a.size_share[a.cell_article, a.cell_size]
        pair_base = np.zeros((a.articles, len(a.branches)))
        first_life = ~((a.pair_tau > 0) & (a.pair_begin > a.end[a.pair_article]))
        pair_base[a.pair_article[first_life], a.pair_branch[first_life]] = a.pair_base[first_life]
        self.store_share = pair_base[a.cell_article, a.cell_branch] * share
        self.article_store_base = np.delete(pair_base, [a.warehouse, a.web], axis=1).sum(axis=1)


def advance(
    a: Assortment,
    c: Conditions,
    w: Warehouse,
    state: StockState,
    plan: Columns,
    until: int,
    log: Log,
    orders: Columns | None = None,
) -> None:
    """Carries `state` on to the clock hour `until`, in place, and writes into `log` what happened.

    Args:
        plan: wishes by time (see receipts.wishes); has to cover the hours up to `until`.
        orders: columns cell, units: replenishment given from outside at the start, instead of the built-in policy;
            cells of the warehouse are ordered from the supplier, others from the warehouse. None = built-in policy.
    """
    if orders is not None:
        _given_orders(a, c, w, state, orders, log)
    while state.hour < until:
        day, clock = divmod(state.hour, 24)
        if clock == 0:
            state.returned[:] = 0
            state.sold[:] = 0
        elif clock == MORNING:
            _morning(a, c, state, day, log)
        elif clock == EVENING:
            _evening(a, c, w, state, day, log, replenish=orders is None)
        boundary = min(until, *(day * 24 + h for h in (MORNING, EVENING, 24) if day * 24 + h > state.hour))
        low, high = np.searchsorted(plan["t"], [state.hour * HOUR, boundary * HOUR])
        _serve(state, take(plan, slice(int(low), int(high))), boundary, log)
        state.hour = boundary


def _serve(state: StockState, wanted: Columns, boundary: int, log: Log) -> None:
    cell = wanted["cell"]
    stocked = cell >= 0
    served = wanted["quantity"].copy()
    served[stocked] = grant(state.on_hand - state.returned, cell[stocked], wanted["quantity"][stocked])
    lines = take(wanted, served > 0)
    lines["quantity"] = served[served > 0]
    moved = lines["cell"] >= 0
    np.subtract.at(state.on_hand, lines["cell"][moved], lines["quantity"][moved])
    np.add.at(state.sold, lines["cell"][moved], lines["quantity"][moved])
    log.move(lines["t"][moved], lines["cell"][moved], -lines["quantity"][moved], SALE)

    due = state.pending["return_at"] < boundary * HOUR
    back = take(state.pending, due)
    coming = take(lines, lines["return_at"] != NEVER)
    state.pending = join([take(state.pending, ~due), coming])
    if len(back["t"]):
        np.add.at(state.on_hand, back["cell"], back["quantity"])
        np.add.at(state.returned, back["cell"], back["quantity"])
        log.move(back["return_at"], back["cell"], back["quantity"], RETURN)
        log.lines.append({**back, "quantity": -back["quantity"]})
    if len(lines["t"]):
        log.lines.append(lines)


def _morning(a: Assortment, c: Conditions, state: StockState, day: int, log: Log) -> None:
    at = day * DAY + MORNING * HOUR + HOUR // 2
    due = (state.shipments["due_day"] <= day) & c.is_open[a.cell_branch[state.shipments["cell"]], day]
    if due.any():
        arrived = take(state.shipments, due)
        state.shipments = take(state.shipments, ~due)
        np.add.at(state.on_hand, arrived["cell"], arrived["units"])
        np.subtract.at(state.under_way, arrived["cell"], arrived["units"])
        external = arrived["source"] == FROM_SUPPLIER
        log.move(at, arrived["cell"][external], arrived["units"][external], RECEIPT)
        log.move(at, arrived["cell"][~external], arrived["units"][~external], TRANSFER_IN)
        log.orders.append({**take(arrived, external), "arrived_day": np.full(external.sum(), day)})
    rng = stream(a.seed, "shrinkage", day)
    missing = rng.poisson(SHRINKAGE_PER_UNIT_DAY * state.on_hand)
    cells = np.flatnonzero(missing)
    missing = np.minimum(missing[cells], state.on_hand[cells])
    state.on_hand[cells] -= missing
    log.move(at + HOUR // 4, cells, -missing, SHRINKAGE)


def _send(
    a: Assortment,
    c: Conditions,
    state: StockState,
    day: int,
    source: IntArray,
    target: IntArray,
    units: IntArray,
    log: Log,
    lead: int,
    at: int | None = None,
) -> None:
    """Goods leave the cells `source` for the cells `target`, at a time or in the evening of a day."""
    some = units > 0
    source, target, units = source[some], target[some], units[some]
    if not len(units):
        return
    np.subtract.at(state.on_hand, source, units)
    np.add.at(state.under_way, target, units)
    log.move(day * DAY + EVENING * HOUR if at is None else at, source, -units, TRANSFER_OUT)
    due = c.next_open[a.cell_branch[target], min(day + lead, a.horizon - 1)]
    blank = np.full(len(units), day)
    sent = {
        "due_day": due,
        "cell": target,
        "units": units,
        "source": source,
        "ordered_day": blank,
        "number": np.full(len(units), -1),
        "planned_day": due,
    }
    state.shipments = join([state.shipments, sent])


def _evening(
    a: Assortment, c: Conditions, w: Warehouse, state: StockState, day: int, log: Log, *, replenish: bool
) -> None:
    trading = c.is_open[a.cell_branch, day] & ~w.is_depot
    in_stock = trading & ((state.on_hand > 0) | (state.sold > 0))
    state.rate[in_stock] = RATE_MEMORY * state.rate[in_stock] + (1 - RATE_MEMORY) * state.sold[in_stock]
    web_sold = w.is_depot & ((state.on_hand > 0) | (state.sold > 0))
    state.rate[web_sold] = RATE_MEMORY * state.rate[web_sold] + (1 - RATE_MEMORY) * state.sold[web_sold]

    _push(a, c, w, state, day, log)
    if replenish and c.is_open[a.warehouse, day]:
        _refill_stores(a, c, w, state, day, log)
        if a.day_of(day).weekday() == 1:
            _order_basics(a, w, state, day)
    _end_of_life(a, c, w, state, day, log)


def _push(a: Assortment, c: Conditions, w: Warehouse, state: StockState, day: int, log: Log) -> None:
    """The first allocation of an article: most of its first drop goes to the stores that carry it."""
    candidates = np.flatnonzero(~state.pushed & (a.launch - 3 <= day) & (a.launch > -FOREVER))
    if not len(candidates):
        return
    depot_first = a.first_cell[candidates, a.warehouse]
    has_goods = np.array(
        [state.on_hand[f : f + s].sum() > 0 for f, s in zip(depot_first, a.sizes[candidates], strict=True)]
    )
    ready = np.zeros(a.articles, dtype=bool)
    ready[candidates[has_goods]] = True
    state.pushed |= ready
    cells = w.store_cells[ready[a.cell_article[w.store_cells]] & (w.store_share[w.store_cells] > 0)]
    depot = w.depot_of[cells]
    part = w.store_share[cells] / np.maximum(np.bincount(depot, w.store_share[cells], len(a.cell_article))[depot], 1e-9)
    stores_part = np.bincount(depot, w.store_share[cells], len(a.cell_article))[depot]
    web_part = state.rate[depot] / 0.7
    stores = stores_part / (stores_part + web_part)
    rng = stream(a.seed, "push", day)
    wanted = np.floor(
        state.on_hand[depot] * part * stores * INITIAL_TO_STORES / FIRST_DROP * 0.9 + rng.random(len(cells))
    ).astype(np.int64)
    units = grant(state.on_hand, depot, wanted)
    _send(a, c, state, day, depot, cells, units, log, 2)


def _refill_stores(a: Assortment, c: Conditions, w: Warehouse, state: StockState, day: int, log: Log) -> None:
    """Each branch is reviewed on two weekdays: up to so many days of its smoothed rate, from what the warehouse has."""
    weekday = a.day_of(day).weekday()
    reviewed = np.array([weekday in (i % 3, i % 3 + 3) for i in range(len(a.branches))])
    cells = w.store_cells[reviewed[a.cell_branch[w.store_cells]]]
    article = a.cell_article[cells]
    basic = w.is_basic[cells]
    running = basic | (
        state.pushed[article] & (day - a.launch[article] < SEASON_REFILL_DAYS) & (w.store_share[cells] > 0)
    )
    cells, article, basic = cells[running], article[running], basic[running]
    target = state.rate[cells] * np.where(basic, STORE_COVER_DAYS, SEASON_COVER_DAYS) + np.where(basic, 0.45, 0.4)
    wanted = np.maximum(np.ceil(target).astype(np.int64) - state.on_hand[cells] - state.under_way[cells], 0)
    some = wanted > 0
    cells, wanted = cells[some], wanted[some]
    shuffle = stream(a.seed, "refill", day).permutation(len(cells))
    cells, wanted = cells[shuffle], wanted[shuffle]
    depot = w.depot_of[cells]
    # the web shop's next days stay in the warehouse
    free = np.maximum(state.on_hand - np.ceil(state.rate * 4).astype(np.int64), 0)
    _send(a, c, state, day, depot, cells, grant(free, depot, wanted), log, 1 + day % 3)


def _order_basics(a: Assortment, w: Warehouse, state: StockState, day: int) -> None:
    """Tuesdays: basics up to the demand of lead time, review and some safety, in whole packs; suppliers may be late."""
    depot = w.basic_depot
    article = a.cell_article[depot]
    network = np.bincount(w.depot_of, state.rate, len(state.rate))[depot]
    target = network * (w.lead[article] + 7 + WAREHOUSE_SAFETY_DAYS) + 0.5 * np.sqrt(network * w.lead[article])
    short = target - state.on_hand[depot] - state.under_way[depot]
    packs = np.where(short > 0.35 * SUPPLIER_PACK, np.ceil(short / SUPPLIER_PACK), 0).astype(np.int64)
    rng = stream(a.seed, "supplier", day)
    real = w.lead * rng.lognormal(0.0, 0.22, len(w.lead))
    trouble = stream(a.seed, "trouble", day // TROUBLE_DAYS)
    real *= np.where(trouble.random(len(real)) < TROUBLE_CHANCE, trouble.uniform(3.0, 5.0, len(real)), 1.0)
    _from_supplier(a, w, state, day, depot, packs * SUPPLIER_PACK, real)


def _from_supplier(
    a: Assortment, w: Warehouse, state: StockState, day: int, cells: IntArray, units: IntArray, real_lead: FloatArray
) -> None:
    some = units > 0
    cells, units = cells[some], units[some]
    if not len(cells):
        return
    article = a.cell_article[cells]
    articles, number = np.unique(article, return_inverse=True)
    np.add.at(state.under_way, cells, units)
    ordered = {
        "due_day": day + np.maximum(np.round(real_lead[article]).astype(np.int64), 1),
        "cell": cells,
        "units": units,
        "source": np.full(len(cells), FROM_SUPPLIER),
        "ordered_day": np.full(len(cells), day),
        "number": state.next_order + number,
        "planned_day": day + w.lead[article].astype(np.int64),
    }
    state.next_order += len(articles)
    state.shipments = join([state.shipments, ordered])


def _given_orders(a: Assortment, c: Conditions, w: Warehouse, state: StockState, orders: Columns, log: Log) -> None:
    day = state.hour // 24
    cells, units = orders["cell"], orders["units"]
    to_depot = w.is_depot[cells]
    rng = stream(a.seed, "given orders", state.hour)
    _from_supplier(a, w, state, day, cells[to_depot], units[to_depot], w.lead * rng.lognormal(0.0, 0.22, len(w.lead)))
    stores, wanted = cells[~to_depot], units[~to_depot]
    depot = w.depot_of[stores]
    granted = grant(state.on_hand - state.returned, depot, wanted)
    _send(a, c, state, day, depot, stores, granted, log, 1 + day % 3, at=state.hour * HOUR)


def _end_of_life(a: Assortment, c: Conditions, w: Warehouse, state: StockState, day: int, log: Log) -> None:
    """After its season an article's rest goes to an outlet, or to a jobber, or (some) stays and grows old."""
    ending = np.flatnonzero(a.end == day)
    if len(ending):
        over = np.zeros(a.articles, dtype=bool)
        over[ending] = True
        rest = np.flatnonzero(over[a.cell_article] & ~w.is_outlet & (state.on_hand > 0))
        outlet = a.outlet[a.cell_article[rest]]
        goes = rest[outlet >= 0]
        target = a.first_cell[a.cell_article[goes], a.outlet[a.cell_article[goes]]] + a.cell_size[goes]
        _send(a, c, state, day, goes, target, state.on_hand[goes].copy(), log, 3)
    rng = stream(a.seed, "clearance", day)
    sold_off = rng.random(a.articles) < 0.85
    jobber = ((a.end + 20 == day) & (a.outlet < 0) & sold_off) | ((a.end + 75 == day) & (a.outlet >= 0) & sold_off)
    if jobber.any():
        rest = np.flatnonzero(jobber[a.cell_article] & (state.on_hand > 0))
        units = state.on_hand[rest].copy()
        state.on_hand[rest] = 0
        log.move(day * DAY + EVENING * HOUR, rest, -units, CLEARANCE)
    half_way = np.flatnonzero((a.launch + 70 == day) & (np.arange(a.articles) % 4 == 0))
    for article in half_way:
        _even_out(a, c, w, state, day, int(article), log)


def _even_out(a: Assortment, c: Conditions, w: Warehouse, state: StockState, day: int, article: int, log: Log) -> None:
    """The branch with the most days of stock of an article gives half of it to the one with the fewest."""
    cells = w.store_cells[(a.cell_article[w.store_cells] == article) & (w.store_share[w.store_cells] > 0)]
    branches = np.unique(a.cell_branch[cells])
    if len(branches) < 2:
        return
    cover = [
        state.on_hand[cells[a.cell_branch[cells] == b]].sum()
        / (state.rate[cells[a.cell_branch[cells] == b]].sum() + 0.01)
        for b in branches
    ]
    giver, taker = branches[int(np.argmax(cover))], branches[int(np.argmin(cover))]
    source = cells[a.cell_branch[cells] == giver]
    target = a.first_cell[article, taker] + a.cell_size[source]
    _send(a, c, state, day, source, target, state.on_hand[source] // 2, log, 2)
