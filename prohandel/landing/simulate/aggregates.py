"""The three aggregate tables as the Lambda makes them: over the rows of one sync batch, upserted over the last.

They are wrong on purpose (landing.md, fact 1): a day holds whatever part of it the last batch held, and an article
has as many ids as it had positions.
"""

from __future__ import annotations

import polars as pl

from prohandel.landing.simulate.rows import SYNCED

INITIAL_BATCH_ROWS = 20_000
HOURLY_BATCHES = 48
"""The initial sync pages through history in batches of rows; the last hours came as one batch each."""


def with_batches(frame: pl.DataFrame, synced: str = SYNCED) -> pl.DataFrame:
    """Adds `batch`: pages of the initial sync in the order of the rows, then one per hourly sync."""
    hourly = frame[synced].unique().sort().tail(HOURLY_BATCHES)
    early = pl.col(synced) < hourly.min()
    return frame.with_columns(
        batch=pl.when(early)
        .then((early.cum_sum() - 1) // INITIAL_BATCH_ROWS)
        .otherwise(1_000_000 + pl.col(synced).rank("dense").cast(pl.Int64))
        .cast(pl.Int64)
    )


def _last(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    return frame.sort("batch", maintain_order=True).unique(key, keep="last", maintain_order=True)


def daily_sales(sales: pl.DataFrame) -> pl.DataFrame:
    """`daily_sales_agg` from rows with `at`, `quantity`, `sale_price`, `batch` and `_fivetran_synced`."""
    grouped = (
        sales.with_columns(sale_date=pl.col("at").dt.strftime("%Y-%m-%d"))
        .group_by("batch", "sale_date", maintain_order=True)
        .agg(
            sale_count=pl.len().cast(pl.Int64),
            total_quantity=pl.col("quantity").sum(),
            total_amount=pl.col("sale_price").sum().round(2),
            **{SYNCED: pl.col(SYNCED).max()},
        )
    )
    return _last(grouped, "sale_date").select(
        "sale_date", "sale_count", "total_quantity", "total_amount", aggregation_type=pl.lit("daily_sales"),
        **{SYNCED: pl.col(SYNCED)},
    )  # fmt: skip


def article_sales(sales: pl.DataFrame, articles: pl.DataFrame) -> pl.DataFrame:
    """`article_sales_agg`: ids are agg_<article>_<position in its batch>."""
    grouped = (
        sales.filter(pl.col("article_number").is_not_null())
        .group_by("batch", "article_number", maintain_order=True)
        .agg(
            total_quantity=pl.col("quantity").sum(),
            total_amount=pl.col("sale_price").sum().round(2),
            sale_count=pl.len().cast(pl.Int64),
            **{SYNCED: pl.col(SYNCED).max()},
        )
        .with_columns(position=pl.int_range(pl.len()).over("batch"))
        .with_columns(agg_id=pl.concat_str(pl.lit("agg_"), "article_number", pl.lit("_"), "position"))
    )
    names = articles.select(
        "article_number", "name", "description", category="category_id", supplier="supplier_id"
    ).unique("article_number", keep="first", maintain_order=True)
    return (
        _last(grouped, "agg_id")
        .join(names, on="article_number", how="left", maintain_order="left")
        .select(
            "agg_id", "article_number", "total_quantity", "total_amount", "sale_count", "name", "description",
            "category", "supplier", aggregation_type=pl.lit("article_sales"), **{SYNCED: pl.col(SYNCED)},
        )
    )  # fmt: skip


def warehouse_inventory(inventory: pl.DataFrame) -> pl.DataFrame:
    """`warehouse_inventory_agg` from rows with `branch_number`, `article_number`, `quantity`, `batch`."""
    grouped = (
        inventory.group_by("batch", "branch_number", maintain_order=True)
        .agg(
            total_quantity=pl.col("quantity").sum(),
            article_count=pl.col("article_number").n_unique().cast(pl.Int64),
            **{SYNCED: pl.col(SYNCED).max()},
        )
        .with_columns(agg_id=pl.concat_str(pl.lit("wh_agg_"), pl.int_range(pl.len()).over("batch")))
    )
    return _last(grouped, "agg_id").select(
        "agg_id", "total_quantity", "article_count", warehouse="branch_number",
        aggregation_type=pl.lit("warehouse_inventory"), **{SYNCED: pl.col(SYNCED)},
    )  # fmt: skip
