"""Lands a benchmark's retailer by COPY: a chunk of sales and of stock history after another, so memory stays small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import psycopg
from psycopg import sql

from benchmarks.history import Stock, chunks, open_versions
from benchmarks.retailer import (
    BEGIN,
    BERLIN,
    BRANCH_NUMBERS,
    CATEGORIES,
    CITIES,
    SERVICE_CATEGORY,
    SUPPLIERS,
    WAREHOUSE,
    WEB,
    Retailer,
)
from prohandel.landing.state import note_landing
from prohandel.landing.tables import LANDED_TABLES
from prohandel.landing.upsert import frame_types, index_sync_times

SCHEMA = "prohandel"
_ROWS_AT_ONCE = 250_000


def land(
    conn: psycopg.Connection, retailer: Retailer, home: Path, say: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Lands the retailer's two years into an empty warehouse.

    Args:
        conn: a connection in autocommit; everything lands in one transaction.
        home: of the warehouse; gets the notes that tell `prohandel run` what has landed.
        say: is told what is being landed.

    Returns:
        Rows per table.
    """
    rows: dict[str, int] = {}
    with conn.transaction():
        conn.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
        for table, frame in master_data(retailer).items():
            _create(conn, table, frame)
            rows[table] = _copy(conn, table, [frame])
        stock = Stock.none(0)
        for number, (sales, closed, after) in enumerate(chunks(retailer), start=1):
            if number == 1:
                _create(conn, "sale", sales)
                _create(conn, "inventory_history", closed)
            rows["sale"] = rows.get("sale", 0) + _copy(conn, "sale", [sales])
            rows["inventory_history"] = rows.get("inventory_history", 0) + _copy(conn, "inventory_history", [closed])
            stock = after
            say(f"period {number} of {len(retailer.periods)}")
        seen = np.flatnonzero(stock.since >= 0)
        for place in range(0, len(seen), _ROWS_AT_ONCE):
            inventory, history = open_versions(retailer, stock, seen[place : place + _ROWS_AT_ONCE])
            if place == 0:
                _create(conn, "inventory", inventory)
            rows["inventory"] = rows.get("inventory", 0) + _copy(conn, "inventory", [inventory])
            rows["inventory_history"] += _copy(conn, "inventory_history", [history])
        for table in rows:
            say(f"key of {table}")
            key = sql.SQL(", ").join(map(sql.Identifier, LANDED_TABLES[table].primary_key))
            conn.execute(sql.SQL("alter table {} add primary key ({})").format(sql.Identifier(SCHEMA, table), key))
            index_sync_times(conn, SCHEMA, table)
    for table in rows:
        conn.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier(SCHEMA, table)))
    note_landing(conn, SCHEMA, home)
    return rows


def _create(conn: psycopg.Connection, table: str, frame: pl.DataFrame) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in frame_types(frame).items()
    )
    conn.execute(sql.SQL("create table {} ({})").format(sql.Identifier(SCHEMA, table), columns))


def _copy(conn: psycopg.Connection, table: str, frames: Sequence[pl.DataFrame]) -> int:
    written = 0
    columns = sql.SQL(", ").join(map(sql.Identifier, frames[0].columns))
    statement = sql.SQL("copy {} ({}) from stdin with (format csv)").format(sql.Identifier(SCHEMA, table), columns)
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for frame in frames:
            copy.write(frame.write_csv(include_header=False))
            written += frame.height
    return written


def master_data(retailer: Retailer) -> Mapping[str, pl.DataFrame]:
    """Rows of shop, category, supplier, customer and article, as they stand at the end of the history."""
    known = datetime(BEGIN.year, BEGIN.month, BEGIN.day, 6, tzinfo=BERLIN)
    return {
        "shop": _shops(known),
        "category": _categories(known),
        "supplier": _suppliers(known),
        "customer": _customers(retailer.size.customers, known),
        "article": _articles(retailer, known),
    }


def _stamped(columns: dict[str, object], known: datetime) -> pl.DataFrame:
    created = pl.lit(known - timedelta(days=800)).dt.convert_time_zone("UTC")
    return pl.DataFrame(columns).with_columns(
        created.alias("created_at"),
        created.alias("updated_at"),
        pl.lit(known).dt.convert_time_zone("UTC").alias("_fivetran_synced"),
        pl.lit(False).alias("_fivetran_deleted"),
    )


def _shops(known: datetime) -> pl.DataFrame:
    kinds = {WEB: "online", WAREHOUSE: "warehouse", 0: "outlet", 1: "outlet"}
    branches = range(len(BRANCH_NUMBERS))
    return _stamped(
        {
            "id": [str(101 + i) for i in branches],
            "branch_number": BRANCH_NUMBERS,
            "name": [f"Filiale {number}" for number in BRANCH_NUMBERS],
            "city": [CITIES[i % len(CITIES)][0] for i in branches],
            "postal_code": [CITIES[i % len(CITIES)][1] for i in branches],
            "country": ["DE" for _ in branches],
            "is_webshop": [i == WEB for i in branches],
            "is_active": [True for _ in branches],
            "is_deleted": [False for _ in branches],
            "shop_type": [kinds.get(i, "retail") for i in branches],
            "is_online": [i == WEB for i in branches],
        },
        known,
    )


def _category_ids() -> dict[str, str]:
    """Id of each category by its name; the same name below two parents is told apart by its parent's."""
    names = [*dict.fromkeys(top for top, *_ in CATEGORIES), *(f"{top} {name}" for top, name, _ in CATEGORIES)]
    return {name: str(1_000 + i) for i, name in enumerate([*names, SERVICE_CATEGORY])}


def _categories(known: datetime) -> pl.DataFrame:
    ids = _category_ids()
    parents = {f"{top} {name}": ids[top] for top, name, _ in CATEGORIES}
    return _stamped(
        {
            "id": list(ids.values()),
            "name": list(ids),
            "parent_id": pl.Series([parents.get(name) for name in ids], dtype=pl.String),
        },
        known,
    )


def _suppliers(known: datetime) -> pl.DataFrame:
    return _stamped(
        {
            "id": [str(9_100 + i) for i in range(SUPPLIERS)],
            "supplier_number": [str(70_010 + 10 * i) for i in range(SUPPLIERS)],
            "name": [f"Lieferant {i:02d}" for i in range(SUPPLIERS)],
            "country": ["DE" if i % 3 else "IT" for i in range(SUPPLIERS)],
        },
        known,
    )


def _customers(count: int, known: datetime) -> pl.DataFrame:
    return _stamped(
        {
            "id": [str(700_000_000 + i) for i in range(count)],
            "customer_number": [str(1_000_000 + i) for i in range(count)],
            "name": [f"Kunde {i}" for i in range(count)],
            "city": [CITIES[i % len(CITIES)][0] for i in range(count)],
            "postal_code": [CITIES[i % len(CITIES)][1] for i in range(count)],
            "country": ["DE" for _ in range(count)],
            "is_active": [True for _ in range(count)],
            "is_deleted": [False for _ in range(count)],
        },
        known,
    )


def season_of(day: int) -> str:
    """The season in which an article is launched: FS from February to July, HW from August on."""
    launched = BEGIN + timedelta(days=day)
    if launched.month == 1:
        return f"HW{launched.year - 2001:02d}"
    return f"FS{launched.year - 2000:02d}" if launched.month < 8 else f"HW{launched.year - 2000:02d}"


def _articles(retailer: Retailer, known: datetime) -> pl.DataFrame:
    articles = range(retailer.size.articles)
    ids = _category_ids()
    leaves = [ids[f"{top} {name}"] for top, name, _ in CATEGORIES]
    today = np.full(retailer.size.articles, 729)
    price = retailer.label_price(np.arange(retailer.size.articles), today)
    frame = _stamped(
        {
            "id": [str(50_000 + i) for i in articles],
            "article_number": retailer.number,
            "name": [f"{CATEGORIES[retailer.category[i]][1]} {i}" for i in articles],
            "price": price,
            "cost": pl.Series(np.where(retailer.has_cost, retailer.cost, np.nan)).fill_nan(None),
            "category_id": [leaves[retailer.category[i]] for i in articles],
            "supplier_id": [str(9_100 + int(retailer.supplier[i])) for i in articles],
            "brand": [f"Marke {int(retailer.brand[i]):02d}" for i in articles],
            "season": [None if retailer.is_nos[i] else season_of(int(retailer.launch[i])) for i in articles],
            "is_active": [True for _ in articles],
            "is_deleted": [False for _ in articles],
        },
        known,
    )
    launched = [
        datetime(BEGIN.year, BEGIN.month, BEGIN.day, 6, tzinfo=BERLIN) + timedelta(days=int(day) - 14)
        for day in retailer.launch
    ]
    created = pl.Series(launched).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    frame = frame.with_columns(created.alias("created_at"), created.alias("updated_at"))
    bag = frame.head(1).with_columns(
        id=pl.lit("49999"),
        article_number=pl.lit("90000001"),
        name=pl.lit("Tragetasche Papier"),
        price=pl.lit(0.2),
        cost=pl.lit(0.08),
        category_id=pl.lit(ids[SERVICE_CATEGORY]),
        supplier_id=pl.lit(None, dtype=pl.String),
        brand=pl.lit(None, dtype=pl.String),
        season=pl.lit(None, dtype=pl.String),
    )
    return pl.concat([frame, bag])
