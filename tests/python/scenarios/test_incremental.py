"""Incremental equals full refresh, exactly, after everything that a landing can do between two runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.python.scenarios.conftest import continue_syncs
from tests.python.scenarios.harness import Warehouse, differences
from tests.python.scenarios.landed import change_rows, copy_row, delete_rows, next_sync

Change = Callable[[Warehouse], None]


def late_rows(w: Warehouse) -> None:
    old_day = w.execute("select min(sale_date) + 20 from staging.stg_prohandel__sales")[0][0]
    for number in range(3):
        copy_row(w, "sale", "quantity > 0", id=f"late-{number}", date=f"{old_day}T11:00:00", receipt_number="late-1")


def corrected_rows(w: Warehouse) -> None:
    change_rows(w, "sale", "quantity > 0 and branch_number = '0901'", limit=3, quantity=7, sale_price=70)
    change_rows(w, "sale", "branch_number = '0901'", limit=2, branch_number="0902")
    another = w.execute("select max(article_number) from prohandel.article")[0][0]
    change_rows(w, "sale", "branch_number = '0902'", limit=2, article_number=another)
    old_day = w.execute("select min(sale_date) + 3 from staging.stg_prohandel__sales")[0][0]
    change_rows(w, "sale", "branch_number = '0902'", limit=2, date=f"{old_day}T12:00:00")


def unreadable_correction(w: Warehouse) -> None:
    change_rows(w, "sale", "branch_number = '0902' and quantity > 0", limit=2, date="31.02.2026")


def soft_deleted_rows(w: Warehouse) -> None:
    change_rows(w, "sale", "branch_number = '0901'", limit=4, _fivetran_deleted=True)
    change_rows(w, "inventory", "branch_number = '0901'", limit=2, _fivetran_deleted=True)
    change_rows(w, "order", "true", _fivetran_deleted=True)


def hard_deleted_rows(w: Warehouse) -> None:
    delete_rows(w, "sale", "branch_number = '0902'", limit=5)
    delete_rows(w, "order", "true")
    delete_rows(w, "article", "true")


def article_after_its_sales(w: Warehouse) -> None:
    copy_row(w, "sale", "quantity > 0", id="orphan-1", article_number="00LATE1")
    w.build()
    copy_row(w, "article", "true", id="99990001", article_number="00LATE1", name="Late arrival")


def branch_after_its_sales(w: Warehouse) -> None:
    copy_row(w, "sale", "quantity > 0", id="orphan-2", branch_number="late-shop-id")
    w.build()
    copy_row(w, "shop", "true", id="late-shop-id", branch_number="0999", name="Late branch")


def article_changes(w: Warehouse) -> None:
    another = w.execute("select max(category_id) from prohandel.article")[0][0]
    change_rows(w, "article", "true", limit=2, category_id=another, cost=3.21)


def brand_and_creation_move(w: Warehouse) -> None:
    change_rows(w, "article", "true", limit=3, brand="Another", created_at="2019-05-01T08:00:00")


def branch_and_article_switched_off(w: Warehouse) -> None:
    """No pair changes, yet none of the branch or article is forecast any more."""
    change_rows(w, "shop", "branch_number = '0902'", is_active=False)
    change_rows(w, "article", "true", is_active=False)


def stock_seen_earlier(w: Warehouse) -> None:
    """The first look at a branch's shelves moves, which decides since when each of its pairs is known."""
    ((first,),) = w.execute("select min(_fivetran_start) from prohandel.inventory_history where branch_number = '0902'")
    copy_row(
        w,
        "inventory_history",
        f"branch_number = '0902' and _fivetran_start = '{first}'",
        _fivetran_start=str(first - timedelta(days=9)),
        _fivetran_end=str(first - timedelta(milliseconds=1)),
        _fivetran_active=False,
    )


def corrected_stock(w: Warehouse) -> None:
    change_rows(w, "inventory_history", "quantity > 0", limit=5, quantity=0)
    change_rows(w, "inventory", "quantity > 0", limit=5, quantity=1)


def new_column(w: Warehouse) -> None:
    w.execute("alter table prohandel.sale add column colour text, add column total_amount double precision")
    copy_row(w, "sale", "quantity > 0", id="new-column-1", sale_price=None, total_amount=19.9, colour="red")


def widened_column(w: Warehouse) -> None:
    w.execute("alter table prohandel.sale alter column quantity type text using quantity::text")
    w.execute("alter table prohandel.article alter column cost type text using cost::text")
    copy_row(w, "sale", "true", id="widened-1", quantity="2,00")
    copy_row(w, "sale", "true", id="widened-2", quantity="two")
    change_rows(w, "article", "true", cost="12,50")


def day_without_sales(w: Warehouse) -> None:
    change_rows(w, "inventory", "quantity > 0", _fivetran_synced=next_sync(w), quantity=2)


def day_of_syncs(w: Warehouse) -> None:
    """24 hourly syncs, read in one run; their dirt is part of them."""
    continue_syncs(w, w.workdir, syncs=24, dirt=0.0)


# Each group costs an incremental and a full build; PROHANDEL_TEST_SINGLY=1 builds and compares after every change.
GROUPS: list[tuple[Change, ...]] = [
    (
        day_of_syncs,
        late_rows,
        corrected_rows,
        unreadable_correction,
        soft_deleted_rows,
        corrected_stock,
        article_after_its_sales,
        branch_after_its_sales,
        article_changes,
        brand_and_creation_move,
        branch_and_article_switched_off,
        stock_seen_earlier,
        new_column,
        widened_column,
        day_without_sales,
    ),
    (hard_deleted_rows,),
]
if os.environ.get("PROHANDEL_TEST_SINGLY"):
    GROUPS = [(change,) for group in GROUPS for change in group]


def assert_equals_full_refresh(warehouse: Warehouse, *, nightly: bool = False) -> None:
    whole = warehouse.clone("scenario_full_refresh")
    whole.build(full_refresh=True, nightly=nightly)
    assert differences(warehouse, whole) == []
    assert pairs(warehouse) == pairs(whole)


def pairs(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """What decides the daily rows of every pair, apart from when it came to be so."""
    return warehouse.execute(
        """
        select (to_jsonb(held) - 'category_changed_in' - 'is_new' - 'change_number')::text
        from intermediate.int_inventory__pairs as held
        where not is_superseded
        order by 1
        """
    )


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0].__name__ if len(group) == 1 else "many")
def test_incremental_equals_full_refresh(chain: Warehouse, group: tuple[Change, ...]) -> None:
    """Every change comes on top of those before it: the chain is one warehouse's life."""
    nightly = hard_deleted_rows in group
    for change in group:
        change(chain)
    chain.build(nightly=nightly)
    assert_equals_full_refresh(chain, nightly=nightly)
