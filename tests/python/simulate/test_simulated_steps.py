"""Hourly steps go on where the history ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from prohandel.errors import ProhandelError
from prohandel.landing.simulate import state as states
from prohandel.landing.simulate import stock
from prohandel.landing.simulate.config import WAREHOUSE
from prohandel.landing.simulate.state import RetailerState
from prohandel.landing.simulate.step import Fault, flush_truth, step
from prohandel.landing.simulate.world import World
from prohandel.landing.upsert import Batch
from tests.python.simulate.conftest import HistoryOf

MONDAY_NOON = 42
"""Steps after the last sync (a Saturday evening) until Monday noon."""


def run(world: World, state: RetailerState, hours: int) -> tuple[list[Batch], RetailerState]:
    landed: list[Batch] = []
    for _ in range(hours):
        batches, state = step(world, state)
        landed += batches
    return landed, state


def rows(batches: list[Batch], table: str) -> pl.DataFrame:
    return pl.concat([b.rows for b in batches if b.table == table], how="diagonal_relaxed")


@pytest.fixture(scope="module")
def monday(small: World, history_of: HistoryOf) -> RetailerState:
    """The state on Monday, before an hour in which something is sold."""
    state = run(small, history_of().state, MONDAY_NOON)[1]
    while True:
        batches, after = step(small, state)
        if "sale" in {batch.table for batch in batches}:
            return state
        state = after


def test_hours_one_by_one_equal_days_at_once(small: World, history_of: HistoryOf) -> None:
    slow, fast = history_of().state.copy().stock, history_of().state.copy().stock
    until = slow.hour + 75
    a, c, w = small.assortment, small.conditions, small.warehouse
    plan = small.plan(slow.hour, until)
    one, many = stock.Log(), stock.Log()
    stock.advance(a, c, w, fast, plan, until, one)
    while slow.hour < until:
        stock.advance(a, c, w, slow, plan, slow.hour + 1, many)
    assert (slow.on_hand == fast.on_hand).all()
    moved, steps = stock.join(one.movements), stock.join(many.movements)
    assert sorted(zip(moved["t"], moved["cell"], moved["units"], strict=True)) == sorted(
        zip(steps["t"], steps["cell"], steps["units"], strict=True)
    )


def test_steps_continue_numbers_time_and_stock(small: World, history_of: HistoryOf) -> None:
    made = history_of()
    before = made.state.stock.on_hand.copy()
    batches, after = run(small, made.state, MONDAY_NOON)
    assert (made.state.stock.on_hand == before).all()
    assert after.synced_at - made.state.synced_at == timedelta(hours=MONDAY_NOON)
    known = set(next(b.rows for b in made.batches if b.table == "sale")["id"])
    fresh = rows(batches, "sale")
    assert fresh.height > 5
    assert not known & set(fresh["id"])
    history = rows(batches, "inventory_history")
    closed = history.filter(~pl.col("_fivetran_active"))
    keys = ["id", "branch_number", "article_number", "_fivetran_start"]
    earlier = next(b.rows for b in made.batches if b.table == "inventory_history")
    assert closed.join(pl.concat([earlier.select(keys), history.select(keys)]), on=keys, how="anti").is_empty()
    current = rows(batches, "inventory").unique(["id", "branch_number"], keep="last", maintain_order=True)
    assert current["quantity"].sum() == after.stock.on_hand[_touched(small, current)].sum()


def _touched(world: World, inventory: pl.DataFrame) -> np.ndarray:
    a = world.assortment
    article = {number: i for i, number in enumerate(a.number)}
    cells = []
    for row in inventory.iter_rows(named=True):
        i = article[row["article_number"]]
        size = [a.size_label(i, s) for s in range(int(a.sizes[i]))].index(row["article_size_number"])
        cells.append(int(a.first_cell[i, a.branch_index(row["branch_number"])]) + size)
    return np.array(cells)


def test_a_saved_state_goes_on_the_same(small: World, history_of: HistoryOf, tmp_path: Path) -> None:
    state = history_of("declared", 0.01).state
    straight, _ = run(small, state, 20)
    _, halfway = run(small, state, 8)
    flush_truth(small, halfway)
    states.save(halfway, tmp_path, {"schema": "x"})
    loaded, tag = states.load(tmp_path)
    assert tag == {"schema": "x"}
    rest, _ = run(small, loaded, 12)
    for table in ("sale", "inventory", "order"):
        both = rows(straight, table).tail(rows(rest, table).height)
        assert_frame_equal(both, rows(rest, table), check_exact=True)


def test_withheld_articles_land(small: World, history_of: HistoryOf) -> None:
    state = history_of("declared", 0.01).state
    withheld = set(state.waiting["article"]["id"])
    batches, after = run(small, state, 24)
    assert withheld <= set(rows(batches, "article")["id"])
    assert "article" not in after.waiting


def test_truth_goes_on(small: World, history_of: HistoryOf) -> None:
    made = history_of()
    _, after = run(small, made.state, MONDAY_NOON)
    frames, planted = flush_truth(small, after)
    assert planted.is_empty()
    days = frames["stock_daily"]["date_day"].unique().sort().to_list()
    assert [str(day) for day in days] == ["2026-02-28", "2026-03-01"]
    pair = ["branch_number", "article_number"]
    closing = made.truth["stock_daily"].filter(pl.col("date_day") == pl.col("date_day").max())
    opening = frames["stock_daily"].filter(pl.col("date_day") == pl.col("date_day").min())
    joined = closing.filter(pl.col("closing_stock") > 0).join(opening, on=pair, how="left")
    assert (joined["closing_stock"] == joined["opening_stock_right"]).all()


def test_a_silent_till_sends_later(small: World, monday: RetailerState) -> None:
    usual, _ = run(small, monday, 4)
    sold = rows(usual, "sale")
    branch = str(sold["branch_number"][0])
    quiet, state = [], monday
    for _ in range(4):
        batches, state = step(small, state, faults=(Fault("till_silent", branch_number=branch),))
        quiet += batches
    heard = [b.rows for b in quiet if b.table == "sale"]
    assert all(branch not in set(frame["branch_number"]) for frame in heard)
    healed, _ = step(small, state)
    missed = set(sold.filter(pl.col("branch_number") == branch)["id"])
    assert missed <= set(rows(healed, "sale")["id"])


def test_a_late_sync_lands_with_the_next(small: World, monday: RetailerState) -> None:
    nothing, late = step(small, monday, faults=(Fault("sync_late"),))
    assert nothing == []
    batches, _ = step(small, late)
    usual, _ = run(small, monday, 2)
    assert set(rows(batches, "sale")["id"]) == set(rows(usual, "sale")["id"])
    assert set(rows(batches, "sale")["_fivetran_synced"]) == {late.synced_at + timedelta(hours=1)}


def test_missing_table_double_sync_and_cents(small: World, monday: RetailerState) -> None:
    usual, _ = step(small, monday)
    missing, _ = step(small, monday, faults=(Fault("table_missing", table="sale"),))
    assert "sale" not in {b.table for b in missing}
    twice, _ = step(small, monday, faults=(Fault("sync_twice"),))
    assert len(twice) == 2 * len(usual)
    cents, _ = step(small, monday, faults=(Fault("prices_times_100"),))
    assert rows(cents, "sale")["sale_price"].sum() == pytest.approx(100 * rows(usual, "sale")["sale_price"].sum())


def test_orders_from_outside_replace_the_policy(small: World, monday: RetailerState) -> None:
    a = small.assortment
    basic = 0
    cell = int(a.first_cell[basic, a.warehouse])
    order = pl.DataFrame(
        {
            "branch_number": [WAREHOUSE],
            "article_number": [a.number[basic]],
            "article_size_number": [a.size_label(basic, 0)],
            "quantity": [24],
        }
    )
    _, after = step(small, monday, orders=order)
    assert after.stock.under_way[cell] == monday.stock.under_way[cell] + 24
    with pytest.raises(ProhandelError, match="No stock is held"):
        step(small, monday, orders=order.with_columns(article_size_number=pl.lit("XXXL")))
