"""What happened, as ProHandel's rows under their declared names: one column per thing, before dirt and generations.

Frames carry `_fivetran_synced` (UTC): the first hourly sync after the row came to be.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from prohandel.landing.simulate.assortment import FOREVER, NON_MERCHANDISE, Assortment
from prohandel.landing.simulate.calendar import to_utc
from prohandel.landing.simulate.catalogue import (
    BRANDS,
    LEAVES,
    OTHER_CATEGORY,
    SIZE_RUNS,
    SUPPLIERS,
    SUPPLIERS_WITH_LANDED_LEAD_TIME,
)
from prohandel.landing.simulate.config import Columns, IntArray
from prohandel.landing.simulate.people import STAFF_BASE, WALK_IN_BLANK, WALK_IN_NULL, WALK_IN_ZERO, Customers
from prohandel.landing.simulate.receipts import PAYMENTS
from prohandel.landing.simulate.stock import no_lines, take
from prohandel.landing.simulate.world import World

SYNCED = "_fivetran_synced"
OPEN_END = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
DELIVERY_DAYS = (2, 3, 2, 4, 3, 5)


def local_time(a: Assortment, seconds: pl.Expr) -> pl.Expr:
    """Seconds since the begin as a naive Berlin timestamp."""
    begin = datetime.combine(a.begin, datetime.min.time())
    return pl.lit(begin).cast(pl.Datetime("us")) + pl.duration(seconds=seconds)


def sync_after(a: Assortment, seconds: pl.Expr) -> pl.Expr:
    """The hourly sync (UTC) that first sees what happened at that second."""
    return to_utc(local_time(a, (seconds // 3600) * 3600)) + pl.duration(hours=1)


def sizes(a: Assortment, article: IntArray, size: IntArray) -> pl.Series:
    """Size labels; null where an article has no sizes in stock (size -1)."""
    labels = [label for item in LEAVES for label in SIZE_RUNS[item.sizes][0]]
    start = np.cumsum([0] + [len(SIZE_RUNS[item.sizes][0]) for item in LEAVES])
    stocked = size >= 0
    index = start[a.leaf[np.where(stocked, article, 0)]] + np.maximum(size, 0)
    return pl.select(
        pl.when(pl.Series(stocked)).then(pl.Series(labels, dtype=pl.String).gather(pl.Series(index))).alias("size")
    )["size"]


def _lookup(values: list[str] | list[str | None], index: IntArray) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(pl.Series(index))


def in_order(lines: list[Columns]) -> Columns:
    """Till lines of a span of time in the order in which the tills numbered them."""
    if not lines:
        return no_lines()
    joined = {name: np.concatenate([part[name] for part in lines]) for name in lines[0]}
    is_return = joined["quantity"] < 0
    t = np.where(is_return, joined["return_at"], joined["t"])
    order = np.lexsort((joined["position"], joined["basket"], joined["day"], is_return, joined["branch"], t))
    return take(joined, order)


def sales(world: World, lines: Columns, first_number: int) -> pl.DataFrame:
    """Rows of `sale` (see in_order), numbered from `first_number`; `at` is the local time of the line."""
    a = world.assortment
    q = lines["quantity"]
    is_return = q < 0
    t = np.where(is_return, lines["return_at"], lines["t"])
    n = len(q)
    stocked = lines["article"] < a.articles
    unit_cost = np.concatenate([a.cost, [cost or np.nan for *_, cost in NON_MERCHANDISE]])[lines["article"]]
    sale_price = np.round(lines["paid"] * q, 2)
    label_total = lines["label"] * q
    branch = pl.Series([b.number for b in a.branches]).gather(pl.Series(lines["branch"]))
    frame = pl.DataFrame(
        {
            "number": np.arange(first_number, first_number + n),
            "t": t,
            "day": t // 86_400,
            "sold_on": lines["day"],
            "basket": lines["basket"],
            "is_return": is_return,
            "branch_number": branch,
            "article_number": _lookup(a.number, lines["article"]),
            "article_size_number": sizes(
                a, np.where(stocked, lines["article"], 0), np.where(stocked, lines["size"], -1)
            ),
            "customer": lines["customer"],
            "staff": lines["staff"],
            "quantity": q,
            "purchase_price": unit_cost,
            "sale_price": sale_price,
            "label_price": lines["label"],
            "discount": np.round(label_total - sale_price, 2) + 0.0,
            "payment_method": _lookup(list(PAYMENTS), lines["payment"]),
        }
    )
    at = local_time(a, pl.col("t"))
    receipt_day = pl.lit(a.begin) + pl.duration(days=pl.col("day"))
    sequence = pl.col("basket").cast(pl.String).str.zfill(4)
    delay = (pl.col("day") - pl.col("sold_on")).cast(pl.String)
    return frame.with_columns(at=at).select(
        id=(pl.col("number") + 10_000_000).cast(pl.String),
        receipt_number=pl.concat_str(
            pl.col("branch_number"),
            pl.lit("-"),
            receipt_day.dt.strftime("%y%m%d"),
            pl.when("is_return")
            .then(pl.concat_str(pl.lit("-R"), sequence, pl.lit("-"), delay))
            .otherwise(pl.concat_str(pl.lit("-"), sequence)),
        ),
        at="at",
        branch_number="branch_number",
        article_number="article_number",
        article_size_number="article_size_number",
        customer_number=customer_numbers(world.people, pl.col("customer")),
        staff_number=pl.when(pl.col("staff") >= 0).then(
            pl.concat_str(pl.col("branch_number").str.slice(1), (pl.col("staff") + 1).cast(pl.String).str.zfill(2))
        ),
        quantity=pl.col("quantity").cast(pl.Float64),
        purchase_price=pl.col("purchase_price").fill_nan(None),
        sale_price="sale_price",
        label_price="label_price",
        discount="discount",
        type=pl.when("is_return").then(pl.lit("1")).otherwise(pl.lit("0")),
        payment_method="payment_method",
        is_deleted=pl.lit(False),
        created_at=to_utc(pl.col("at")),
        updated_at=to_utc(pl.col("at")),
        **{SYNCED: sync_after(a, pl.col("t"))},
    )


def customer_numbers(people: Customers, code: pl.Expr) -> pl.Expr:
    """Customer codes (see people) as landed text: a number, `0`, blank, null, or a short staff number."""
    numbers = pl.Series(people.number, dtype=pl.String)
    known = code.map_batches(lambda s: numbers.gather(s.clip(0, None)), return_dtype=pl.String)
    return (
        pl.when(code >= 0)
        .then(known)
        .when(code == WALK_IN_ZERO)
        .then(pl.lit("0"))
        .when(code == WALK_IN_BLANK)
        .then(pl.lit(""))
        .when(code == WALK_IN_NULL)
        .then(pl.lit(None, dtype=pl.String))
        .otherwise((STAFF_BASE - code + 500).cast(pl.String))
    )


def orders(lines: pl.DataFrame, web: str, until: datetime) -> pl.DataFrame:
    """Rows of `order`: one per receipt of the web shop, as they stand at `until`.

    `order_number` is the receipt's number and `total_amount` its total; delivered some days later, when the status
    and `updated_at` change.
    """
    baskets = (
        lines.filter((pl.col("branch_number") == web) & (pl.col("type") == "0"))
        .group_by("receipt_number", maintain_order=True)
        .agg(
            pl.col("at").first(),
            pl.col("customer_number").first(),
            pl.col("sale_price").sum().round(2).alias("total_amount"),
            pl.col("payment_method").first(),
            pl.col("created_at").first(),
            pl.col(SYNCED).first(),
            pl.col("id").first(),
        )
    )
    pick = pl.col("id").cast(pl.Int64)
    choices = pl.Series(DELIVERY_DAYS, dtype=pl.Int64)
    waiting = baskets.select(pick % len(DELIVERY_DAYS)).to_series()
    baskets = baskets.with_columns(days=choices.gather(waiting), shipping=pick % 5)
    delivered_at = pl.col("created_at").dt.truncate("1d") + pl.duration(days=pl.col("days"), hours=13)
    is_delivered = delivered_at < until
    order_date = pl.col("at").dt.date()
    delivery = order_date + pl.duration(days=pl.col("days"))
    return baskets.select(
        id=(pick + 40_000_000).cast(pl.String),
        order_number="receipt_number",
        customer_id="customer_number",
        order_date=order_date.dt.strftime("%Y-%m-%d"),
        delivery_date=pl.when(is_delivered).then(delivery.dt.strftime("%Y-%m-%d")),
        total_amount="total_amount",
        status=pl.when(is_delivered)
        .then(pl.lit("delivered"))
        .when(pl.col("created_at") + pl.duration(hours=20) < until)
        .then(pl.lit("shipped"))
        .otherwise(pl.lit("open")),
        payment_method="payment_method",
        shipping_method=pl.when(pl.col("shipping") == 0).then(pl.lit("DHL Express")).otherwise(pl.lit("DHL")),
        created_at="created_at",
        updated_at=pl.when(is_delivered).then(delivered_at).otherwise(pl.col("created_at")),
        delivery_time_days=pl.when(is_delivered).then(pl.col("days")),
        order_age_days=((pl.lit(until).cast(pl.Datetime("us", "UTC")) - pl.col("created_at")).dt.total_days()),
        delivered_at=delivered_at,
        **{
            SYNCED: pl.when(is_delivered)
            .then(delivered_at.dt.truncate("1h") + pl.duration(hours=1))
            .otherwise(pl.col(SYNCED))
        },
    )


def _midnight(a: Assortment, day: pl.Expr) -> pl.Expr:
    return to_utc(local_time(a, day * 86_400 + 6 * 3_600))


def article_ids(a: Assortment) -> list[str]:
    return [str(50_000 + i) for i in range(len(a.number))]


def articles(world: World, hour: int, stock: IntArray) -> pl.DataFrame:
    """Rows of `article` known at a clock hour, with the label price of that day; new and marked down at six o'clock.

    Args:
        stock: units on hand per cell, for `stock_quantity`.
    """
    a = world.assortment
    day = (hour - 7) // 24
    n = a.articles
    known = np.append(np.flatnonzero(a.created <= day), np.arange(n, len(a.number)))
    stocked = known < n
    i = np.where(stocked, known, 0)
    today = np.full(len(known), day)
    steps = np.where(a.markdown_day[i] <= day, a.markdown_day[i], -FOREVER)
    changed = np.maximum(a.created[i], steps.max(axis=1))
    price = a.label_price(i, np.zeros(len(i), dtype=np.int64), today)
    total = np.bincount(a.cell_article, stock, n).astype(np.int64)
    category, leaf_id = categories(a)
    del category
    other = {number: (p, c) for number, _, p, c in NON_MERCHANDISE}
    numbers = [a.number[k] for k in known]
    shelf = np.where(stocked, price, [other.get(number, (0.0, 0.0))[0] for number in numbers])
    cost = np.where(stocked, a.cost[i], [other.get(number, (0.0, 0.0))[1] for number in numbers])
    leaf_name = [LEAVES[int(a.leaf[k])].name if s else OTHER_CATEGORY for k, s in zip(i, stocked, strict=True)]
    frame = pl.DataFrame(
        {
            "id": [str(50_000 + k) for k in known],
            "article_number": numbers,
            "name": [a.name[k] for k in known],
            "description": [f"{a.name[k]}, {leaf}" for k, leaf in zip(known, leaf_name, strict=True)],
            "price": shelf,
            "cost": np.where(cost > 0, cost, np.nan),
            "category_id": [leaf_id[name] for name in leaf_name],
            "supplier_id": [str(9_100 + int(a.supplier[k])) if s else None for k, s in zip(i, stocked, strict=True)],
            "brand": [BRANDS[int(a.brand[k])] if s else None for k, s in zip(i, stocked, strict=True)],
            "season": [a.season[k] for k in known],
            "ean": [_ean(int(k)) if s else None for k, s in zip(known, stocked, strict=True)],
            "stock_quantity": np.where(stocked, total[i], 0),
            "is_active": ~stocked | (a.end[i] + 150 > day),
            "created_day": np.where(stocked, a.created[i], -1_500),
            "changed_day": np.where(stocked, changed, -1_500),
        }
    )
    net = pl.col("price") / 1.19
    return frame.select(
        pl.exclude("created_day", "changed_day", "cost"),
        cost=pl.col("cost").fill_nan(None),
        is_deleted=pl.lit(False),
        created_at=_midnight(a, pl.col("created_day")),
        updated_at=_midnight(a, pl.col("changed_day")),
        profit_margin=((net - pl.col("cost").fill_nan(None)) / net * 100).round(2),
        price_tier=pl.when(pl.col("price") < 30)
        .then(pl.lit("budget"))
        .when(pl.col("price") < 100)
        .then(pl.lit("mid"))
        .otherwise(pl.lit("premium")),
        **{SYNCED: _first_sync(a, pl.col("changed_day"))},
    )


def _first_sync(a: Assortment, day: pl.Expr) -> pl.Expr:
    """The sync that sees a master row changed at six o'clock of a day; older ones came with the initial sync."""
    return sync_after(a, pl.max_horizontal(day, pl.lit(a.first_landed_day)) * 86_400 + 6 * 3_600)


def _ean(article: int) -> str:
    body = f"40{61_000_000_00 + article:010d}"
    digits = [int(ch) for ch in body]
    check = (10 - sum(d * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10) % 10
    return body + str(check)


def categories(a: Assortment) -> tuple[pl.DataFrame, dict[str, str]]:
    """Rows of `category`, and the id of each category at the bottom by its name."""
    ids: dict[tuple[str, ...], str] = {}
    rows: list[tuple[str, str, str | None]] = []
    paths = [(*item.path, item.name) for item in LEAVES] + [(OTHER_CATEGORY,)]
    for path in paths:
        for depth in range(1, len(path) + 1):
            key = path[:depth]
            if key not in ids:
                ids[key] = str(1_000 + len(ids))
                rows.append((ids[key], path[depth - 1], ids.get(key[:-1])))
    frame = pl.DataFrame(rows, schema={"id": pl.String, "name": pl.String, "parent_id": pl.String}, orient="row")
    created = pl.lit(-1_600)
    return (
        frame.with_columns(
            description=pl.concat_str(pl.lit("Warengruppe "), pl.col("name")),
            created_at=_midnight(a, created),
            updated_at=_midnight(a, created),
            **{SYNCED: _first_sync(a, created)},
        ),
        {path[-1]: ids[path] for path in paths},
    )


def suppliers(a: Assortment) -> pl.DataFrame:
    """Rows of `supplier`; only few land a lead time."""
    n = len(SUPPLIERS)
    created = pl.lit(-1_600)
    return pl.DataFrame(
        {
            "id": [str(9_100 + i) for i in range(n)],
            "supplier_number": [f"{70_010 + 10 * i}" for i in range(n)],
            "name": [s[0] for s in SUPPLIERS],
            "city": [s[1] for s in SUPPLIERS],
            "country": [s[2] for s in SUPPLIERS],
            "lead_time_days": [s[3] if i < SUPPLIERS_WITH_LANDED_LEAD_TIME else None for i, s in enumerate(SUPPLIERS)],
        }
    ).with_columns(
        created_at=_midnight(a, created), updated_at=_midnight(a, created), **{SYNCED: _first_sync(a, created)}
    )


def shops(a: Assortment) -> pl.DataFrame:
    """Rows of `shop`."""
    created = pl.lit(-1_600)
    return pl.DataFrame(
        {
            "id": [b.shop_id for b in a.branches],
            "branch_number": [b.number for b in a.branches],
            "name": [b.name for b in a.branches],
            "search_term": [b.city.upper() for b in a.branches],
            "address": [b.street for b in a.branches],
            "city": [b.city for b in a.branches],
            "postal_code": [b.postal_code for b in a.branches],
            "country": ["DE" for _ in a.branches],
            "phone": [f"+49 89 1200{b.number}" for b in a.branches],
            "email": [f"filiale{b.number}@example.com" for b in a.branches],
            "is_webshop": [b.kind == "online" for b in a.branches],
            "is_active": [True for _ in a.branches],
            "is_deleted": [False for _ in a.branches],
            "shop_type": [b.kind for b in a.branches],
            "is_online": [b.kind == "online" for b in a.branches],
        }
    ).with_columns(
        created_at=_midnight(a, created), updated_at=_midnight(a, created), **{SYNCED: _first_sync(a, created)}
    )


def customers(world: World, hour: int) -> pl.DataFrame:
    """Rows of `customer` known at a clock hour (on file from the start of their first day)."""
    a, people = world.assortment, world.people
    n = int((people.created <= hour // 24).sum())
    frame = pl.DataFrame(
        {
            "id": people.id[:n],
            "customer_number": people.number[:n],
            "first_name": people.first_name[:n],
            "last_name": people.last_name[:n],
            "email": pl.Series(people.email[:n], dtype=pl.String),
            "phone": pl.Series(people.phone[:n], dtype=pl.String),
            "address": people.street[:n],
            "city": people.city[:n],
            "postal_code": people.postal_code[:n],
            "created_day": people.created[:n],
        }
    )
    created = to_utc(local_time(a, pl.col("created_day") * 86_400))
    day = pl.max_horizontal(pl.col("created_day"), pl.lit(a.first_landed_day))
    return frame.select(
        pl.exclude("created_day"),
        name=pl.concat_str("first_name", "last_name", separator=" "),
        country=pl.lit("DE"),
        is_active=pl.lit(True),
        is_deleted=pl.lit(False),
        created_at=created,
        updated_at=created,
        full_address=pl.concat_str(
            pl.col("address"), pl.lit(", "), pl.col("postal_code"), pl.lit(" "), pl.col("city"), pl.lit(", DE")
        ),
        **{SYNCED: sync_after(a, day * 86_400)},
    )


def cell_columns(a: Assortment, cell: IntArray) -> dict[str, pl.Series]:
    """The key columns of `inventory` for cells: its id is the article-size's, the same in every branch."""
    article = a.cell_article[cell]
    return {
        "id": pl.Series(3_000_000 + article * 10 + a.cell_size[cell]).cast(pl.String),
        "branch_number": pl.Series([b.number for b in a.branches]).gather(pl.Series(a.cell_branch[cell])),
        "article_number": _lookup(a.number, article),
        "article_id": pl.Series(50_000 + article).cast(pl.String),
        "article_size_number": sizes(a, article, a.cell_size[cell]),
    }


def stock_changes(opening: IntArray, seen: np.ndarray, movements: Columns, first_hour: int) -> Columns:
    """Stock per cell as hourly syncs see it: one entry per change, by cell and hour.

    Args:
        opening: units per cell at `first_hour`.
        seen: cells that have a row from `first_hour` on.
        movements: cell, t, units from `first_hour` on.

    Returns:
        cell, hour (clock hour of the sync that saw it), quantity.
    """
    start = np.flatnonzero(seen)
    cell = np.concatenate([start, movements["cell"]])
    hour = np.concatenate([np.full(len(start), first_hour), movements["t"] // 3_600 + 1])
    units = np.concatenate([opening[start], movements["units"]])
    # cells without a first row start from nothing
    order = np.lexsort((hour, cell))
    cell, hour, units = cell[order], hour[order], units[order]
    if not len(cell):
        return {"cell": cell, "hour": hour, "quantity": units}
    running = np.cumsum(units)
    heads = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
    base = np.repeat((running - units)[heads], np.diff(np.append(heads, len(cell))))
    quantity = running - base
    last_in_hour = np.append((cell[1:] != cell[:-1]) | (hour[1:] != hour[:-1]), True)
    cell, hour, quantity = cell[last_in_hour], hour[last_in_hour], quantity[last_in_hour]
    changed = np.append(True, (cell[1:] != cell[:-1]) | (quantity[1:] != quantity[:-1]))
    return {"cell": cell[changed], "hour": hour[changed], "quantity": quantity[changed]}


def sync_at(a: Assortment, hour: pl.Expr) -> pl.Expr:
    """The UTC time of the sync that ends the clock hour before `hour`."""
    return sync_after(a, (hour - 1) * 3_600)


def inventory_history(a: Assortment, changes: Columns) -> pl.DataFrame:
    """Rows of `inventory_history` in Fivetran's history mode, from changes sorted by cell and hour."""
    frame = pl.DataFrame(
        {
            **cell_columns(a, changes["cell"]),
            "cell": changes["cell"],
            "hour": changes["hour"],
            "quantity": changes["quantity"],
        }
    )
    starts = frame.with_columns(_fivetran_start=sync_at(a, pl.col("hour")))
    following = pl.when(pl.col("cell") == pl.col("cell").shift(-1)).then(pl.col("_fivetran_start").shift(-1))
    return with_stock_status(
        starts.with_columns(
            _fivetran_end=(following - _MS).fill_null(pl.lit(OPEN_END).cast(pl.Datetime("us", "UTC"))),
            _fivetran_active=following.is_null(),
            updated_at=pl.col("_fivetran_start"),
            **{SYNCED: following.fill_null(pl.col("_fivetran_start"))},
        ).drop("cell", "hour")
    )


def with_stock_status(frame: pl.DataFrame) -> pl.DataFrame:
    quantity = pl.col("quantity")
    return frame.with_columns(
        quantity.cast(pl.Float64),
        stock_status=pl.when(quantity <= 0)
        .then(pl.lit("out_of_stock"))
        .when(quantity < 3)
        .then(pl.lit("low_stock"))
        .otherwise(pl.lit("in_stock")),
    )


def current_inventory(history: pl.DataFrame) -> pl.DataFrame:
    """Rows of `inventory`: the open rows of the history."""
    return history.filter("_fivetran_active").drop("_fivetran_start", "_fivetran_end", "_fivetran_active")


def purchase_orders(a: Assortment, ordered: Columns, arrived: Columns) -> pl.DataFrame:
    """Rows of `purchase_order`: supplier orders under way and received, one row per cell and order."""
    parts = []
    for columns, received in ((arrived, True), (ordered, False)):
        cell = columns["cell"]
        keys = cell_columns(a, cell)
        booked = columns["arrived_day"] if received else columns["ordered_day"]
        parts.append(
            pl.DataFrame(
                {
                    "number": columns["number"],
                    "cell": cell,
                    "ordered_day": columns["ordered_day"],
                    "planned_day": columns["planned_day"],
                    "booked_day": booked,
                    "article_number": keys["article_number"],
                    "article_size_number": keys["article_size_number"],
                    "branch_number": keys["branch_number"],
                    "supplier": a.supplier[a.cell_article[cell]],
                    "quantity": columns["units"],
                    "received_quantity": columns["units"] if received else np.zeros(len(cell), dtype=np.int64),
                    "status": pl.Series(["received" if received else "open"] * len(cell), dtype=pl.String),
                }
            )
        )
    frame = pl.concat(parts).sort("number", "cell")
    return frame.select(
        id=pl.concat_str(pl.lit("B"), pl.col("number") + 100_000, pl.lit("-"), pl.col("cell")),
        article_number="article_number",
        article_size_number="article_size_number",
        branch_number="branch_number",
        supplier_number=(70_010 + 10 * pl.col("supplier")).cast(pl.String),
        ordered_at=to_utc(local_time(a, pl.col("ordered_day") * 86_400 + 21 * 3_600)),
        expected_at=to_utc(local_time(a, pl.col("planned_day") * 86_400 + 6 * 3_600)),
        quantity=pl.col("quantity").cast(pl.Float64),
        received_quantity=pl.col("received_quantity").cast(pl.Float64),
        status="status",
        **{
            SYNCED: pl.max_horizontal(
                sync_after(a, pl.col("booked_day") * 86_400 + 6 * 3_600),
                sync_after(a, pl.lit(a.first_landed_day * 86_400)),
            )
        },
    )
