"""One trouble is one incident, from the first run that sees it to the last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import psycopg
import pytest

from prohandel.errors import ProhandelError
from prohandel.quality import incidents
from prohandel.quality.symptoms import Kind
from tests.python.quality.kept import MISSING, NOON, SCHEMA, Store, after, symptom

ANOMALIES: tuple[Kind, ...] = ("anomaly",)


def test_it_opens_once_continues_and_closes(store: Store) -> None:
    first = store.opened(MISSING)
    assert (first.kind, first.table, first.branch, first.severity) == ("missing_data", "sale", "all", "error")
    assert (first.opened_at, first.last_seen_at, first.closed_at) == (NOON, NOON, None)
    assert store.record(MISSING, at=after(1)) == incidents.Changes((), (), ())
    (still,) = store.open()
    assert (still.id, still.opened_at, still.last_seen_at) == (first.id, NOON, after(1))
    changes = store.record(at=after(2))
    assert [(one.id, one.closed_at) for one in changes.closed] == [(first.id, after(2))]
    assert store.open() == []
    assert store.record(at=after(3)) == incidents.Changes((), (), ())


def test_what_comes_again_is_another_incident(store: Store) -> None:
    first = store.opened(MISSING)
    store.record(at=after(1))
    again = store.opened(MISSING, at=after(2))
    assert again.id > first.id
    assert store.value("select count(*) from quality.incidents") == 2


def test_it_began_when_the_earliest_of_its_symptoms_did(store: Store) -> None:
    store.opened(replace(MISSING, since=after(-1)))
    store.record(replace(MISSING, since=after(-3)), replace(MISSING, since=after(-2)), at=after(1))
    store.record(replace(MISSING, since=after(-2)), at=after(2))
    assert store.open()[0].since == after(-3)


@pytest.mark.parametrize(
    ("seen", "is_worse"),
    [
        ([{"rows": 999}], [False]),
        ([{"rows": 1000}], [True]),
        ([{"rows": 400}, {"rows": 800}, {"rows": 1600}], [False, False, True]),
        ([{"rows": 1000}, {"rows": 1100}, {"rows": 10_000}], [True, False, True]),
        ([{"rows": 10}, {"rows": 100}], [False, False]),
        ([{"severity": "error"}, {"severity": "warn"}, {"severity": "error"}], [True, False, False]),
    ],
)
def test_it_has_worsened_with_its_severity_or_ten_times_the_rows_told(
    store: Store, seen: list[dict[str, Any]], is_worse: list[bool]
) -> None:
    store.opened(replace(MISSING, severity="warn", rows=100))
    worsened = []
    for hour, change in enumerate(seen, start=1):
        values: dict[str, Any] = {"severity": "warn", "rows": 100, **change}
        worsened.append(len(store.record(replace(MISSING, **values), at=after(hour)).worsened) == 1)
    assert worsened == is_worse
    assert (store.open()[0].severity, store.open()[0].rows) == (
        max((change.get("severity", "warn") for change in seen), key=("warn", "error").index),
        max(100, *(change.get("rows", 100) for change in seen)),
    )


def test_rows_that_were_not_known_are_no_worsening(store: Store) -> None:
    store.opened(symptom("stale", "inventory", rows=0))
    assert not store.record(symptom("stale", "inventory", rows=50), at=after(1)).worsened


def test_people_acknowledge_and_snooze_what_is_open(store: Store) -> None:
    number = store.opened(MISSING).id
    assert incidents.acknowledge(store.conn, SCHEMA, number, "Anna").acknowledged_by == "Anna"
    assert incidents.snooze(store.conn, SCHEMA, number, after(4)).snoozed_until == after(4)
    store.record(MISSING, at=after(1))
    kept = store.open()[0]
    assert (kept.acknowledged_by, kept.snoozed_until) == ("Anna", after(4))
    store.record(at=after(2))
    with pytest.raises(ProhandelError, match=f"No incident {number} is open"):
        incidents.acknowledge(store.conn, SCHEMA, number, "Anna")
    with pytest.raises(ProhandelError, match=f"No incident {number} is open"):
        incidents.snooze(store.conn, SCHEMA, number, after(9))


def test_what_comes_again_is_not_acknowledged(store: Store) -> None:
    incidents.acknowledge(store.conn, SCHEMA, store.opened(MISSING).id, "Anna")
    store.record(at=after(1))
    assert store.opened(MISSING, at=after(2)).acknowledged_by is None


def test_as_json_has_what_is_promised(store: Store) -> None:
    told = store.opened(symptom("duplicates", column="id", branch="7", sample_keys=("1", "2"))).as_json()
    promised = ["id", "kind", "table", "column", "branch", "since", "severity", "rows", "owner", "runbook"]
    assert [key for key in told if key in promised] == promised
    assert (told["branch"], told["runbook"], told["sample_keys"]) == ("7", "docs/runbooks/duplicates.md", ["1", "2"])


class DiedError(Exception):
    """What ends a run in the middle."""


def test_a_run_that_dies_leaves_nothing(store: Store) -> None:
    first = store.opened(MISSING)

    def run() -> None:
        with store.conn.transaction():
            store.record(symptom("duplicates", rows=5), at=after(1))
            raise DiedError

    with pytest.raises(DiedError):
        run()
    assert store.open() == [first]


def test_a_run_that_is_killed_leaves_nothing(store: Store) -> None:
    first = store.opened(MISSING)

    def run() -> None:
        with store.database.connect() as killed, killed.transaction():
            incidents.record(killed, SCHEMA, [symptom("duplicates")], after(1))
            store.conn.execute("select pg_terminate_backend(%s)", [killed.info.backend_pid])
            killed.execute("select 1")

    with pytest.raises(psycopg.OperationalError):
        run()
    assert store.open() == [first]


@pytest.mark.parametrize("is_prepared", [False, True])
def test_two_runs_at_once_open_it_once(store: Store, is_prepared: bool) -> None:
    if is_prepared:
        incidents.prepare(store.conn, SCHEMA)
    opened: list[int] = []

    def run() -> None:
        with store.database.connect() as other:
            opened.append(len(incidents.record(other, SCHEMA, [MISSING], after(1)).opened))

    other = Thread(target=run)
    with store.conn.transaction():
        opened.append(len(store.record(MISSING).opened))
        other.start()
        other.join(0.3)
        assert other.is_alive(), "it has to wait for the first"
    other.join(10)
    assert opened == [1, 0]
    assert len(store.open()) == 1


def test_marked_hours_are_those_of_incidents_that_are_faults_of_the_data(store: Store) -> None:
    assert incidents.marked_hours(store.conn, SCHEMA, "sale", NOON) == {}
    half_past = NOON - timedelta(minutes=30)
    changes = store.record(
        replace(MISSING, branch="7", since=half_past),
        symptom("duplicates"),
        symptom("anomaly", column="sale_price"),
        symptom("stale", "inventory"),
    )
    assert incidents.marked_hours(store.conn, SCHEMA, "sale", after(1)) == {}
    for incident in changes.opened:
        incidents.mark(store.conn, SCHEMA, incident.id)
    assert all(incident.is_data_fault for incident in store.open())
    store.record(symptom("duplicates"), at=after(1))
    assert incidents.marked_hours(store.conn, SCHEMA, "sale", after(2.5)) == {
        "7": {after(-1), NOON, after(1)},
        "all": {NOON, after(1), after(2)},
    }
    hours = incidents.marked_hours(store.conn, SCHEMA, "sale", after(2), ANOMALIES)
    assert hours == {"all": {NOON, after(1)}}
    assert {at.tzinfo for at in hours["all"]} == {UTC}
    assert datetime(2026, 3, 10, 11, tzinfo=UTC) in hours["all"]


def test_marking_needs_an_incident_open_or_closed(store: Store) -> None:
    number = store.opened(MISSING).id
    store.record(at=after(1))
    assert incidents.mark(store.conn, SCHEMA, number).is_data_fault
    with pytest.raises(ProhandelError, match="no incident 999"):
        incidents.mark(store.conn, SCHEMA, 999)
