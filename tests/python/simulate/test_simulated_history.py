"""The history: the same for a seed, true to its truth, the same content in every generation, plausible."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from prohandel.landing.simulate import history, world
from prohandel.landing.simulate.calendar import public_holidays
from prohandel.landing.simulate.config import ALL_BRANCHES, LAST_SYNC, WEB, scale_named
from prohandel.landing.simulate.history import History
from prohandel.landing.simulate.world import World
from prohandel.landing.tables import LANDED_TABLES, landed_table
from tests.python.simulate.conftest import HistoryOf
from tests.python.simulate.resolving import resolved, table

NUMBERS = ("quantity", "sale_price", "label_price", "purchase_price", "discount")


def sales(made: History) -> pl.DataFrame:
    return table(made, "sale").with_columns(on=pl.col("date").str.slice(0, 10).str.to_date())


@pytest.mark.parametrize("dirt", [0.0, 0.01])
def test_same_seed_same_rows(history_of: HistoryOf, dirt: float) -> None:
    again = history.make(
        world.build(scale_named("small"), seed=7), "declared", dirt, purchase_orders=True, progress=lambda _t, _s: None
    )
    first = history_of("declared", dirt)
    for batch, other in zip(first.batches, again.batches, strict=True):
        assert_frame_equal(batch.rows, other.rows, check_exact=True)
    for name, frame in first.truth.items():
        assert_frame_equal(frame, again.truth[name], check_exact=True)


def test_other_seed_other_rows(history_of: HistoryOf) -> None:
    other = history.make(
        world.build(scale_named("small"), seed=8), "declared", 0.0, purchase_orders=False, progress=lambda _t, _s: None
    )
    assert not table(other, "sale").equals(table(history_of(), "sale"))


def test_lands_every_table_of_the_catalogue_with_known_columns_and_unique_keys(history_of: HistoryOf) -> None:
    for generation in ("declared", "api", "mixed"):
        made = history_of(generation)
        assert {batch.table for batch in made.batches} == set(LANDED_TABLES)
        for batch in made.batches:
            known = landed_table(batch.table)
            unknown = {c for c in batch.rows.columns if not c.startswith("_fivetran")} - known.landed_names
            assert not unknown, (batch.table, unknown)
            assert not batch.rows.select(known.primary_key).is_duplicated().any(), batch.table
            assert (batch.rows["_fivetran_synced"] <= LAST_SYNC.astimezone(UTC)).all(), batch.table


def test_sizes_of_the_small_scale(history_of: HistoryOf) -> None:
    made = history_of()
    assert 4_000 <= table(made, "sale").height <= 6_500
    assert table(made, "article").height == 60
    assert table(made, "shop")["branch_number"].to_list() == ["0901", "0902", "0909", "0911", "0912"]
    assert sales(made)["on"].n_unique() == 150


def test_stock_identity(history_of: HistoryOf) -> None:
    daily = history_of().truth["stock_daily"].sort("branch_number", "article_number", "date_day")
    came = pl.col("receipts") + pl.col("transfers_in") + pl.col("returns")
    went = pl.col("sales") + pl.col("transfers_out") + pl.col("shrinkage") + pl.col("clearance")
    assert daily.select((pl.col("opening_stock") + came - went == pl.col("closing_stock")).all()).item()
    assert (daily["closing_stock"] >= 0).all()
    pair = ["branch_number", "article_number"]
    followed = daily.filter(pl.col("date_day").diff().over(pair) == pl.duration(days=1))
    assert followed.height > 5_000
    before = daily.with_columns(
        before=pl.col("closing_stock").shift(1).over(pair), gap=pl.col("date_day").diff().over(pair)
    )
    nightly = before.filter(pl.col("gap") == pl.duration(days=1))
    assert (nightly["before"] == nightly["opening_stock"]).all()


def test_landed_sales_are_the_truth_s(history_of: HistoryOf) -> None:
    made = history_of()
    lines = sales(made).filter(~pl.col("article_number").str.starts_with("Z") & (pl.col("on") < LAST_SYNC.date()))
    demand, daily = made.truth["demand"], made.truth["stock_daily"]
    assert lines.filter(pl.col("type") == "0")["quantity"].sum() == demand["sold_units"].sum() == daily["sales"].sum()
    assert -lines.filter(pl.col("type") == "1")["quantity"].sum() == daily["returns"].sum()
    assert (demand["sold_units"] <= demand["demand_units"]).all()


def test_landed_stock_is_the_truth_s(history_of: HistoryOf) -> None:
    made = history_of()
    keys = ["branch_number", "article_number", "article_size_number"]
    last = made.truth["stock_changes"].sort("synced_at").group_by(keys).last().sort(keys)
    landed = table(made, "inventory").sort(keys)
    assert landed["quantity"].cast(pl.Int64).to_list() == last["quantity"].to_list()
    closing = made.truth["stock_daily"].filter(pl.col("date_day") == date(2026, 2, 27))["closing_stock"].sum()
    midnight = pl.lit(datetime(2026, 2, 27, 23, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    at_midnight = made.truth["stock_changes"].filter(pl.col("synced_at") <= midnight)
    assert at_midnight.sort("synced_at").group_by(keys).last()["quantity"].sum() == closing


def test_history_mode_of_the_stock(history_of: HistoryOf) -> None:
    rows = table(history_of(), "inventory_history").sort("id", "branch_number", "_fivetran_start")
    key = ["id", "branch_number"]
    gap = pl.col("_fivetran_start").shift(-1).over(key) - pl.col("_fivetran_end")
    assert rows.select(gap.alias("gap")).drop_nulls()["gap"].unique().dt.total_milliseconds().to_list() == [1]
    assert rows.filter("_fivetran_active")["_fivetran_end"].dt.year().unique().to_list() == [9999]
    assert not rows.filter("_fivetran_active").select(key).is_duplicated().any()


def test_stores_shut_and_the_web_never(history_of: HistoryOf) -> None:
    lines = sales(history_of())
    state = {b.number: b.state for b in ALL_BRANCHES}
    for (branch, on), _ in lines.group_by("branch_number", "on"):
        if branch != WEB:
            assert isinstance(on, date)
            assert on.weekday() != 6
            assert on not in public_holidays(on.year, state[str(branch)])
    assert lines.filter(pl.col("branch_number") == WEB)["on"].n_unique() == 150


def test_returns_come_within_thirty_days_and_name_what_they_return(history_of: HistoryOf) -> None:
    lines = sales(history_of())
    delay = lines.filter(pl.col("type") == "1")["receipt_number"].str.extract(r"-(\d+)$").cast(pl.Int64)
    assert delay.is_between(1, 30).all()
    rate = lines.group_by("branch_number").agg(
        -pl.col("quantity").filter(pl.col("type") == "1").sum() / pl.col("quantity").filter(pl.col("type") == "0").sum()
    )
    rates = dict(rate.iter_rows())
    assert rates[WEB] > 3 * max(value for branch, value in rates.items() if branch != WEB)


def test_orders_are_the_web_shop_s_receipts(history_of: HistoryOf) -> None:
    made = history_of()
    receipts = (
        sales(made)
        .filter((pl.col("branch_number") == WEB) & (pl.col("type") == "0"))
        .group_by("receipt_number")
        .agg(pl.col("sale_price").sum().round(2).alias("total"))
    )
    joined = table(made, "order").join(receipts, left_on="order_number", right_on="receipt_number", how="full")
    assert (joined["total_amount"] == joined["total"]).all()


@pytest.mark.parametrize("dirt", [0.0, 0.01])
@pytest.mark.parametrize("generation", ["api", "mixed"])
def test_generations_say_the_same(history_of: HistoryOf, generation: str, dirt: float) -> None:
    declared, other = history_of("declared", dirt), history_of(generation, dirt)
    for name in ("sale", "article", "customer", "shop", "order", "inventory", "inventory_history"):
        assert_frame_equal(resolved(declared, name), resolved(other, name), check_exact=True)


def test_api_references_hold_ids(history_of: HistoryOf) -> None:
    made = history_of("api")
    assert set(table(made, "sale")["branch_id"]) <= set(table(made, "shop")["id"])
    assert set(table(made, "article")["supplier"].drop_nulls()) <= set(table(made, "supplier")["number"])
    people = table(made, "sale").filter(pl.col("customer_id").str.len_chars() >= 7)["customer_id"]
    assert set(people) <= set(table(made, "customer")["id"])


def test_aggregates_hold_only_what_the_last_batch_held(history_of: HistoryOf) -> None:
    made = history_of()
    daily = table(made, "daily_sales_agg")
    truth = sales(made).group_by(pl.col("on").cast(pl.String).alias("sale_date")).len("lines")
    joined = daily.join(truth, on="sale_date")
    assert joined.height == 150
    assert (joined["sale_count"] <= joined["lines"]).all()
    assert (joined["sale_count"] < joined["lines"]).any()
    ids = table(made, "article_sales_agg")
    assert ids["article_number"].n_unique() < ids.height


def test_every_trap_is_planted_and_written_down(history_of: HistoryOf) -> None:
    made = history_of("declared", 0.01)
    landed = {"sale": table(made, "sale"), "article": table(made, "article")}
    traps = set(made.planted["trap"])
    assert len(traps) >= 45
    ids = landed["sale"]["id"].str.strip_chars().unique().to_list()
    lines = made.planted.filter((pl.col("table") == "sale") & (pl.col("trap") != "missing_key"))
    assert set(lines["key"]) <= set(ids)
    for trap in ("future_date", "orphan_article_lands_later", "negative_inventory", "unknown_shop_type"):
        assert trap in traps
    assert (table(made, "inventory")["quantity"].cast(pl.Float64, strict=False) < 0).any()
    assert made.state.waiting["article"].height >= 1


def test_clean_means_clean(history_of: HistoryOf) -> None:
    made = history_of()
    assert made.planted.is_empty()
    rows = table(made, "sale")
    assert all(rows.schema[name] == pl.Float64 for name in NUMBERS)
    assert rows["article_number"].is_in(table(made, "article")["article_number"].implode()).all()


def test_business_is_plausible(history_of: HistoryOf, small: World) -> None:
    lines = sales(history_of()).filter(~pl.col("article_number").str.starts_with("Z"))
    net = float(lines["sale_price"].sum()) / 1.19
    cost = float((lines["purchase_price"] * lines["quantity"]).sum())
    assert 0.45 <= 1 - cost / net <= 0.60
    assert lines.height > 1.2 * lines["receipt_number"].n_unique()
    assert (lines["customer_number"].fill_null("").str.len_chars() < 7).sum() > 0.2 * lines.height
    assert small.assortment.scale.days == 150
