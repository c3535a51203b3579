"""Faults of a landing, planted in the batches of simulated hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import psycopg
from psycopg import sql

from prohandel.landing.upsert import Batch

Batches = list[Batch]


@dataclass
class Hour:
    """An hour whose sync is to go wrong.

    Attributes:
        batches: what would land.
        conn: to the database that it lands in.
        rng: random numbers of this fault.
        number: 0 for the first hour of the fault.
    """

    batches: Batches
    conn: psycopg.Connection
    rng: np.random.Generator
    number: int

    def changed(self, table: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Batches:
        """The batches with the rows of one table changed."""
        return [replace(b, rows=change(b.rows)) if b.table == table else b for b in self.batches]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what has to be said about it.

    Attributes:
        kind: what goes wrong, in two or three words.
        parameters: how, in words.
        plant: gives the batches that land instead.
        tables: one of these has to be named.
        named: kinds of incident, one of which has to be named.
        begins: local hour of the first sync that is wrong.
        hours: syncs that are wrong; the run after the last of them has to find it.
    """

    kind: str
    parameters: str
    plant: Callable[[Hour], Batches]
    tables: tuple[str, ...]
    named: tuple[str, ...]
    begins: int = 12
    hours: int = 1


def lost_hours(tables: Sequence[str] | None = None) -> Callable[[Hour], Batches]:
    """Nothing lands, or nothing of these tables."""
    return lambda hour: [b for b in hour.batches if tables is not None and b.table not in tables]


def lost_branch(branch: str) -> Callable[[Hour], Batches]:
    """The till of a branch sends nothing."""
    return lambda hour: hour.changed("sale", lambda rows: rows.filter(pl.col("branch_number") != branch))


def partial_sync(share: float, branch: str | None = None) -> Callable[[Hour], Batches]:
    """No more than a share of the lines lands."""

    def plant(hour: Hour) -> Batches:
        def some(rows: pl.DataFrame) -> pl.DataFrame:
            kept = pl.Series(hour.rng.random(rows.height) < share)
            return rows.filter(kept if branch is None else kept | (rows["branch_number"] != branch))

        return hour.changed("sale", some)

    return plant


def doubled(table: str = "sale") -> Callable[[Hour], Batches]:
    """Each line lands a second time, under another id."""

    def again(rows: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([rows, rows.with_columns(pl.concat_str(pl.lit("9"), pl.col("id")).alias("id"))])

    return lambda hour: hour.changed(table, again)


def reused_keys() -> Callable[[Hour], Batches]:
    """New lines come under the ids of old ones."""

    def plant(hour: Hour) -> Batches:
        def with_old_ids(rows: pl.DataFrame) -> pl.DataFrame:
            query = "select id::text from prohandel.sale order by md5(id::text) limit %s"
            old = [row[0] for row in hour.conn.execute(query, [rows.height]).fetchall()]
            return rows.with_columns(pl.Series("id", old, dtype=pl.String))

        return hour.changed("sale", with_old_ids)

    return plant


def emptied(table: str, column: str, share: float) -> Callable[[Hour], Batches]:
    """A column is null in a share of the rows."""

    def plant(hour: Hour) -> Batches:
        def without(rows: pl.DataFrame) -> pl.DataFrame:
            empty = pl.Series(hour.rng.random(rows.height) < share)
            return rows.with_columns(pl.when(empty).then(None).otherwise(pl.col(column)).alias(column))

        return hour.changed(table, without)

    return plant


def renamed(table: str, column: str, other: str) -> Callable[[Hour], Batches]:
    """From now on the column comes under another name; the loader has renamed it in the destination."""

    def plant(hour: Hour) -> Batches:
        if hour.number == 0:
            hour.conn.execute(
                sql.SQL("alter table prohandel.{} rename column {} to {}").format(
                    sql.Identifier(table), sql.Identifier(column), sql.Identifier(other)
                )
            )
        return hour.changed(table, lambda rows: rows.rename({column: other}))

    return plant


def widened(table: str, column: str, value: str) -> Callable[[Hour], Batches]:
    """One value does not fit the type: the loader makes the column a text.

    Raises:
        ValueError: it is a text already, so that nothing would go wrong.
    """

    def plant(hour: Hour) -> Batches:
        landed = sql.SQL("select {} from prohandel.{} limit 0").format(sql.Identifier(column), sql.Identifier(table))
        if [each.type_display for each in hour.conn.execute(landed).description or ()] == ["text"]:
            raise ValueError(f"{table}.{column} is a text already")

        def odd(rows: pl.DataFrame) -> pl.DataFrame:
            as_text = rows[column].cast(pl.String).to_list()
            as_text[0] = value
            return rows.with_columns(pl.Series(column, as_text, dtype=pl.String))

        return hour.changed(table, odd)

    return plant


def _of_number(rows: pl.DataFrame, column: str, change: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """A changed number, as text where the column is one; what is no number stays."""
    changed = change(pl.col(column).cast(pl.Float64, strict=False)).round(2).cast(rows.schema[column])
    return pl.coalesce(changed, pl.col(column))


def scaled(columns: Sequence[str], factor: float, branch: str | None = None) -> Callable[[Hour], Batches]:
    """Amounts of sale lines are off by a factor."""

    def plant(hour: Hour) -> Batches:
        here = pl.lit(True) if branch is None else pl.col("branch_number") == branch
        return hour.changed(
            "sale",
            lambda rows: rows.with_columns(
                pl.when(here).then(_of_number(rows, c, lambda n: n * factor)).otherwise(pl.col(c)).alias(c)
                for c in columns
            ),
        )

    return plant


def shifted(hours: int) -> Callable[[Hour], Batches]:
    """The times of sale are those of another zone."""

    def moved(text: str | None) -> str | None:
        if text is None or len(text) < 19:
            return text
        at = datetime.fromisoformat(text[:19]) + timedelta(hours=hours)
        return at.isoformat() + text[19:]

    return lambda hour: hour.changed(
        "sale", lambda rows: rows.with_columns(pl.col("date").map_elements(moved, return_dtype=pl.String))
    )


def orphaned(column: str, share: float) -> Callable[[Hour], Batches]:
    """Lines name parents that have not landed."""

    def plant(hour: Hour) -> Batches:
        def strange(rows: pl.DataFrame) -> pl.DataFrame:
            hit = pl.Series(hour.rng.random(rows.height) < share)
            new = pl.Series([f"77{n:05d}" for n in hour.rng.integers(0, 99_999, rows.height)])
            return rows.with_columns(pl.when(hit).then(new).otherwise(pl.col(column)).alias(column))

        return hour.changed("sale", strange)

    return plant


def dated(days: int, share: float) -> Callable[[Hour], Batches]:
    """Lines are dated other days: later ones for positive `days`."""

    def moved(text: str | None) -> str | None:
        if text is None or len(text) < 10:
            return text
        return (datetime.fromisoformat(text[:10]) + timedelta(days=days)).date().isoformat() + text[10:]

    def plant(hour: Hour) -> Batches:
        def some(rows: pl.DataFrame) -> pl.DataFrame:
            hit = pl.Series(hour.rng.random(rows.height) < share)
            later = pl.col("date").map_elements(moved, return_dtype=pl.String)
            return rows.with_columns(pl.when(hit).then(later).otherwise(pl.col("date")).alias("date"))

        return hour.changed("sale", some)

    return plant


def late_week(rows_again: int) -> Callable[[Hour], Batches]:
    """Lines of the past week come with this hour's."""

    def plant(hour: Hour) -> Batches:
        def with_old(rows: pl.DataFrame) -> pl.DataFrame:
            copies = pl.concat([rows] * (rows_again // max(rows.height, 1) + 1))[:rows_again]
            back = hour.rng.integers(3, 9, copies.height)
            dates = [
                (datetime.fromisoformat(d[:10]) - timedelta(days=int(n))).date().isoformat() + d[10:]
                for d, n in zip(copies["date"].to_list(), back, strict=True)
            ]
            ids = pl.Series([f"66{n:06d}" for n in range(copies.height)])
            receipts = pl.Series([f"late-{n}" for n in range(copies.height)])
            return pl.concat(
                [rows, copies.with_columns(id=ids, receipt_number=receipts, date=pl.Series(dates))],
                how="vertical_relaxed",
            )

        return hour.changed("sale", with_old)

    return plant


def negative_prices(share: float) -> Callable[[Hour], Batches]:
    """Sales carry a price below zero."""

    def plant(hour: Hour) -> Batches:
        def below(rows: pl.DataFrame) -> pl.DataFrame:
            hit = pl.Series(hour.rng.random(rows.height) < share) & (
                rows["quantity"].cast(pl.Float64, strict=False) > 0
            )
            below_zero = _of_number(rows, "sale_price", lambda price: -price.abs())
            return rows.with_columns(pl.when(hit).then(below_zero).otherwise(pl.col("sale_price")).alias("sale_price"))

        return hour.changed("sale", below)

    return plant


def resynced(table: str, column: str, spoil: Callable[[str], str]) -> Callable[[Hour], Batches]:
    """All rows of a table land again, a text in them spoiled."""

    def plant(hour: Hour) -> Batches:
        synced = max(b.synced_at for b in hour.batches)
        cursor = hour.conn.execute(
            sql.SQL("select * from prohandel.{}").format(sql.Identifier(table))  # the columns as they have landed
        )
        names = [column.name for column in cursor.description or ()]
        rows = pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)
        rows = rows.with_columns(
            pl.col(column).map_elements(spoil, return_dtype=pl.String),
            pl.lit(synced).cast(pl.Datetime("us", "UTC")).alias("_fivetran_synced"),
        )
        return [*(b for b in hour.batches if b.table != table), Batch(table, rows, synced, None)]

    return plant


def frozen_stock() -> Callable[[Hour], Batches]:
    """Stock no longer lands while sales go on."""
    return lost_hours(("inventory", "inventory_history"))


def drifted_sums(factor: float) -> Callable[[Hour], Batches]:
    """The connector's sums of a day are off by a factor."""
    amounts = ("total_amount", "total_quantity")
    return lambda hour: hour.changed("daily_sales_agg", lambda rows: rows.with_columns(pl.col(amounts) * factor))


def latin(text: str) -> str:
    """UTF-8 that was read as Latin-1."""
    return text.encode().decode("latin-1")
