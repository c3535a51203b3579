"""Changes of the landed schema that are told, and those that are undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prohandel.quality.findings import schema_changes
from tests.python.quality.kept import NOON, SCHEMA, Store, after

Change = tuple[float, str, str, str | None, str | None]
"""Hours after NOON, column, change, old type, new type."""


@pytest.fixture
def changed(store: Store) -> Store:
    store.conn.execute(
        """
        create table quality.schema_changes (
            detected_at timestamptz, source_relation text, table_name text, column_name text, change text,
            old_type text, new_type text, read_as text, touched_models text, touched_exposures text
        );
        create table quality.table_metrics (run_at timestamptz)
        """
    )
    store.conn.execute("insert into quality.table_metrics values (%s)", [after(3)])
    return store


def land(store: Store, *changes: Change) -> None:
    for hours, column, change, old, new in changes:
        store.conn.execute(
            "insert into quality.schema_changes values (%s, %s, 'sale', %s, %s, %s, %s, null, 'a, b', null)",
            [after(hours), "prohandel.sale", column, change, old, new],
        )


def told(store: Store) -> list[str]:
    return [f"{one.severity} {one.what}" for one in schema_changes(store.conn, SCHEMA)]


def test_a_column_under_another_name_is_gone_and_new(changed: Store) -> None:
    land(changed, (1, "sale_price", "removed", "numeric", None), (1, "price_paid", "added", None, "numeric"))
    assert told(changed) == ["warn column price_paid is new", "error column sale_price is gone; touches 2 models"]


def test_a_column_that_is_back_under_its_name_is_no_news(changed: Store) -> None:
    land(
        changed,
        (1, "sale_price", "removed", "numeric", None),
        (1, "price_paid", "added", None, "numeric"),
        (2, "sale_price", "added", None, "numeric"),
        (2, "price_paid", "removed", "numeric", None),
    )
    assert told(changed) == []


def test_a_column_that_is_back_as_another_type_is_new(changed: Store) -> None:
    land(changed, (1, "sale_price", "removed", "numeric", None), (2, "sale_price", "added", None, "text"))
    assert told(changed) == ["warn column sale_price is new"]


def test_a_column_that_goes_after_weeks_is_gone(changed: Store) -> None:
    long_ago = -24.0 * 30
    land(changed, (long_ago, "colour", "added", None, "text"), (2, "colour", "removed", "text", None))
    assert told(changed) == ["error column colour is gone; touches 2 models"]


@pytest.mark.parametrize(("again", "said"), [("numeric", []), ("date", ["error"])])
def test_a_type_that_is_as_before_is_no_news(changed: Store, again: str, said: list[str]) -> None:
    land(changed, (1, "quantity", "type_changed", "numeric", "text"), (2, "quantity", "type_changed", "text", again))
    assert [line.split()[0] for line in told(changed)] == said


def test_what_is_old_is_told_no_more(changed: Store) -> None:
    land(changed, (1, "colour", "added", None, "text"), (1, "size", "removed", "text", None))
    changed.conn.execute("update quality.table_metrics set run_at = %s", [NOON + timedelta(days=2)])
    assert told(changed) == ["error column size is gone; touches 2 models"]
    changed.conn.execute("update quality.table_metrics set run_at = %s", [NOON + timedelta(days=9)])
    assert told(changed) == []
