"""The snapshot of stock keeps what the landed table overwrites, at the times of the syncs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.python.staging.staging import Staging

pytestmark = pytest.mark.slow

COLUMNS = {
    "id": "text",
    "branch_number": "text",
    "article_number": "text",
    "quantity": "numeric",
    "stock_status": "text",
    "_fivetran_deleted": "boolean",
}


def stock(name: str, hour: int, quantity: int | str, **values: Any) -> dict[str, Any]:
    row = {"id": name, "branch_number": "0901", "article_number": name, "quantity": quantity}
    return {**row, "_fivetran_synced": f"2025-03-10 {hour:02}:00:00+00", **values}


def observe(staging: Staging, *, nightly: bool = False) -> list[tuple[str, int, bool, int, int | None]]:
    """Snapshots, and gives article, quantity, is_deleted, and the hours from which and to which each version holds."""
    staging.build("+inventory_snapshot", "base_prohandel__inventory", nightly=nightly)
    result = staging.invoke("snapshot", "--select", "inventory_snapshot", nightly=nightly)
    assert result.success, result.exception
    rows = staging.rows("select * from snapshots.inventory_snapshot order by article_ref, dbt_valid_from")
    return [
        (
            row["article_ref"],
            int(row["quantity"]),
            row["is_deleted"],
            row["dbt_valid_from"].hour,
            row["dbt_valid_to"].hour if row["dbt_valid_to"] else None,
        )
        for row in rows
    ]


def test_versions_of_stock(staging: Staging) -> None:
    staging.land("inventory", COLUMNS, [stock("A", 8, 5), stock("B", 8, 5), stock("C", 8, 1)], key="id")
    assert observe(staging) == [("A", 5, False, 8, None), ("B", 5, False, 8, None), ("C", 1, False, 8, None)]
    # A changes, B is synced again without a change of stock, C is marked as deleted.
    staging.upsert(
        "inventory", [stock("A", 9, 3), stock("B", 9, 5, stock_status="ok"), stock("C", 9, 1, _fivetran_deleted=True)]
    )
    changed = [("A", 5, False, 8, 9), ("A", 3, False, 9, None), ("B", 5, False, 8, None)]
    marked = [("C", 1, False, 8, 9), ("C", 1, True, 9, None)]
    assert observe(staging) == [*changed, *marked]
    assert observe(staging) == [*changed, *marked]
    # B is taken out of the landed table. By night its version ends, with the newest sync, not with the server's clock.
    staging.execute("delete from prohandel.inventory where id = 'B'")
    staging.upsert("inventory", [stock("A", 11, 3)])
    assert observe(staging) == [*changed, *marked]
    assert observe(staging, nightly=True) == [*changed[:2], ("B", 5, False, 8, 11), *marked]


def followed(staging: Staging) -> set[tuple[str, int, int]]:
    """Builds the changes of stock, and gives article, hour and quantity of each."""
    arguments = ("--select", "+int_inventory__stock_changes", "--exclude-resource-type", "test")
    result = staging.invoke("build", *arguments, "--exclude-resource-type", "unit_test", overlap_minutes=60)
    assert result.success, result.exception
    rows = staging.rows(
        "select article_ref, observed_at, quantity from intermediate.int_inventory__stock_changes where not is_superseded"
    )
    return {(row["article_ref"], row["observed_at"].hour, int(row["quantity"])) for row in rows}


def test_stock_that_was_committed_late_is_seen_within_the_overlap(staging: Staging) -> None:
    staging.land("inventory", COLUMNS, [stock("A", 8, 5), stock("B", 10, 5)], key="id")
    seen = {("A", 8, 5), ("B", 10, 5)}
    assert followed(staging) == seen
    staging.upsert("inventory", [stock("C", 9, 2)])
    assert followed(staging) == seen | {("C", 9, 2)}


def test_a_row_that_becomes_unreadable_ends_its_version(staging: Staging) -> None:
    """An hourly run looks at changed rows alone, and sees that staging no longer takes this one."""
    columns = COLUMNS | {"quantity": "text"}
    staging.land("inventory", columns, [stock("A", 8, 5), stock("B", 8, 5)], key="id")
    assert observe(staging) == [("A", 5, False, 8, None), ("B", 5, False, 8, None)]
    staging.upsert("inventory", [stock("A", 9, "five"), stock("B", 10, 4)])
    assert observe(staging) == [("A", 5, False, 8, 10), ("B", 5, False, 8, 10), ("B", 4, False, 10, None)]
