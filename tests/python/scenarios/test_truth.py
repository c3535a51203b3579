"""What the marts infer from landed rows, against what the simulated retailer knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from tests.python.scenarios.conftest import Land
from tests.python.scenarios.harness import Warehouse

pytestmark = pytest.mark.slow

RANGING_DAYS = 90
PAIR = ["branch_number", "article_number"]
DAY = ["date_day", *PAIR]


@pytest.fixture(scope="module")
def clean(land_simulated: Land) -> Warehouse:
    """A clean landing, built as far as stockout_events."""
    warehouse = land_simulated("scenario_truth", dirt=0.0)
    without_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    warehouse.dbt("build", "--select", "+stockout_events", *without_tests)
    return warehouse


@pytest.fixture(scope="module")
def pairs(clean: Warehouse) -> pl.DataFrame:
    """Pairs of merchandise whose branch holds stock of its own, with the first day that stock was seen."""
    return frame(
        clean,
        "select branch_number, article_number, known_from, range_start from intermediate.int_inventory__pairs"
        " where not is_superseded and is_merchandise and not is_deleted and known_from is not null",
        [*PAIR, "known_from", "range_start"],
    )


@pytest.fixture(scope="module")
def demand(clean: Warehouse) -> pl.DataFrame:
    """Demand and sales of every pair and day, that of served branches with their server."""
    groups = frame(
        clean,
        "select distinct selling_branch_number, stock_branch_number from intermediate.int_inventory__supply_groups",
        ["branch_number", "stock_branch_number"],
    )
    return (
        truth(clean, "demand")
        .join(groups, on="branch_number")
        .group_by("date_day", pl.col("stock_branch_number").alias("branch_number"), "article_number")
        .agg(pl.col("demand_units", "sold_units").cast(pl.Int64).sum())
    )


@pytest.fixture(scope="module")
def stockout_days(clean: Warehouse, pairs: pl.DataFrame, demand: pl.DataFrame) -> pl.DataFrame:
    """Days on which a pair that sold within the ranging days ended without stock, by the truth."""
    stock = truth(clean, "stock_daily").select(*DAY, "closing_stock")
    first_day: date = demand.select(pl.col("date_day").min()).item()
    days = pl.DataFrame({"date_day": pl.date_range(first_day, as_of(clean), eager=True)})
    last_sale = pl.when(pl.col("sold_units") > 0).then("date_day")
    return (
        pairs.join(days, how="cross")
        .join(stock, on=DAY, how="left")
        .join(demand, on=DAY, how="left")
        .sort(DAY)
        .with_columns(last_sale_on=last_sale.forward_fill().over(PAIR))
        .filter(
            pl.col("date_day") >= pl.col("known_from"),
            pl.col("date_day") >= pl.col("range_start"),
            pl.col("closing_stock").fill_null(0) <= 0,
            pl.col("date_day") - pl.col("last_sale_on") < pl.duration(days=RANGING_DAYS),
        )
        .select(*DAY, pl.col("demand_units", "sold_units").fill_null(0))
    )


def frame(warehouse: Warehouse, query: str, columns: list[str]) -> pl.DataFrame:
    return pl.DataFrame(warehouse.execute(query), schema=columns, orient="row", infer_schema_length=None)


def truth(warehouse: Warehouse, name: str) -> pl.DataFrame:
    return pl.read_parquet(warehouse.workdir / "home" / "truth" / f"{name}.parquet")


def as_of(warehouse: Warehouse) -> date:
    found: date = warehouse.execute("select as_of_date from intermediate.int_as_of")[0][0]
    return found


def events(warehouse: Warehouse) -> Iterator[tuple[object, ...]]:
    yield from warehouse.execute(
        "select branch_number, article_number, started_on, coalesce(ended_on, as_of_date), stockout_days"
        " from marts.stockout_events cross join intermediate.int_as_of"
    )


def test_stockout_days_are_exact(clean: Warehouse, stockout_days: pl.DataFrame) -> None:
    found = pl.DataFrame(
        list(events(clean)), schema=[*PAIR, "started_on", "last_day", "stockout_days"], orient="row"
    ).with_columns(date_day=pl.date_ranges("started_on", "last_day"))
    assert found.select((pl.col("date_day").list.len() == pl.col("stockout_days")).all()).item()
    # What is no merchandise to the retailer (alterations) is in no truth of stock.
    known = truth(clean, "demand").select("article_number").unique()
    ours = set(found.join(known, on="article_number").explode("date_day").select(DAY).iter_rows())
    theirs = set(stockout_days.select(DAY).iter_rows())
    assert len(theirs) > 1000
    assert ours == theirs


@pytest.mark.parametrize(
    ("kinds", "least", "most"),
    [
        pytest.param(["nos", "reorderable", "one_shot"], 0.8, 1.2, id="all"),
        # Demand that is going up when the shelf gets empty (always there, before Christmas) or down (fashion).
        pytest.param(["nos", "reorderable"], 0.4, 1.2, id="always there"),
        pytest.param(["one_shot"], 0.8, 2.5, id="fashion"),
    ],
)
def test_lost_units_are_near_the_demand_that_was_not_met(
    clean: Warehouse, stockout_days: pl.DataFrame, kinds: list[str], least: float, most: float
) -> None:
    """In sum, over the events that have an estimate: single ones are a few units of chance."""
    estimates = frame(
        clean,
        "select branch_number, article_number, started_on, coalesce(ended_on, as_of_date), assortment_type,"
        " estimated_lost_units from marts.stockout_events cross join intermediate.int_as_of"
        " where estimated_lost_units is not null",
        [*PAIR, "started_on", "last_day", "assortment_type", "estimated_lost_units"],
    ).filter(pl.col("assortment_type").is_in(kinds))
    missed = (
        estimates.join(stockout_days, on=PAIR)
        .filter(pl.col("date_day").is_between("started_on", "last_day"))
        .select((pl.col("demand_units") - pl.col("sold_units")).sum())
        .item()
    )
    assert missed > 100
    assert least <= float(estimates["estimated_lost_units"].sum()) / missed <= most
