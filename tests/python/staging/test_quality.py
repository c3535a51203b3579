"""Rejected rows and reconciliation over several runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.python.staging.staging import Staging

COLUMNS = {"id": "text", "date": "text", "article_number": "text", "quantity": "text"}
# Without the marts, which reconciliation compares where they are built.
MODELS = ("path:models/staging", "rejected_rows", "reconciliation")
AGAIN = ("base_prohandel__sales", "rejected_rows", "reconciliation")


def line(name: str, hour: int, **values: Any) -> dict[str, Any]:
    good = {"date": "2025-03-01", "article_number": "007", "quantity": "1"}
    return {"id": name, **good, "_fivetran_synced": f"2025-03-10 {hour:02}:00:00+00", **values}


def first_seen(staging: Staging) -> dict[tuple[str, str], datetime]:
    rows = staging.rows("select row_key, reason, first_seen_at from quality.rejected_rows")
    return {(row["row_key"], row["reason"]): row["first_seen_at"] for row in rows}


def test_a_rejected_row_keeps_when_it_was_first_seen_and_leaves_when_it_heals(staging: Staging) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    staging.land("sale", COLUMNS, [line("a", 8, date="x"), line("b", 8, quantity="x"), line("c", 8)], key="id")
    staging.build(*MODELS)
    first = first_seen(staging)
    assert set(first) == {("a", "unreadable_date"), ("b", "unreadable_quantity")}
    assert all(began < moment < datetime.now(UTC) for moment in first.values())
    staging.upsert("sale", [line("a", 9, date="y", quantity="y"), line("b", 9)])
    staging.build(*AGAIN)
    second = first_seen(staging)
    assert set(second) == {("a", "unreadable_date"), ("a", "unreadable_quantity")}
    assert second["a", "unreadable_date"] == first["a", "unreadable_date"]
    assert second["a", "unreadable_quantity"] > first["a", "unreadable_date"]


def sale_checks(staging: Staging) -> list[tuple[Decimal, Decimal, bool]]:
    rows = staging.rows("select * from quality.reconciliation where check_name = 'rows of sale' order by run_at")
    return [(row["left_value"], row["right_value"], row["is_ok"]) for row in rows]


@pytest.mark.slow
def test_reconciliation_keeps_its_history_and_notices_what_is_missing(staging: Staging) -> None:
    staging.land("sale", COLUMNS, [line("a", 8), line(" a", 9), line("b", 9, date="x"), line("c", 9)], key="id")
    staging.build(*MODELS)
    staging.execute("delete from staging.base_prohandel__sales where sale_line_id = 'c'")
    staging.build("reconciliation", nightly=True)
    # A row that lands while the models are built belongs to the next run.
    staging.upsert("sale", [line("d", 11)])
    staging.build("reconciliation", nightly=True)
    staging.build(*AGAIN, nightly=True)
    # A row that is taken out of the landed table is noticed, and followed by night.
    staging.execute("delete from prohandel.sale where id = 'c'")
    staging.build("reconciliation", nightly=True)
    # The large tables are counted by night only.
    staging.build(*AGAIN)
    staging.build(*AGAIN, nightly=True)
    expected = [(4, 4, True), (4, 3, False), (4, 3, False), (5, 5, True), (4, 5, False), (4, 4, True)]
    assert sale_checks(staging) == expected


@pytest.mark.slow
def test_a_rebuild_of_everything_keeps_the_history_of_reconciliation(staging: Staging) -> None:
    staging.land("article", {"id": "text", "number": "text"}, [{"id": "1", "number": "007"}])
    staging.build(*MODELS)
    staging.invoke("run", "--full-refresh", "--select", *MODELS)
    assert len(staging.rows("select distinct run_at from quality.reconciliation")) == 2


def test_drift_of_the_connectors_aggregates(staging: Staging) -> None:
    staging.land(
        "sale", {**COLUMNS, "sale_price": "numeric"}, [line("a", 8, sale_price=10), line("b", 8, sale_price=5)]
    )
    staging.land("article_sales_agg", {"agg_id": "text", "article_number": "text", "total_quantity": "numeric", "total_amount": "numeric"},
                 [{"agg_id": "agg_007_0", "article_number": "007", "total_quantity": 1, "total_amount": 5},
                  {"agg_id": "agg_007_1", "article_number": "007", "total_quantity": 2, "total_amount": 15}])  # fmt: skip
    staging.land("inventory", {"id": "text", "branch_number": "text", "article_number": "text", "quantity": "numeric"},
                 [{"id": "1", "branch_number": "1", "article_number": "007", "quantity": 4}])  # fmt: skip
    staging.land(
        "warehouse_inventory_agg",
        {"agg_id": "text", "total_quantity": "numeric"},
        [{"agg_id": "wh_agg_0", "total_quantity": 3}],
    )
    staging.build()
    found = {row["check_name"]: row for row in staging.rows("select * from quality.reconciliation")}
    assert {
        name: (row["left_value"], row["right_value"], row["difference"])
        for name, row in found.items()
        if " against " in name
    } == {
        "units of article_sales_agg against sale": (3, 2, 1),
        "amount of article_sales_agg against sale": (20, 15, 5),
        "units of warehouse_inventory_agg against inventory": (3, 4, -1),
    }
    assert all(row["is_ok"] for row in found.values())


def test_fivetran_s_own_log_is_held_against_what_landed(staging: Staging) -> None:
    staging.land("sale", COLUMNS, [line("a", 8), line("b", 9)], key="id")
    staging.execute(
        """
        create schema fivetran_metadata;
        create table fivetran_metadata.log (time_stamp timestamptz, message_event text, message_data text);
        insert into fivetran_metadata.log values
            ('2025-03-10 08:05Z', 'records_modified',
                '{"schema": "prohandel", "table": "sale", "operationType": "REPLACED_OR_INSERTED", "count": 1}'),
            ('2025-03-10 09:05Z', 'records_modified',
                '{"schema": "prohandel", "table": "sale", "operationType": "REPLACED_OR_INSERTED", "count": 3}'),
            ('2025-03-10 09:06Z', 'sync_end', '{"status": "SUCCESSFUL"}'),
            ('2025-03-11 01:00Z', 'sync_start', null)
        """
    )
    staging.build(*MODELS)
    name = "rows that Fivetran wrote into prohandel.sale"
    (found,) = staging.rows(f"select * from quality.reconciliation where check_name = '{name}'")
    assert (found["left_value"], found["right_value"], found["is_ok"]) == (4, 2, True)
