"""Traps planted in the rows (landing.md, facts 1 to 16), each written down for the truth.

A rate is the share of a table's rows that each single trap hits, at least one row. Traps of sale lines never meet in
one row. What a trap is called, and in which row of which table it lies, is in the truth's `planted` (key = the landed
id; for stock branch|article|size).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from prohandel.landing.simulate.calendar import to_utc
from prohandel.landing.simulate.config import LAST_SYNC, BoolArray, Columns, IntArray, stream
from prohandel.landing.simulate.generations import DATE_FORM
from prohandel.landing.simulate.rows import SYNCED, cell_columns, local_time, sync_after
from prohandel.landing.simulate.stock import SHRINKAGE
from prohandel.landing.simulate.truth import PLANTED_SCHEMA
from prohandel.landing.simulate.world import World

DELETED = "_fivetran_deleted"
DUE = "due_hour"
_NUMBERS = ("quantity", "purchase_price", "sale_price", "label_price", "discount")
_FALSE, _TRUE = ("false", "0", "nein", "N"), ("true", "1", "ja", "J")
_ADJUSTMENT_IDS = 90_000_000
_HOURLY_CHANCE = 150
"""How often, per unit of the rate, an hourly sync brings each kind of change: 0.001 -> 15 of 100 hours."""

_FORMATS: tuple[tuple[str, str, pl.Expr], ...] = (
    ("decimal_comma", "sale_price", pl.col("sale_price").str.replace(".", ",", literal=True)),
    ("decimal_comma", "label_price", pl.col("label_price").str.replace(".", ",", literal=True)),
    ("unreadable_price", "sale_price", pl.lit("n/a")),
    ("unreadable_cost", "purchase_price", pl.lit("siehe EK")),
    ("missing_price", "sale_price", pl.lit(None, dtype=pl.String)),
    ("missing_cost", "purchase_price", pl.lit(None, dtype=pl.String)),
    ("zero_cost", "purchase_price", pl.lit("0")),
    ("unreadable_quantity", "quantity", pl.lit("zwei")),
    ("missing_quantity", "quantity", pl.lit(None, dtype=pl.String)),
    ("zero_quantity", "quantity", pl.lit("0")),
    ("missing_article", "article_number", pl.lit(None, dtype=pl.String)),
    ("missing_branch", "branch_number", pl.lit(None, dtype=pl.String)),
    ("missing_size", "article_size_number", pl.lit(None, dtype=pl.String)),
    ("missing_type", "type", pl.lit(None, dtype=pl.String)),
    ("orphan_article", "article_number", pl.concat_str(pl.lit("0999"), pl.col("article_number").str.tail(4))),
    ("orphan_branch", "branch_number", pl.lit("0999")),
    ("orphan_customer", "customer_number", pl.lit("99999999")),
    ("spaces_in_number", "article_number", pl.concat_str(pl.lit("  "), pl.col("article_number"), pl.lit(" "))),
    ("spaces_in_number", "branch_number", pl.concat_str(pl.col("branch_number"), pl.lit(" "))),
    ("voided_line", "is_deleted", pl.lit("ja")),
    ("voided_line", "is_deleted", pl.lit("J")),
    ("voided_line", "is_deleted", pl.lit("1")),
    ("voided_by_status", "status", pl.lit("void")),
    ("voided_by_status", "status", pl.lit("cancelled")),
    ("boolean_spelling", "is_deleted", pl.lit("nein")),
    ("boolean_spelling", "is_deleted", pl.lit("N")),
    ("boolean_spelling", "is_deleted", pl.lit("0")),
    ("date_as_local", DATE_FORM, pl.lit("local")),
    ("date_as_utc", DATE_FORM, pl.lit("utc")),
    ("date_without_time", DATE_FORM, pl.lit("day")),
    ("future_date", DATE_FORM, pl.lit("future")),
    ("unreadable_date", DATE_FORM, pl.lit("unreadable")),
    ("missing_date", DATE_FORM, pl.lit("missing")),
)
"""(trap, column, new value) of the traps that change one column of any sale line."""


@dataclass
class Soiled:
    """Tables after dirt was planted, what was planted, what lands only later (with `due_hour`), and keys to delete.

    `seen_quantity` are landed stocks by cell that differ from the truth.
    """

    tables: dict[str, pl.DataFrame]
    planted: pl.DataFrame
    waiting: dict[str, pl.DataFrame] = field(default_factory=dict)
    deleted: dict[str, pl.DataFrame] = field(default_factory=dict)
    seen_quantity: dict[int, int] = field(default_factory=dict)


class _Planter:
    """Chooses rows that no trap has hit yet, and keeps the book of what was planted."""

    def __init__(self, rng: np.random.Generator, rate: float) -> None:
        self.rng = rng
        self.rate = rate
        self._free: dict[str, BoolArray] = {}
        self._book: list[pl.DataFrame] = []

    def choose(self, table: str, rows: int, where: BoolArray | None = None, times: float = 1.0) -> IntArray:
        free = self._free.setdefault(table, np.ones(rows, dtype=bool))
        if len(free) < rows:
            free = np.append(free, np.ones(rows - len(free), dtype=bool))
            self._free[table] = free
        candidates = np.flatnonzero(free if where is None else free & where)
        wanted = min(max(1, round(self.rate * rows * times)), len(candidates))
        chosen = np.sort(self.rng.choice(candidates, wanted, replace=False)) if wanted else np.zeros(0, np.int64)
        free[chosen] = False
        return chosen

    def note(self, trap: str, table: str, keys: Iterable[str | None], detail: str = "") -> None:
        self._book.append(
            pl.DataFrame(
                [{"trap": trap, "table": table, "key": key or "", "detail": detail} for key in keys],
                schema=PLANTED_SCHEMA,
            )
        )

    @property
    def planted(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=PLANTED_SCHEMA), *self._book])


def as_numbers(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """The frame with those columns as numbers where dirt made text of them; what is none becomes null."""
    return frame.with_columns(
        pl.col(name).cast(pl.Float64, strict=False) for name in columns if frame.schema[name] == pl.String
    )


def _as_text(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Numbers and booleans as Fivetran writes them once a column had to become text."""
    return frame.with_columns(
        pl.col(name).cast(pl.String).str.replace(r"\.0$", "") for name in columns if frame.schema[name] != pl.String
    )


def _at(frame: pl.DataFrame, rows: IntArray) -> pl.Expr:
    mask = np.zeros(frame.height, dtype=bool)
    mask[rows] = True
    return pl.lit(pl.Series(mask))


def _changed(frame: pl.DataFrame, rows: IntArray, **values: pl.Expr) -> pl.DataFrame:
    where = _at(frame, rows)
    return frame.with_columns(pl.when(where).then(v).otherwise(pl.col(name)).alias(name) for name, v in values.items())


def _text_schema(sales: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.String)
    added = {DATE_FORM: nothing, "status": nothing, DELETED: pl.lit(False)}
    texts = _as_text(sales, (*_NUMBERS, "is_deleted"))
    return texts.with_columns(v.alias(name) for name, v in added.items() if name not in sales.columns)


def history(world: World, tables: dict[str, pl.DataFrame], rate: float, movements: Columns) -> Soiled:
    """Plants every trap into the rows of the history, in at least one row each; a rate of 0 plants none."""
    if not rate:
        return Soiled(tables, pl.DataFrame(schema=PLANTED_SCHEMA))
    planter = _Planter(stream(world.assortment.seed, "dirt"), rate)
    tables = dict(tables)
    later = _withhold_articles(world, planter, tables)
    tables["sale"] = _sales(world, planter, tables["sale"], movements)
    seen = _stock(world, planter, tables)
    _articles(planter, tables)
    _customers(planter, tables)
    _orders(planter, tables)
    _shops(planter, tables)
    return Soiled(tables, planter.planted, waiting={"article": later}, seen_quantity=seen)


def _withhold_articles(world: World, planter: _Planter, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Articles that sell already and land some syncs after the history."""
    articles = tables["article"]
    recent = tables["sale"].tail(max(200, tables["sale"].height // 20))["article_number"].unique()
    sold = articles["article_number"].is_in(recent.implode()).to_numpy() & (articles["season"].is_not_null()).to_numpy()
    chosen = planter.choose("article", articles.height, sold)
    later = articles[chosen].with_columns(
        pl.Series(DUE, world.last_hour + planter.rng.integers(2, 20, len(chosen)), dtype=pl.Int64)
    )
    planter.note("orphan_article_lands_later", "article", later["id"])
    tables["article"] = articles.filter(~_at(articles, chosen))
    planter._free.pop("article")
    return later


def _sales(world: World, planter: _Planter, sales: pl.DataFrame, movements: Columns) -> pl.DataFrame:
    sales = _text_schema(sales)
    n = sales.height
    ids = sales["id"]
    is_return = (sales["type"] == "1").to_numpy()
    last = pl.lit(LAST_SYNC).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))

    for trap, column, value in _FORMATS:
        where = None
        if trap == "decimal_comma":
            where = sales[column].str.contains(".", literal=True).fill_null(False).to_numpy()
        if trap == "zero_quantity" or trap == "orphan_customer":
            where = ~is_return
        chosen = planter.choose("sale", n, where, times=0.34 if trap in ("voided_line", "boolean_spelling") else 1.0)
        sales = _changed(sales, chosen, **{column: value})
        planter.note(trap, "sale", ids[chosen], column)

    chosen = planter.choose("sale", n, ~is_return)
    thousands = pl.lit("1.234,50")
    sales = _changed(sales, chosen, sale_price=thousands, label_price=thousands, discount=pl.lit("0"))
    sales = _changed(sales, chosen, quantity=pl.lit("1"))
    planter.note("thousands_separator", "sale", ids[chosen], "sale_price, label_price")

    basic = sales["article_number"].str.starts_with("N").fill_null(False).to_numpy()
    chosen = planter.choose("sale", n, basic)
    sales = _changed(sales, chosen, article_number=pl.col("article_number").str.to_lowercase())
    planter.note("case_differs", "sale", ids[chosen], "article_number")

    single = ((sales["quantity"] == "1") & ~pl.Series(is_return)).fill_null(False).to_numpy()
    chosen = planter.choose("sale", n, single)
    half = (pl.col("sale_price").cast(pl.Float64, strict=False) / 2).round(2).cast(pl.String)
    sales = _changed(sales, chosen, quantity=pl.lit("0.5"), sale_price=half, discount=pl.lit("0"))
    planter.note("fraction", "sale", ids[chosen], "quantity 0.5")

    chosen = planter.choose("sale", n, is_return)
    positive = {name: pl.col(name).str.strip_prefix("-") for name in ("quantity", "sale_price", "discount")}
    sales = _changed(sales, chosen, **positive)
    planter.note("return_with_positive_quantity", "sale", ids[chosen])
    chosen = planter.choose("sale", n, is_return)
    sales = _changed(sales, chosen, type=pl.lit("0"))
    planter.note("return_without_type", "sale", ids[chosen])

    chosen = planter.choose("sale", n)
    days = pl.lit(pl.Series(planter.rng.integers(1, 21, n)))
    delayed = pl.min_horizontal(pl.col(SYNCED) + pl.duration(days=days), last)
    sales = _changed(sales, chosen, **{SYNCED: delayed})
    planter.note("late_row", "sale", ids[chosen])
    chosen = planter.choose("sale", n, ~is_return)
    corrected = (pl.col("sale_price").cast(pl.Float64, strict=False) * 0.9).round(2).cast(pl.String)
    sales = _changed(
        sales, chosen, sale_price=corrected, updated_at=delayed - pl.duration(minutes=20), **{SYNCED: delayed}
    )
    planter.note("corrected_row", "sale", ids[chosen], "sale_price x 0.9")
    chosen = planter.choose("sale", n)
    sales = _changed(sales, chosen, **{DELETED: pl.lit(True), SYNCED: delayed})
    planter.note("soft_deleted_row", "sale", ids[chosen])

    chosen = planter.choose("sale", n, ~is_return)
    again = sales[chosen]
    padded = pl.concat_str(pl.lit(" "), pl.col("id"))
    again = again.with_columns(
        id=padded,
        sale_price=(pl.col("sale_price").cast(pl.Float64, strict=False) * 0.95).round(2).cast(pl.String),
        **{SYNCED: pl.min_horizontal(pl.col(SYNCED) + pl.duration(hours=5), last)},
    )
    planter.note("resent_with_changed_key", "sale", ids[chosen], "id with a leading space supersedes")
    blank = sales[planter.choose("sale", n)[:3]]
    nameless = blank.with_columns(id=pl.Series([" " * (k + 1) for k in range(blank.height)], dtype=pl.String))
    planter.note("missing_key", "sale", nameless["id"], "blank id")
    return pl.concat([sales, again, nameless, _adjustments(world, planter, sales, movements)], how="diagonal")


def _adjustments(world: World, planter: _Planter, sales: pl.DataFrame, movements: Columns) -> pl.DataFrame:
    """Write-off lines for some of what was lost: type 0, negative quantity, price zero or missing."""
    a = world.assortment
    lost = np.flatnonzero(movements["kind"] == SHRINKAGE)
    wanted = min(len(lost), max(1, round(planter.rate * sales.height)))
    chosen = np.sort(planter.rng.choice(lost, wanted, replace=False)) if len(lost) else lost
    cell = movements["cell"][chosen]
    keys = cell_columns(a, cell)
    frame = pl.DataFrame(
        {
            "id": [str(_ADJUSTMENT_IDS + i) for i in range(len(cell))],
            "t": movements["t"][chosen],
            "branch_number": keys["branch_number"],
            "article_number": keys["article_number"],
            "article_size_number": keys["article_size_number"],
            "quantity": [str(units) for units in movements["units"][chosen]],
            "purchase_price": [str(cost) for cost in a.cost[a.cell_article[cell]]],
            "sale_price": ["0" if i % 2 else None for i in range(len(cell))],
        },
        schema_overrides={"sale_price": pl.String, "id": pl.String, "quantity": pl.String, "purchase_price": pl.String},
    )
    planter.note("write_off_adjustment", "sale", frame["id"])
    at = local_time(a, pl.col("t"))
    return frame.select(
        pl.exclude("t"),
        receipt_number=pl.concat_str("branch_number", pl.lit("-W"), "id"),
        at=at,
        customer_number=pl.lit("0"),
        type=pl.lit("0"),
        is_deleted=pl.lit("false"),
        created_at=to_utc(at),
        updated_at=to_utc(at),
        **{SYNCED: sync_after(a, pl.col("t")), DELETED: pl.lit(False)},
    )


def _stock_key(frame: pl.DataFrame) -> pl.Series:
    return frame.select(
        pl.concat_str("branch_number", "article_number", "article_size_number", separator="|").alias("key")
    )["key"]


def _stock(world: World, planter: _Planter, tables: dict[str, pl.DataFrame]) -> dict[int, int]:
    """Stock that is negative, fractional, in text, unreadable, or under a changed key; open rows of the history."""
    a = world.assortment
    frame = tables["inventory_history"].with_columns(
        quantity=pl.col("quantity").cast(pl.String).str.replace(r"\.0$", "")
    )
    frame = frame.with_columns(pl.lit(False).alias(DELETED))
    active = frame["_fivetran_active"].to_numpy()
    share = active.sum() / max(frame.height, 1)
    key = _stock_key(frame)
    empty = active & (frame["quantity"] == "0").to_numpy()
    seen: dict[int, int] = {}

    chosen = planter.choose("inventory_history", frame.height, empty, times=share * 2)
    frame = _changed(frame, chosen, quantity=pl.lit("-1"), stock_status=pl.lit("out_of_stock"))
    planter.note("negative_inventory", "inventory", key[chosen], "-1 instead of 0")
    cell_of = {}
    if len(chosen):
        names = cell_columns(a, np.arange(len(a.cell_article)))
        every = _stock_key(
            pl.DataFrame({k: names[k] for k in ("branch_number", "article_number", "article_size_number")})
        )
        cell_of = dict(zip(every.to_list(), range(len(every)), strict=True))
    seen |= {cell_of[k]: -1 for k in key[chosen]}
    closed = ~active & (frame["quantity"] == "0").to_numpy()
    chosen = planter.choose("inventory_history", frame.height, closed, times=0.3)
    frame = _changed(frame, chosen, quantity=pl.lit("-1"))
    planter.note("negative_inventory", "inventory_history", key[chosen], "-1 instead of 0 for a while")

    for trap, value in (("fraction", pl.concat_str(pl.col("quantity"), pl.lit(".5"))),
                        ("decimal_comma", pl.concat_str(pl.col("quantity"), pl.lit(",0"))),
                        ("unreadable_quantity", pl.lit("?"))):  # fmt: skip
        positive = active & (frame["quantity"].str.contains(r"^[1-9]\d*$")).to_numpy()
        chosen = planter.choose("inventory_history", frame.height, positive, times=share)
        frame = _changed(frame, chosen, quantity=value)
        planter.note(trap, "inventory", key[chosen], "quantity")
    tables["inventory_history"] = frame
    return seen


def soiled_inventory(world: World, planted_rate: float, inventory: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Traps of the current stock alone: a row sent again under a changed key, a row deleted softly."""
    if not planted_rate:
        return inventory, pl.DataFrame(schema=PLANTED_SCHEMA)
    planter = _Planter(stream(world.assortment.seed, "dirt of stock"), planted_rate)
    key = _stock_key(inventory)
    sold_out = (inventory["quantity"] == "0").to_numpy()
    chosen = planter.choose("inventory", inventory.height, sold_out)
    inventory = _changed(inventory, chosen, **{DELETED: pl.lit(True)})
    planter.note("soft_deleted_row", "inventory", key[chosen])
    chosen = planter.choose("inventory", inventory.height)
    again = inventory[chosen].with_columns(
        article_number=pl.concat_str(pl.col("article_number"), pl.lit(" ")),
        **{SYNCED: pl.col(SYNCED) - pl.duration(hours=1)},
    )
    planter.note("resent_with_changed_key", "inventory", key[chosen], "older, article_number with a trailing space")
    return pl.concat([again, inventory]), planter.planted


def _spelled(frame: pl.DataFrame, column: str, rng: np.random.Generator) -> pl.DataFrame:
    """A boolean as text in every spelling, one at random per row."""
    yes = pl.Series(rng.choice(_TRUE, frame.height))
    no = pl.Series(rng.choice(_FALSE, frame.height))
    return frame.with_columns(pl.when(pl.col(column)).then(pl.lit(yes)).otherwise(pl.lit(no)).alias(column))


def _articles(planter: _Planter, tables: dict[str, pl.DataFrame]) -> None:
    frame = _as_text(tables["article"], ("price", "cost"))
    frame = _spelled(_spelled(frame, "is_active", planter.rng), "is_deleted", planter.rng)
    planter.note("boolean_spelling", "article", ["*"], "is_active, is_deleted in all spellings")
    n, ids = frame.height, frame["id"]
    has_cost = frame["cost"].is_not_null().to_numpy()
    traps: tuple[tuple[str, str, pl.Expr], ...] = (
        ("decimal_comma", "price", pl.col("price").str.replace(".", ",", literal=True)),
        ("decimal_comma", "cost", pl.col("cost").str.replace(".", ",", literal=True)),
        ("unreadable_price", "price", pl.lit("auf Anfrage")),
        ("missing_price", "price", pl.lit(None, dtype=pl.String)),
        ("missing_cost", "cost", pl.lit(None, dtype=pl.String)),
        ("orphan_category", "category_id", pl.lit("4711")),
        ("missing_article", "article_number", pl.lit(None, dtype=pl.String)),
        ("spaces_in_number", "article_number", pl.concat_str(pl.col("article_number"), pl.lit("  "))),
        ("deleted_article", "is_deleted", pl.lit("ja")),
    )
    for trap, column, value in traps:
        chosen = planter.choose("article", n, has_cost)
        frame = _changed(frame, chosen, **{column: value})
        planter.note(trap, "article", ids[chosen], column)
    chosen = planter.choose("article", n, has_cost)
    again = frame[chosen].with_columns(
        id=pl.concat_str(pl.col("id"), pl.lit(" ")), **{SYNCED: pl.col(SYNCED) - pl.duration(hours=2)}
    )
    planter.note("resent_with_changed_key", "article", ids[chosen], "older, id with a trailing space")
    tables["article"] = pl.concat([again, frame])


def _customers(planter: _Planter, tables: dict[str, pl.DataFrame]) -> None:
    frame = _spelled(_spelled(tables["customer"], "is_active", planter.rng), "is_deleted", planter.rng)
    planter.note("boolean_spelling", "customer", ["*"], "is_active, is_deleted in all spellings")
    n, ids = frame.height, frame["id"]
    traps: tuple[tuple[str, str, pl.Expr], ...] = (
        ("missing_number", "customer_number", pl.lit(None, dtype=pl.String)),
        ("spaces_in_number", "customer_number", pl.concat_str(pl.lit(" "), pl.col("customer_number"))),
        ("deleted_customer", "is_deleted", pl.lit("J")),
    )
    # a sale that names the id of a customer without a number says another thing than one that names the number
    named = pl.concat([tables["sale"]["customer_number"], tables["order"]["customer_id"]]).unique()
    unnamed = ~frame["customer_number"].is_in(named.implode()).to_numpy()
    for trap, column, value in traps:
        chosen = planter.choose("customer", n, unnamed if trap == "missing_number" else None)
        frame = _changed(frame, chosen, **{column: value})
        planter.note(trap, "customer", ids[chosen], column)
    tables["customer"] = frame


def _orders(planter: _Planter, tables: dict[str, pl.DataFrame]) -> None:
    frame = _as_text(tables["order"], ("total_amount",))
    n, ids = frame.height, frame["id"]
    traps: tuple[tuple[str, str, pl.Expr], ...] = (
        ("decimal_comma", "total_amount", pl.col("total_amount").str.replace(".", ",", literal=True)),
        ("unreadable_amount", "total_amount", pl.lit("-,--")),
        ("unreadable_date", "order_date", pl.lit("gestern")),
        ("missing_date", "order_date", pl.lit(None, dtype=pl.String)),
        ("unreadable_delivery_date", "delivery_date", pl.lit("KW 34")),
        ("cancelled_order", "status", pl.lit("cancelled")),
    )
    for trap, column, value in traps:
        chosen = planter.choose("order", n, (frame["status"] == "delivered").to_numpy())
        frame = _changed(frame, chosen, **{column: value})
        planter.note(trap, "order", ids[chosen], column)
    tables["order"] = frame


def _shops(planter: _Planter, tables: dict[str, pl.DataFrame]) -> None:
    """A pop-up (a type nobody knows), a shop without a number, and types in any case."""
    frame = tables["shop"]
    one = frame.head(1)
    popup = one.with_columns(
        id=pl.lit("150"), branch_number=pl.lit("0950"), name=pl.lit("Pop-up Schanze"), search_term=pl.lit("POPUP"),
        address=pl.lit("Schulterblatt 73"), city=pl.lit("Hamburg"), postal_code=pl.lit("20357"),
        shop_type=pl.lit("popup"),
    )  # fmt: skip
    nameless = one.with_columns(
        id=pl.lit("151"), branch_number=pl.lit(None, dtype=pl.String), name=pl.lit("Filiale ohne Nummer")
    )
    cases = pl.Series(["Retail", "RETAIL", "retail"] * frame.height)[: frame.height]
    retail = pl.col("shop_type") == "retail"
    frame = frame.with_columns(shop_type=pl.when(retail).then(pl.lit(cases)).otherwise(pl.col("shop_type")))
    tables["shop"] = _spelled(
        _spelled(pl.concat([frame, popup, nameless]), "is_active", planter.rng), "is_deleted", planter.rng
    )
    planter.note("boolean_spelling", "shop", ["*"], "is_active, is_deleted in all spellings")
    planter.note("unknown_shop_type", "shop", ["150"], "popup")
    planter.note("missing_key", "shop", ["151"], "branch_number")


def hour(world: World, recent: pl.DataFrame, tables: dict[str, pl.DataFrame], rate: float, until: int) -> Soiled:
    """What an hourly sync brings beside the new rows: late, corrected, voided, deleted and re-sent lines.

    Args:
        recent: sale rows landed in the last weeks.
        until: clock hour of the sync.
    """
    if not rate:
        return Soiled(tables, pl.DataFrame(schema=PLANTED_SCHEMA))
    rng = stream(world.assortment.seed, "hourly dirt", until)
    planter = _Planter(rng, 1.0)
    tables = dict(tables)
    waiting: dict[str, pl.DataFrame] = {}
    deleted: dict[str, pl.DataFrame] = {}
    fresh = _text_schema(tables["sale"])
    chance = min(0.5, rate * _HOURLY_CHANCE)
    draws = rng.random(5) < chance

    if draws[0] and fresh.height > 1:
        size = int(rng.integers(1, min(5, fresh.height)))
        chosen = np.sort(rng.choice(fresh.height, size, replace=False))
        due = pl.Series(DUE, until + rng.integers(3, 30, size), dtype=pl.Int64)
        waiting["sale"] = fresh[chosen].with_columns(due)
        planter.note("late_row", "sale", fresh["id"][chosen], "held back for hours")
        fresh = fresh.filter(~_at(fresh, chosen))
    usual = recent.filter((pl.col("type") == "0") & (pl.col("quantity") == "1") & ~pl.col(DELETED)
                          & pl.col("sale_price").str.contains(r"^\d+(\.\d+)?$") & ~pl.col("id").str.contains(" ")
                          & (pl.col("is_deleted") == "false"))  # fmt: skip
    picked = (
        np.sort(rng.choice(usual.height, min(8, usual.height), replace=False)) if usual.height else np.zeros(0, int)
    )
    parts = np.array_split(picked, 4)
    now = (
        pl.col("updated_at")
        if not usual.height
        else pl.lit(LAST_SYNC).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        + pl.duration(hours=until - world.last_hour, minutes=-20)
    )
    sent: list[pl.DataFrame] = []
    if draws[1] and len(parts[0]):
        lower = (pl.col("sale_price").cast(pl.Float64) * 0.9).round(2).cast(pl.String)
        sent.append(usual[parts[0]].with_columns(sale_price=lower, updated_at=now))
        planter.note("corrected_row", "sale", usual["id"][parts[0]], "sale_price x 0.9")
    if draws[2] and len(parts[1]):
        sent.append(usual[parts[1]].with_columns(is_deleted=pl.lit("ja"), updated_at=now))
        planter.note("voided_line", "sale", usual["id"][parts[1]], "after it had landed")
    if draws[3] and len(parts[2]):
        deleted["sale"] = usual[parts[2]].select("id")
        planter.note("soft_deleted_row", "sale", usual["id"][parts[2]], "after it had landed")
    if draws[4] and len(parts[3]):
        again = usual[parts[3]].with_columns(id=pl.concat_str(pl.lit(" "), pl.col("id")), updated_at=now)
        sent.append(again)
        planter.note("resent_with_changed_key", "sale", usual["id"][parts[3]], "id with a leading space supersedes")
    comma = np.flatnonzero(rng.random(fresh.height) < rate * 10)
    if len(comma):
        fresh = _changed(fresh, comma, sale_price=pl.col("sale_price").str.replace(".", ",", literal=True))
        planter.note("decimal_comma", "sale", fresh["id"][comma], "sale_price")
    tables["sale"] = pl.concat([*sent, fresh], how="diagonal_relaxed")
    return Soiled(tables, planter.planted, waiting=waiting, deleted=deleted)
