"""A look: detect, keep, tell; and what an incident means to the marts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from prohandel import warehouse
from prohandel.connector.events import Event, Events
from prohandel.errors import ProhandelError
from prohandel.pipeline.target import Target
from prohandel.quality import outbox
from prohandel.quality import watch as watching
from prohandel.quality.show import says
from prohandel.quality.symptoms import Symptom
from prohandel.quality.watch import Lineage, Watch, deliver, watch
from tests.python.quality.kept import MISSING, NOON, Inbox, Store, after, channel, inbox, rules_with, symptom

MANIFEST = {
    "parent_map": {
        "source.p.prohandel.sale": [],
        "model.p.stg_sales": ["source.p.prohandel.sale"],
        "model.p.fct_sales": ["model.p.stg_sales", "seed.p.vat_rates"],
        "model.p.reconciliation": ["model.p.fct_sales"],
        "test.p.unique_fct_sales.1": ["model.p.fct_sales"],
    },
    "child_map": {
        "source.p.prohandel.sale": ["model.p.stg_sales", "test.p.not_null_sale.1"],
        "model.p.stg_sales": ["model.p.fct_sales"],
        "model.p.fct_sales": ["exposure.p.dashboard", "model.p.reconciliation", "test.p.unique_fct_sales.1"],
        "model.p.reconciliation": ["exposure.p.quality_page"],
    },
    "nodes": {
        "model.p.fct_sales": {"fqn": ["p", "marts", "fct_sales"]},
        "model.p.reconciliation": {"fqn": ["p", "quality", "reconciliation"]},
    },
}
BOTH = rules_with(channel("mail"), channel("chat"))


@pytest.fixture
def target(store: Store, tmp_path: Path) -> Target:
    server = store.database.server
    connection = {
        "host": server.socket_dir, "port": str(warehouse.PORT), "user": warehouse.USER, "dbname": store.database.name,
    }  # fmt: skip
    found = Target("toy", tmp_path, "analytics", connection, None, tmp_path)
    found.artifacts.mkdir(parents=True)
    (found.artifacts / "manifest.json").write_text(json.dumps(MANIFEST))
    return found


@pytest.fixture(autouse=True)
def _addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROHANDEL_FUNCTION", raising=False)
    monkeypatch.setenv("MAIL", "mail")
    monkeypatch.delenv("CHAT", raising=False)


def look(
    monkeypatch: pytest.MonkeyPatch, target: Target, box: Inbox, symptoms: Sequence[Symptom], at: datetime = NOON
) -> Watch:
    monkeypatch.setattr(watching, "kinds_not_looked_at", lambda *_: frozenset())
    monkeypatch.setattr(watching, "detect", lambda *_: list(symptoms))
    return watch(target, BOTH, at, send=box)


def test_a_look_keeps_and_tells(monkeypatch: pytest.MonkeyPatch, target: Target, store: Store) -> None:
    box = inbox()
    first = look(monkeypatch, target, box, [MISSING])
    assert (len(first.symptoms), len(first.changes.opened), len(first.open)) == (1, 1, 1)
    assert [(one.channel, one.is_delivered) for one in first.deliveries] == [("mail", True)]
    assert (first.lacking, first.dead) == (("CHAT",), ())
    assert "fct_sales" in box.texts[0]
    over = look(monkeypatch, target, box, [], after(1))
    assert (len(over.changes.closed), over.open) == (1, ())
    assert box.events() == ["opened", "closed"]


def test_a_test_that_fails_belongs_to_what_it_is_built_from(
    monkeypatch: pytest.MonkeyPatch, target: Target, store: Store
) -> None:
    gone = symptom("schema_change", column="date", rows=0)
    found = look(monkeypatch, target, inbox(), [gone, symptom("failed_test", "fct_sales")])
    assert [(one.kind, one.table, len(one.symptoms)) for one in found.open] == [("schema_change", "sale", 2)]


ALARM = symptom("connector", "connector", rows=0, what="alarm errors: invocations failed")


def raise_alarms(monkeypatch: pytest.MonkeyPatch, *raised: Symptom, error: ProhandelError | None = None) -> None:
    """The alarms of the function f say this."""

    def looked(function: str) -> list[Symptom]:
        assert function == "f"
        if error:
            raise error
        return list(raised)

    monkeypatch.setenv("PROHANDEL_FUNCTION", "f")
    monkeypatch.setattr("prohandel.aws.alarms.look", looked)


def test_alarms_of_the_connector_are_incidents(monkeypatch: pytest.MonkeyPatch, target: Target, store: Store) -> None:
    box = inbox()
    raise_alarms(monkeypatch, ALARM)
    found = look(monkeypatch, target, box, [symptom("stale", "inventory")])
    assert [(one.kind, len(one.symptoms)) for one in found.open] == [("connector", 2)]
    raise_alarms(monkeypatch)
    over = look(monkeypatch, target, box, [], after(1))
    assert (len(over.changes.closed), over.open, over.unread) == (1, (), "")
    assert box.events() == ["opened", "closed"]


def test_alarms_that_cannot_be_read_close_nothing(
    monkeypatch: pytest.MonkeyPatch, target: Target, store: Store
) -> None:
    box = inbox()
    raise_alarms(monkeypatch, ALARM)
    look(monkeypatch, target, box, [])
    raise_alarms(monkeypatch, error=ProhandelError("AWS does not answer.", "Check the network."))
    blind = look(monkeypatch, target, box, [MISSING], after(1))
    assert {one.kind for one in blind.open} == {"connector", "missing_data"}
    assert blind.unread == "AWS does not answer.\nCheck the network."
    assert "The alarms of the connector were not read: AWS does not answer. Check the network." in says(blind)


def test_nobody_asks_aws_where_no_function_is_named(
    monkeypatch: pytest.MonkeyPatch, target: Target, store: Store
) -> None:
    raise_alarms(monkeypatch, ALARM)
    look(monkeypatch, target, inbox(), [])
    raise_alarms(monkeypatch, error=ProhandelError("nobody should ask"))
    monkeypatch.delenv("PROHANDEL_FUNCTION")
    found = look(monkeypatch, target, inbox(), [], after(1))
    assert found.unread == ""
    assert [one.kind for one in found.open] == ["connector"], "what was raised stays until somebody looks again"


def test_to_deliver_needs_no_look(monkeypatch: pytest.MonkeyPatch, target: Target, store: Store) -> None:
    box = inbox()
    assert deliver(target, BOTH, NOON, send=box) == []
    box.down.add("mail")
    look(monkeypatch, target, box, [MISSING])
    assert look(monkeypatch, target, box, [MISSING], after(1)).dead == ("mail",)
    box.down.clear()
    assert [one.is_delivered for one in deliver(target, BOTH, after(3), send=box)] == [True]


def test_a_look_that_cannot_write_tells_nothing(monkeypatch: pytest.MonkeyPatch, target: Target, store: Store) -> None:
    box = inbox()

    def broken(*_: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "write", broken)
        with pytest.raises(RuntimeError):
            look(patched, target, box, [MISSING])
    assert store.value("select to_regclass('quality.incidents')") is None
    look(monkeypatch, target, box, [MISSING], after(1))
    assert box.events() == ["opened"]


def test_lineage_names_the_marts_that_somebody_reads(target: Target, store: Store) -> None:
    lineage = Lineage(target.artifacts / "manifest.json")
    incident = store.opened(MISSING)
    assert lineage.context(incident).marts == ("fct_sales",)
    assert lineage.context(replace(incident, table="fct_sales")).marts == ("fct_sales",)
    assert lineage.context(replace(incident, table="unknown")).marts == ()
    assert lineage.upstream("fct_sales") == {"sale", "stg_sales", "vat_rates"}
    assert lineage.upstream("sale") == frozenset()


def test_without_a_manifest_nothing_is_known(store: Store, tmp_path: Path) -> None:
    lineage = Lineage(tmp_path / "manifest.json")
    assert lineage.context(store.opened(MISSING)).marts == ()
    assert lineage.upstream("fct_sales") == frozenset()


def test_a_sync_that_failed_is_an_incident(monkeypatch: pytest.MonkeyPatch, target: Target, store: Store) -> None:
    box = inbox()
    with target.connect() as conn:
        conn.execute("drop schema if exists operations cascade")
        events = Events(conn, "operations")
        events.prepare()
        events.take(Event("sync_end", NOON, "connection_1", "sync-1", "FAILURE_WITH_TASK", "password=hunter22 refused"))
        conn.commit()
        found = look(monkeypatch, target, box, [symptom("stale", "inventory")])
        assert [(one.kind, len(one.symptoms)) for one in found.open] == [("connector", 2)]
        assert "the sync of connection_1 failed" in box.texts[0]
        assert "hunter22" not in box.texts[0]
        events.take(Event("sync_end", after(1), "connection_1", "sync-2", "SUCCESSFUL"))
        conn.commit()
        over = look(monkeypatch, target, box, [], after(2))
        conn.execute("drop schema operations cascade")
        conn.commit()
    assert (len(over.changes.closed), over.open) == (1, ())
    assert box.events() == ["opened", "closed"]
