"""Symptoms that have one root are one incident."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prohandel.quality.incidents import roots
from prohandel.quality.symptoms import Symptom
from tests.python.quality.kept import MISSING, Store, after, symptom

GONE = symptom("schema_change", column="sale_price", rows=0, what="column sale_price is gone")
NEW = symptom("schema_change", column="total_amount", rows=0, severity="warn", what="column total_amount is new")
EMPTY = symptom("anomaly", column="sale_price", what="all prices are empty")
FAILED = symptom("failed_test", rows=3, what="not_null_sale_sale_price")


def kinds(*symptoms: Symptom) -> list[list[str]]:
    """The kinds of each group."""
    return [[one.kind for one in group] for group in roots(symptoms).values()]


def test_a_renamed_column_explains_what_else_is_wrong_in_its_table() -> None:
    stale = symptom("stale")
    (group,) = roots([FAILED, EMPTY, stale, replace(MISSING, branch="7"), NEW, GONE]).values()
    assert [one.kind for one in group] == [
        "schema_change", "schema_change", "missing_data", "stale", "anomaly", "failed_test",
    ]  # fmt: skip
    assert group[0] is GONE


def test_it_explains_nothing_of_another_table_and_no_duplicates() -> None:
    assert kinds(GONE, replace(EMPTY, table="inventory")) == [["schema_change"], ["anomaly"]]
    assert kinds(GONE, symptom("duplicates")) == [["schema_change"], ["duplicates"]]


def test_a_column_that_is_new_explains_nothing() -> None:
    assert kinds(NEW, EMPTY) == [["schema_change"], ["anomaly"]]


ALARM = symptom("connector", "connector", rows=0, what="alarm errors: invocations failed")
EVERYWHERE = [MISSING, symptom("stale", "inventory")]


def test_a_connection_that_fails_explains_what_stands_still() -> None:
    (group,) = roots([*EVERYWHERE, ALARM, replace(ALARM, check="silent")]).values()
    assert [one.kind for one in group] == ["connector", "connector", "missing_data", "stale"]


def test_it_explains_no_single_branch_and_nothing_that_has_arrived() -> None:
    others = [replace(MISSING, branch="7"), EMPTY, FAILED, symptom("duplicates")]
    assert len(roots([ALARM, *others])) == 1 + len(others)


def test_a_warning_of_the_connection_explains_nothing() -> None:
    assert len(roots([replace(ALARM, severity="warn"), *EVERYWHERE])) == 3


def test_what_was_told_before_the_alarm_stays_an_incident_of_its_own(store: Store) -> None:
    store.record(*EVERYWHERE)
    changes = store.record(*EVERYWHERE, ALARM, at=after(1))
    assert [one.kind for one in changes.opened] == ["connector"]
    assert changes.closed == ()
    over = store.record(at=after(2))
    assert len(over.closed) == 3


def test_changes_that_another_run_finds_are_another_incident() -> None:
    assert len(roots([GONE, replace(GONE, column="date", since=after(1))])) == 2


def test_a_stale_table_belongs_to_the_rows_that_are_missing_not_to_a_new_column() -> None:
    assert kinds(NEW, MISSING, symptom("stale")) == [["schema_change"], ["missing_data", "stale"]]


def test_each_branch_is_an_incident_and_each_column_of_an_anomaly() -> None:
    assert len(roots([replace(MISSING, branch="7"), replace(MISSING, branch="8")])) == 2
    anomalies = [replace(EMPTY, column=column) for column in ("sale_price", "label_price", "discount", "date", None)]
    assert [len(group) for group in roots(anomalies).values()] == [3, 1, 1]


def test_the_worst_of_a_group_leads_it() -> None:
    symptoms = [replace(FAILED, severity="warn", rows=900), replace(FAILED, rows=3), replace(FAILED, rows=5)]
    (group,) = roots(symptoms).values()
    assert [(one.severity, one.rows) for one in group] == [("error", 5), ("error", 3), ("warn", 900)]


BUILT_FROM = {
    "stg_sales": {"sale"},
    "fct_sales": {"sale", "stg_sales"},
    "ranking": {"sale", "stg_sales", "fct_sales"},
    "fct_stock": {"inventory"},
}


def upstream(name: str) -> set[str]:
    return BUILT_FROM.get(name, set())


def test_a_test_that_fails_explains_those_further_down() -> None:
    tests = [replace(FAILED, table=table) for table in ("ranking", "fct_sales", "fct_stock")]
    groups = roots(tests, upstream=upstream)
    assert {root.split("|")[1]: len(group) for root, group in groups.items()} == {"fct_sales": 2, "fct_stock": 1}


def test_a_warning_explains_no_error_further_down() -> None:
    tests = [replace(FAILED, table="fct_sales", severity="warn"), replace(FAILED, table="ranking")]
    assert len(roots(tests, upstream=upstream)) == 2


def test_a_renamed_column_explains_the_tests_that_fail_in_what_is_built_from_it() -> None:
    tests = [replace(FAILED, table=table) for table in ("stg_sales", "ranking", "fct_stock")]
    assert [len(group) for group in roots([GONE, *tests], upstream=upstream).values()] == [3, 1]


def test_a_change_of_schema_stays_open_while_anything_follows_from_it(store: Store) -> None:
    store.upstream = upstream
    first = store.opened(GONE, NEW)
    assert first.symptoms == (GONE.what, NEW.what)
    # Only the run after the change sees it; the empty column is seen longer.
    changes = store.record(EMPTY, replace(FAILED, table="stg_sales"), at=after(1))
    assert not any((changes.opened, changes.worsened, changes.closed))
    (still,) = store.open()
    assert (still.id, still.kind) == (first.id, "schema_change")
    assert still.symptoms == (GONE.what, EMPTY.what, FAILED.what)
    assert [one.id for one in store.record(at=after(2)).closed] == [first.id]


def test_a_new_column_does_not_swallow_what_comes_after_it(store: Store) -> None:
    store.opened(NEW)
    assert store.opened(EMPTY, at=after(1)).kind == "anomaly"


@pytest.mark.parametrize("left", ["7", "8"])
def test_a_branch_that_is_left_of_a_trouble_of_all_belongs_to_it(store: Store, left: str) -> None:
    first = store.opened(MISSING)
    changes = store.record(replace(MISSING, branch=left), at=after(1))
    assert not any((changes.opened, changes.worsened, changes.closed))
    assert [one.id for one in store.open()] == [first.id]


def test_a_branch_is_not_over_while_all_are_in_the_same_trouble(store: Store) -> None:
    branch = store.opened(replace(MISSING, branch="7"))
    changes = store.record(MISSING, at=after(1))
    assert [one.branch for one in changes.opened] == ["all"]
    assert not changes.closed
    both = store.record(at=after(2)).closed
    assert [one.id for one in both] == [branch.id, changes.opened[0].id]


def test_prices_of_a_branch_belong_to_the_prices_of_all_only(store: Store) -> None:
    store.opened(EMPTY)
    assert not store.record(replace(EMPTY, column="discount", branch="7"), at=after(1)).opened
    other = store.record(EMPTY, replace(EMPTY, column="date", branch="7"), at=after(2)).opened
    assert [one.column for one in other] == ["date"]
