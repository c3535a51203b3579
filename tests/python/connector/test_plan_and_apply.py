"""From an empty account to an empty plan, what somebody changes in between, and processes that die on the way."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest

from prohandel.connector.answers import FivetranError
from prohandel.connector.apply import require_passed
from prohandel.connector.plan import drift
from prohandel.errors import ProhandelError
from tests.python.connector.fake_fivetran import GROUP, Step
from tests.python.connector.fake_network import CrashError, Fault
from tests.python.connector.lab import SECRETS, Lab, lab

TABLES = {
    "article", "customer", "order", "sale", "inventory", "shop",
    "daily_sales_agg", "article_sales_agg", "warehouse_inventory_agg",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _hash_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROHANDEL_HASH_KEY", "a key of the tests")


@pytest.fixture
def empty(conn: psycopg.Connection[Any], tmp_path: Path) -> Lab:
    return lab(conn, tmp_path)


@pytest.fixture
def applied(empty: Lab) -> Lab:
    empty.apply()
    return empty


def changes(one: Lab) -> set[str]:
    return {str(change) for change in one.plan().changes}


def test_a_plan_asks_and_changes_nothing(empty: Lab) -> None:
    plan = empty.plan()
    assert plan.connection_id is None
    assert {request.method for request in empty.fake.requests} == {"GET"}
    assert empty.fake.connections == {}
    assert empty.memory.conn.execute("select to_regnamespace('operations')").fetchone() == (None,)


def test_what_is_created_is_what_the_file_says(empty: Lab) -> None:
    done = empty.apply()
    assert done.rest.is_empty
    connection = empty.connection
    assert connection["service"] == "aws_lambda"
    assert connection["group_id"] == GROUP
    assert connection["sync_frequency"] == 60
    assert connection["paused"] is False
    assert connection["status"]["setup_state"] == "connected"
    assert connection["config"] == {
        "schema": "prohandel",
        "function": "prohandel-fivetran-connector",
        "region": "eu-central-1",
        "role_arn": "arn:aws:iam::123456789012:role/prohandel-fivetran",
        "external_id": GROUP,
        "sync_method": "DIRECT",
        "secrets_list": [{"key": key, "value": value} for key, value in SECRETS.items()],
    }
    assert {name for name, table in empty.tables.items() if table["enabled"]} == TABLES
    assert empty.tables["customer"]["columns"]["email"]["hashed"] is True
    assert empty.tables["customer"]["columns"]["phone"]["enabled"] is False


def test_nothing_is_synced_before_tables_are_chosen_and_tests_have_passed(empty: Lab) -> None:
    empty.apply()
    calls = [(one.method, one.path, one.body) for one in empty.fake.requests if one.method != "GET"]
    created = calls[0][2]
    assert created["paused"] is True
    assert created["run_setup_tests"] is False
    started = next(index for index, call in enumerate(calls) if call[2].get("paused") is False)
    before = {call[1] for call in calls[:started]}
    assert {"/connections/connection_1/schemas", "/connections/connection_1/test"} <= before


def test_after_apply_the_plan_is_empty_and_a_second_apply_only_asks(applied: Lab) -> None:
    assert applied.plan().is_empty
    applied.fake.requests.clear()
    applied.apply()
    assert {request.method for request in applied.fake.requests} == {"GET"}


def _set(path: str, value: object) -> Any:
    def change(one: Lab) -> None:
        at: Any = one.connection
        *above, last = path.split(".")
        for key in above:
            at = at[key]
        at[last] = value

    return change


def _set_table(path: str, value: object) -> Any:
    def change(one: Lab) -> None:
        known = one.fake.schema_configs[one.connection["id"]]
        assert known is not None
        if path == "schema_change_handling":
            known[path] = value
            return
        at: Any = one.tables
        *above, last = path.split(".")
        for key in above:
            at = at.setdefault(key, {})
        at[last] = value

    return change


DRIFTS = {
    "schedule.every_minutes: 1440 -> 60": _set("sync_frequency", 1440),
    "schedule.type: manual -> auto": _set("schedule_type", "manual"),
    "schedule.paused: true -> false": _set("paused", True),
    "function: another-function -> prohandel-fivetran-connector": _set("config.function", "another-function"),
    "region: us-east-1 -> eu-central-1": _set("config.region", "us-east-1"),
    "role: arn:aws:iam::1:role/x -> arn:aws:iam::123456789012:role/prohandel-fivetran": _set(
        "config.role_arn", "arn:aws:iam::1:role/x"
    ),
    "schema_change_handling: ALLOW_ALL -> ALLOW_COLUMNS": _set_table("schema_change_handling", "ALLOW_ALL"),
    "tables.sale: not synced -> synced": _set_table("sale.enabled", False),
    "tables.customer.email: plain -> hashed": _set_table("customer.columns.email.hashed", False),
    "tables.customer.phone: plain -> left out": _set_table("customer.columns.phone.enabled", True),
    "tables.customer.street: hashed -> plain": _set_table(
        "customer.columns.street", {"name_in_destination": "street", "enabled": True, "hashed": True}
    ),
    "tables.supplier: synced -> not synced": _set_table("supplier", {"enabled": True}),
    "setup tests: broken -> passed": _set("status.setup_state", "broken"),
}


@pytest.mark.parametrize("expected", DRIFTS)
def test_drift_is_shown_exactly_and_mended(applied: Lab, expected: str) -> None:
    DRIFTS[expected](applied)
    assert changes(applied) == {expected}
    with applied.client() as client:
        assert {str(one) for one in drift(client, applied.config, applied.memory).changes} == {expected}
    applied.apply()
    assert applied.plan().is_empty


def test_all_drifts_at_once(applied: Lab) -> None:
    for change in DRIFTS.values():
        change(applied)
    assert changes(applied) == set(DRIFTS)
    applied.apply()
    assert applied.plan().is_empty


def test_an_edited_file_is_a_plan_but_no_drift(applied: Lab) -> None:
    applied.edit(schedule={"every_minutes": 30})
    assert changes(applied) == {"schedule.every_minutes: 60 -> 30"}
    with applied.client() as client:
        found = drift(client, applied.config, applied.memory)
    assert found.is_empty
    assert "has been edited since" in found.notes[0]


def test_a_rotated_secret_is_a_change_and_the_others_are_none(applied: Lab) -> None:
    applied.secrets["PROHANDEL_PASSWORD"] = "new-password-31"
    assert changes(applied) == {"secrets.PROHANDEL_PASSWORD: another value -> the value of PROHANDEL_PASSWORD"}
    applied.apply()
    assert applied.connection["config"]["secrets_list"][1] == {"key": "PROHANDEL_PASSWORD", "value": "new-password-31"}
    assert applied.plan().is_empty


def test_a_new_secret_and_one_that_is_gone(applied: Lab) -> None:
    secrets = {"PROHANDEL_USERNAME": "PROHANDEL_USERNAME", "TENANT": "PROHANDEL_TENANT"}
    applied.edit(secrets=secrets)
    applied.secrets = {"PROHANDEL_USERNAME": SECRETS["PROHANDEL_USERNAME"], "TENANT": "tenant-77"}
    assert changes(applied) == {
        "secrets.TENANT: not there -> the value of PROHANDEL_TENANT",
        *(f"secrets.{name}: there -> not there" for name in SECRETS if name != "PROHANDEL_USERNAME"),
    }
    applied.apply()
    assert [one["key"] for one in applied.connection["config"]["secrets_list"]] == list(secrets)
    assert applied.plan().is_empty


def test_fingerprints_of_another_hash_key_say_so(applied: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROHANDEL_HASH_KEY", "another key")
    assert {change.now for change in applied.plan().changes} == {"not known, because PROHANDEL_HASH_KEY was another"}
    applied.apply()
    assert applied.plan().is_empty


def test_secrets_that_were_sent_from_elsewhere_are_sent_once(applied: Lab) -> None:
    applied.memory.forget(applied.connection["id"])
    assert {change.setting for change in applied.plan().changes} == {f"secrets.{name}" for name in SECRETS}
    applied.apply()
    assert applied.plan().is_empty


def test_chosen_tables_that_fivetran_does_not_show_yet_are_no_endless_change(empty: Lab) -> None:
    empty.fake.hides_new_schema_config = True
    empty.apply()
    plan = empty.plan()
    assert plan.is_empty
    assert "tables: chosen" in plan.notes[0]
    empty.edit(tables={**dict.fromkeys(TABLES), "sale": {"sync": False}})
    assert changes(empty) == {"tables: not chosen -> as listed"}
    empty.apply()
    assert empty.plan().is_empty
    assert empty.tables["sale"]["enabled"] is False


def test_a_column_that_the_source_does_not_have_hides_nothing_and_is_told(applied: Lab) -> None:
    applied.edit(tables={**dict.fromkeys(TABLES), "customer": {"hash": ["email", "emial"]}})
    plan = applied.plan()
    assert {change.setting for change in plan.changes} == {"tables.customer.phone"}
    assert any("no column emial" in note for note in plan.notes)


def test_a_column_is_found_by_the_name_that_it_lands_under(applied: Lab) -> None:
    applied.fake.source_tables["customer"]["firstName"] = False
    applied.edit(tables={**dict.fromkeys(TABLES), "customer": {"hash": ["first_name", "email"]}})
    applied.apply()
    assert applied.tables["customer"]["columns"]["firstName"]["hashed"] is True
    assert applied.plan().is_empty


def test_a_column_hidden_after_rows_have_landed_asks_for_a_resync(applied: Lab) -> None:
    applied.connection["succeeded_at"] = "2026-03-02T09:00:00Z"
    applied.edit(tables={**dict.fromkeys(TABLES), "customer": {"hash": ["email", "phone", "street"]}})
    assert any("prohandel connector resync --table customer" in note for note in applied.plan().notes)


def test_a_table_that_the_lambda_has_not_delivered_is_a_note(applied: Lab) -> None:
    del applied.tables["order"]
    plan = applied.plan()
    assert plan.is_empty
    assert plan.notes == ("tables.order: the Lambda has not delivered it yet, so there is nothing to choose.",)


def test_failed_setup_tests_keep_a_new_connection_paused(empty: Lab) -> None:
    good = empty.fake.setup_tests
    empty.fake.setup_tests = [{"title": "Lambda", "status": "FAILED", "message": "Unable to assume role"}]
    done = empty.apply()
    assert empty.connection["paused"] is True
    assert "trust policy must name Fivetran's AWS account" in done.tests[0].meaning
    with pytest.raises(ProhandelError, match="setup tests have failed: Lambda") as caught:
        require_passed(done)
    assert caught.value.exit_code == 1
    empty.fake.setup_tests = good
    require_passed(empty.apply())
    assert empty.connection["paused"] is False


def test_a_connection_of_another_service_is_deleted_only_if_allowed(empty: Lab) -> None:
    empty.fake.add_connection("prohandel", service="google_sheets")
    with pytest.raises(ProhandelError, match="would have to be deleted"):
        empty.apply()
    assert {request.method for request in empty.fake.requests} == {"GET"}
    empty.apply(allow_destroy=True)
    assert empty.connection["service"] == "aws_lambda"
    assert empty.plan().is_empty


def test_two_that_apply_at_once_do_not_create_two(empty: Lab) -> None:
    empty.memory.prepare()
    with psycopg.connect(empty.memory.conn.info.dsn, autocommit=True) as other:
        other.execute("select pg_advisory_lock(1885890147, %s)", [_lock_key()])
        with pytest.raises(ProhandelError, match="Another `prohandel connector apply`") as caught:
            empty.apply()
    assert caught.value.exit_code == 4
    assert empty.fake.requests == []


def _lock_key() -> int:
    import zlib

    return zlib.crc32(f"{GROUP}/prohandel".encode()) & 0x7FFFFFFF


def _requests_of_apply(conn: psycopg.Connection[Any], folder: Path) -> tuple[int, Any]:
    one = lab(conn, folder)
    one.apply()
    return len(one.fake.requests), one.end_state()


@pytest.mark.parametrize("after_effect", [False, True], ids=["before the request", "after its effect"])
@pytest.mark.parametrize("kind", ["crash", "drop"])
def test_wherever_apply_dies_it_goes_on_when_run_again(
    conn: psycopg.Connection[Any], tmp_path: Path, kind: Literal["crash", "drop"], after_effect: bool
) -> None:
    number, expected = _requests_of_apply(conn, tmp_path)
    assert number > 8
    for index in range(number):
        conn.execute("drop schema operations cascade")
        one = lab(conn, tmp_path)
        one.fake.faults.append(Fault(kind, at=index, after_effect=after_effect))
        # A connection that breaks off is tried again where that does no harm.
        with suppress(CrashError, FivetranError):
            one.apply()
        one.fake.faults.clear()
        again = one.apply()
        assert again.rest.is_empty
        assert len(one.fake.connections) == 1
        assert one.end_state() == expected, f"request {index}"
        assert one.plan().is_empty


def test_each_step_may_die_in_turn(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    """Every apply dies one request later than the one before, on the same account."""
    number, expected = _requests_of_apply(conn, tmp_path)
    conn.execute("drop schema operations cascade")
    one = lab(conn, tmp_path)
    for index in range(number):
        one.fake.faults = [Fault("crash", at=len(one.fake.requests) + index, after_effect=True)]
        with suppress(CrashError):
            one.apply()
        assert len(one.fake.connections) <= 1
    one.fake.faults = []
    one.apply()
    assert one.end_state() == expected


def test_a_connection_that_appears_late_in_the_list_is_not_created_twice(empty: Lab) -> None:
    empty.fake.listing_delay = 20
    empty.fake.faults = [Fault("status", "POST", "/connections", after_effect=True, status=500)]
    empty.apply()
    assert len(empty.fake.connections) == 1
    assert empty.fake.count("POST", "/connections") == 1


def test_a_sync_of_somebody_else_does_not_disturb_a_plan(applied: Lab) -> None:
    applied.fake.schedule("connection_1", [Step(0, {"sync_state": "syncing"}), Step(30, {}, succeeded=True)])
    assert applied.plan().is_empty
