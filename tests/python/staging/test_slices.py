"""What incremental base models pick up, and what they leave alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.python.staging.staging import Staging

SALES = ("base_prohandel__sales", "stg_prohandel__sales")
HISTORY = ("base_prohandel__inventory_history", "stg_prohandel__inventory_history")
COLUMNS = {
    "id": "text",
    "date": "text",
    "article_number": "text",
    "quantity": "numeric",
    "updated_at": "timestamptz",
    "is_deleted": "boolean",
    "_fivetran_deleted": "boolean",
}
GOOD = {"date": "2025-03-01", "article_number": "007", "quantity": 1}


def at(hour: int, minute: int = 0) -> str:
    return f"2025-03-10 {hour:02}:{minute:02}:00+00"


def line(name: str, synced: str | None, **values: Any) -> dict[str, Any]:
    return {"id": name, **GOOD, "_fivetran_synced": synced, **values}


@pytest.fixture
def landed(staging: Staging) -> Staging:
    staging.land("sale", COLUMNS, [line("a", at(8)), line("b", at(10)), line("c", at(12))], key="id")
    staging.build(*SALES)
    return staging


def content(staging: Staging, plural: str = "sales") -> list[dict[str, Any]]:
    """The base model without what only says in which run a row was written."""
    rows = staging.rows(f"select * from staging.base_prohandel__{plural}")
    return sorted(({**row, "change_number": None, "is_new": None} for row in rows), key=repr)


def changes(staging: Staging) -> dict[str, int]:
    rows = staging.rows("select sale_line_id, change_number from staging.base_prohandel__sales")
    return {row["sale_line_id"]: row["change_number"] for row in rows}


def quantities(staging: Staging) -> dict[str, Decimal]:
    return {key: row["quantity"] for key, row in staging.staged("sales", "sale_line_id").items()}


def test_an_unchanged_row_is_not_written_again(landed: Staging) -> None:
    before = changes(landed)
    landed.upsert("sale", [line("d", at(12, 30))])
    landed.build(*SALES)
    after = changes(landed)
    assert {name: after[name] for name in before} == before
    assert after["d"] > max(before.values())


def test_rows_of_any_business_day_are_seen_by_the_time_of_their_sync(landed: Staging) -> None:
    landed.upsert("sale", [line("late", at(13), date="2020-01-01"), line("a", at(13), quantity=5)])
    landed.build(*SALES)
    assert quantities(landed) == {"a": 5, "b": 1, "c": 1, "late": 1}


def test_a_late_commit_is_seen_within_the_overlap_and_by_night_whatever_its_time(landed: Staging) -> None:
    landed.upsert("sale", [line("within", at(11, 30)), line("before", at(9)), line("b", at(9), quantity=3)])
    landed.build(*SALES)
    assert quantities(landed) == {"a": 1, "b": 1, "c": 1, "within": 1}
    landed.build(*SALES, overlap_minutes=240)
    assert quantities(landed) == {"a": 1, "b": 3, "c": 1, "within": 1, "before": 1}
    landed.upsert("sale", [line("long before", at(1))])
    landed.build(*SALES, nightly=True)
    assert "long before" in quantities(landed)


def test_a_row_corrected_into_an_unreadable_one_leaves_and_comes_back(landed: Staging) -> None:
    landed.upsert("sale", [line("b", at(13), date="2025-02-30")])
    landed.build(*SALES)
    assert set(quantities(landed)) == {"a", "c"}
    assert landed.staged("sales", "sale_line_id", "base")["b"]["rejection_reasons"] == "unreadable_date"
    landed.upsert("sale", [line("b", at(14), quantity=7)])
    landed.build(*SALES)
    assert quantities(landed)["b"] == 7


def test_soft_deletes_are_seen_at_once(landed: Staging) -> None:
    landed.upsert("sale", [line("a", at(13), _fivetran_deleted=True), line("b", at(13), is_deleted=True)])
    landed.build(*SALES)
    deleted = {key for key, row in landed.staged("sales", "sale_line_id").items() if row["is_deleted"]}
    assert deleted == {"a", "b"}


def test_hard_deletes_are_found_by_night(landed: Staging) -> None:
    landed.execute("delete from prohandel.sale where id in ('a', 'c')")
    landed.build(*SALES)
    assert set(quantities(landed)) == {"a", "b", "c"}
    landed.build(*SALES, nightly=True)
    assert set(quantities(landed)) == {"b"}
    # Of a landed table that is suddenly empty nothing is believed.
    landed.execute("delete from prohandel.sale")
    with pytest.raises(AssertionError, match="has no rows"):
        landed.build(*SALES, nightly=True)
    assert set(quantities(landed)) == {"b"}


@pytest.mark.slow
def test_rows_without_a_key_stay_where_they_are(staging: Staging) -> None:
    rows = [line("a", at(8)), line("", at(8), note="x"), line(" ", at(8)), line("  ", at(8))]
    staging.land("sale", {**COLUMNS, "note": "text"}, rows, key="id")
    passed = {"sale": ["note"]}
    staging.build(*SALES, passthrough_columns=passed)
    before = changes(staging)
    staging.build(*SALES, passthrough_columns=passed)
    staging.build(*SALES, passthrough_columns=passed, nightly=True)
    assert changes(staging) == before
    assert len(before) == len(rows)


@pytest.mark.slow
def test_an_older_version_takes_over_when_the_newer_one_was_taken_out(staging: Staging) -> None:
    staging.land("sale", COLUMNS, [line("a", at(8)), line(" a", at(9), quantity=2), line("z", at(12))], key="id")
    staging.build(*SALES)
    assert quantities(staging) == {"a": 2, "z": 1}
    staging.execute("delete from prohandel.sale where id = ' a'")
    staging.build(*SALES, nightly=True)
    assert quantities(staging) == {"a": 1, "z": 1}


@pytest.mark.parametrize("landed_type", ["timestamptz", "text"])
def test_rows_of_unknown_time_are_seen_but_never_replace_a_row_of_known_time(
    staging: Staging, landed_type: str
) -> None:
    columns = {**COLUMNS, "_fivetran_synced": landed_type}
    staging.land("sale", columns, [line("a", at(8)), line("b", at(12))], key="id")
    staging.build(*SALES)
    staging.upsert("sale", [line("timeless", None), line(" a", None, quantity=9)])
    staging.build(*SALES)
    assert quantities(staging) == {"a": 1, "b": 1, "timeless": 1}
    # Its own last change stands in for the time, but is no watermark.
    staging.upsert("sale", [line("timeless", None, quantity=4, updated_at="2030-01-01 00:00:00+00"), line("e", at(13))])
    staging.build(*SALES)
    assert (quantities(staging)["timeless"], quantities(staging)["e"]) == (4, 1)


def test_a_landed_column_that_is_new_rewrites_nothing_but_rows_with_a_value_in_it(landed: Staging) -> None:
    before = changes(landed)
    landed.execute("alter table prohandel.sale add column label_price text")
    landed.upsert("sale", [line("b", at(10), label_price="19,90")])
    landed.build(*SALES, nightly=True)
    after = changes(landed)
    assert [name for name in before if after[name] != before[name]] == ["b"]
    assert landed.staged("sales", "sale_line_id")["b"]["label_price"] == Decimal("19.9")


def test_a_column_widened_to_text(landed: Staging) -> None:
    landed.execute("alter table prohandel.sale alter column quantity type text")
    landed.upsert("sale", [line("d", at(13), quantity="1.234,5")])
    landed.build(*SALES)
    assert quantities(landed) == {"a": 1, "b": 1, "c": 1, "d": Decimal("1234.5")}


def test_a_slice_gives_what_a_full_build_gives(landed: Staging) -> None:
    landed.upsert(
        "sale",
        [
            line("a", at(13), quantity=5),
            line("b", at(13), date="x"),
            line("d", at(12, 10)),
            line(" d", at(12, 40), quantity=8),
        ],
    )
    landed.upsert("sale", [line("", at(13)), line(" ", at(13), quantity=2), line("c", at(14), _fivetran_deleted=True)])
    landed.execute("delete from prohandel.sale where id = 'a'")
    landed.build(*SALES, nightly=True)
    sliced = content(landed)
    landed.execute("drop table staging.base_prohandel__sales cascade")
    landed.build(*SALES)
    assert content(landed) == sliced
    assert len(sliced) == 5


def version(quantity: int, start: str, end: str, active: bool, synced: str) -> dict[str, Any]:
    return {
        "id": "1",
        "branch_number": "0901",
        "article_number": "007",
        "quantity": quantity,
        "_fivetran_start": start,
        "_fivetran_end": end,
        "_fivetran_active": active,
        "_fivetran_synced": synced,
    }


def test_a_version_of_stock_that_ends_is_seen_though_it_was_not_synced_again(staging: Staging) -> None:
    columns = {
        "id": "text",
        "branch_number": "text",
        "article_number": "text",
        "quantity": "numeric",
        "_fivetran_start": "timestamptz",
        "_fivetran_end": "timestamptz",
        "_fivetran_active": "boolean",
    }
    open_end = "9999-12-31 23:59:59+00"
    key = "id, branch_number, article_number, _fivetran_start"
    staging.land("inventory_history", columns, [version(5, at(6), open_end, True, at(6))], key=key)
    staging.build(*HISTORY)
    staging.upsert(
        "inventory_history", [version(5, at(6), at(12), False, at(6)), version(3, at(12), open_end, True, at(12))]
    )
    staging.build(*HISTORY)
    found = staging.rows(
        "select quantity, inventory_key, valid_from, valid_to, is_current"
        " from staging.stg_prohandel__inventory_history order by valid_from"
    )
    assert [(row["quantity"], row["valid_to"] is None, row["is_current"]) for row in found] == [
        (5, False, False),
        (3, True, True),
    ]
    assert {row["inventory_key"] for row in found} == {"1|0901|007|unknown"}
    assert found[0]["valid_to"] == found[1]["valid_from"]
