"""The landing of a benchmark: the same rows for the same seed, and stock that follows from receipts and sales."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.history import chunks, open_versions
from benchmarks.landing import master_data
from benchmarks.retailer import Retailer, Size, parse_size, size_of

SIZE = Size(lines=3_000, articles=40, customers=60)


@pytest.fixture(scope="module")
def rows() -> dict[str, pl.DataFrame]:
    return landed(1)


def landed(seed: int) -> dict[str, pl.DataFrame]:
    retailer = Retailer(SIZE, seed)
    sales, closed, stocks = zip(*chunks(retailer), strict=True)
    stock = stocks[-1]
    inventory, current = open_versions(retailer, stock, np.flatnonzero(stock.since >= 0))
    history = pl.concat([*closed, current])
    return {**master_data(retailer), "sale": pl.concat(sales), "inventory": inventory, "inventory_history": history}


def test_same_seed_same_rows(rows: dict[str, pl.DataFrame]) -> None:
    again = landed(1)
    assert all(frame.equals(again[name]) for name, frame in rows.items())
    assert not landed(2)["sale"].equals(rows["sale"])


def test_number_of_lines_is_exact(rows: dict[str, pl.DataFrame]) -> None:
    assert rows["sale"].height == SIZE.lines
    assert rows["sale"]["id"].n_unique() == SIZE.lines


def test_lines_come_in_order_of_time(rows: dict[str, pl.DataFrame]) -> None:
    assert rows["sale"]["created_at"].is_sorted()
    assert rows["sale"]["_fivetran_synced"].is_sorted()


def test_versions_of_stock_follow_each_other(rows: dict[str, pl.DataFrame]) -> None:
    history = rows["inventory_history"].sort("id", "_fivetran_start")
    followed = history.with_columns(
        next_start=pl.col("_fivetran_start").shift(-1).over("id"), before=pl.col("quantity").shift(1).over("id")
    )
    inner = followed.drop_nulls("next_start")
    assert (inner["_fivetran_end"] + timedelta(milliseconds=1) == inner["next_start"]).all()
    assert followed.drop_nulls("before").filter(pl.col("quantity") == pl.col("before")).is_empty()
    assert history.filter("_fivetran_active")["id"].n_unique() == rows["inventory"].height


def test_stock_is_what_was_received_less_what_was_sold(rows: dict[str, pl.DataFrame]) -> None:
    """A rise by more than what came back in the hour is a receipt; all others are sales, to the unit."""
    cell = ["branch_number", "article_number", "article_size_number"]
    moves = (
        rows["inventory_history"]
        .sort("id", "_fivetran_start")
        .with_columns(change=pl.col("quantity") - pl.col("quantity").shift(1, fill_value=0).over("id"))
        .group_by(*cell, pl.col("_fivetran_start").alias("synced"))
        .agg(pl.col("change").sum())
    )
    sold = (
        rows["sale"]
        .filter(pl.col("article_size_number").is_not_null())
        .with_columns(pl.col("branch_number").replace({"0911": "0912"}))
        .group_by(*cell, pl.col("_fivetran_synced").alias("synced"))
        .agg(pl.col("quantity").sum().alias("units"))
    )
    both = moves.join(sold, on=[*cell, "synced"], how="full", coalesce=True).fill_null(0)
    received = both.with_columns(received=pl.col("change") + pl.col("units"))
    assert (received["received"] >= 0).all()
    # Deliveries come before the shops open: no receipt in an hour in which something was sold.
    assert received.filter((pl.col("units") != 0) & (pl.col("received") > 0)).is_empty()
    last = rows["inventory"].group_by(cell).agg(pl.col("quantity").sum())
    total = received.group_by(cell).agg((pl.col("received") - pl.col("units")).sum().alias("left"))
    joined = last.join(total, on=cell)
    assert joined.height == last.height
    assert (joined["quantity"] == joined["left"]).all()


def test_most_pairs_sell_rarely(rows: dict[str, pl.DataFrame]) -> None:
    counts = rows["sale"].group_by("branch_number", "article_number").len()["len"].sort(descending=True)
    assert counts.head(counts.len() // 10).sum() > 0.3 * SIZE.lines


def test_sales_refer_to_what_has_landed(rows: dict[str, pl.DataFrame]) -> None:
    assert set(rows["sale"]["article_number"]) <= set(rows["article"]["article_number"])
    assert set(rows["sale"]["branch_number"]) <= set(rows["shop"]["branch_number"])
    assert set(rows["sale"]["customer_number"]) - {"0"} <= set(rows["customer"]["customer_number"])


def test_sizes() -> None:
    assert parse_size("100k") == size_of(100_000)
    assert parse_size("1M").articles == 20_000
    assert parse_size("2500").articles == 500
    assert parse_size("10M") == Size(lines=10_000_000, articles=20_000, customers=200_000)
    assert [parse_size(text).label for text in ("100k", "1M", "2500")] == ["100k", "1M", "2500"]
    with pytest.raises(ValueError, match="fewer than 100"):
        parse_size("5")
