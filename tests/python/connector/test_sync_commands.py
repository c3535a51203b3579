"""The commands that start, follow and answer syncs, from outside: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
import uvicorn
from psycopg import sql
from typer.testing import CliRunner, Result

from prohandel.connector import dbt_answers, syncing
from prohandel.connector.events import Event, Events
from prohandel.connector.fivetran import Fivetran
from prohandel.connector.sync_commands import add_to
from prohandel.connector.verification import DbtAnswers
from prohandel.errors import ProhandelError
from prohandel.pipeline import target as target_module
from prohandel.pipeline.dbt import Freshness
from prohandel.pipeline.evidence import LandedReadings, Reading
from tests.python.conftest import Database, Server
from tests.python.connector.fake_fivetran import KEY, SECRET, TABLES, FakeFivetran, Step
from tests.python.connector.lab import example, written
from tests.python.pipeline.conftest import target_of

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
SYNCING = {"sync_state": "syncing"}
DATE = Reading("date", "sale_date", "date", True, False, False, "landed.date", "landed.date is not null")
_ROW = (
    "'1' as id, '1' as agg_id, '1' as sale_date, '1' as branch_number, '1' as article_number, current_date as date,"
    " now() as _fivetran_synced"
)
app = typer.Typer()
add_to(app)


@dataclass
class Shell:
    """The commands with a fake API behind them."""

    fake: FakeFivetran
    connection: dict[str, Any]
    file: Path
    database: Database

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--file", str(self.file)])

    def refused(self, *arguments: str) -> ProhandelError:
        """The error that a command ends with."""
        error = self.run(*arguments).exception
        assert isinstance(error, ProhandelError), error
        return error

    def posts(self) -> list[tuple[str, Any]]:
        return [(one.path.rsplit("/", 1)[-1], one.body) for one in self.fake.requests if one.method == "POST"]


@pytest.fixture(scope="module")
def database_of_module(server: Server) -> Iterator[Database]:
    created = server.create_database(f"sync_commands_{os.getpid()}")
    yield created
    created.drop()


@pytest.fixture
def database(database_of_module: Database) -> Database:
    """The empty database of the module."""
    with database_of_module.connect() as conn:
        conn.execute("drop schema if exists operations cascade; drop schema if exists prohandel cascade")
    return database_of_module


@pytest.fixture
def shell(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    fake = FakeFivetran(began=BEGAN)
    connection = fake.add_connection("prohandel")
    connection["status"] |= {"setup_state": "connected", "is_historical_sync": False}
    connection |= {"succeeded_at": "2026-03-02T07:00:00Z", "sync_frequency": 60}

    def client(**_: Any) -> Fivetran:
        return Fivetran(KEY, SECRET, transport=fake.transport(), sleep=fake.clock.sleep, clock=fake.clock)

    target = target_of(database.server, database.name, tmp_path)
    clock = syncing.Clock(fake.now, fake.clock.sleep)
    monkeypatch.setattr(Fivetran, "from_environment", client)
    monkeypatch.setattr(syncing, "Clock", lambda: clock)
    monkeypatch.setattr(target_module, "find_target", lambda _: target)
    monkeypatch.setenv("COLUMNS", "140")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return Shell(fake, connection, written(tmp_path, example()), database)


def test_sync_starts_one(shell: Shell) -> None:
    done = shell.run("sync")
    assert done.exit_code == 0, done.output
    assert shell.posts() == [("sync", {"force": False})]
    assert "asked for a sync of prohandel" in done.output


def test_sync_waits_and_says_how_it_ended(shell: Shell) -> None:
    done = shell.run("sync", "--wait")
    assert done.exit_code == 0, done.output
    assert "The sync has succeeded at 2026-03-02 08:01:00 UTC." in done.output


def test_sync_waits_and_prints_one_document(shell: Shell) -> None:
    shell.fake.sync_script = (Step(0, SYNCING), Step(60, {"sync_state": "scheduled"}, failed=True))
    done = shell.run("sync", "--wait", "--json")
    assert done.exit_code == 1
    printed = json.loads(done.stdout)
    assert (printed["ending"], printed["asks"]) == ("failed", 1)
    assert "prohandel logs --errors" in printed["remedy"]


def test_sync_gives_up(shell: Shell) -> None:
    shell.fake.sync_script = (Step(0, SYNCING),)
    done = shell.run("sync", "--wait", "--limit-hours", "0.5")
    assert done.exit_code == 3
    assert "The time for waiting is over; the connection is syncing." in done.output
    assert "prohandel connector watch" in done.output
    assert shell.fake.clock.now <= 1830


def test_sync_beside_another_one(shell: Shell) -> None:
    shell.fake.schedule(shell.connection["id"], [Step(0, SYNCING)])
    error = shell.refused("sync")
    assert (error.exit_code, shell.posts()) == (4, [])
    assert "--wait" in error.remedy
    assert shell.run("sync", "--force").exit_code == 0
    assert shell.posts() == [("sync", {"force": True})]


def test_sync_of_a_paused_connection(shell: Shell) -> None:
    shell.connection["paused"] = True
    error = shell.refused("sync")
    assert (error.exit_code, error.remedy) == (1, "prohandel connector resume")
    done = shell.run("sync", "--wait")
    assert (done.exit_code, shell.posts()) == (1, [])
    assert "prohandel connector resume" in done.output


def test_resync_reads_the_named_tables_again(shell: Shell) -> None:
    done = shell.run("resync", "--table", "sale", "--table", "order", "--table", "sale", "--yes", "--wait")
    assert done.exit_code == 0, done.output
    assert shell.posts() == [("resync", {"scope": {"prohandel": ["sale", "order"]}})]


def test_resync_asks_first(shell: Shell) -> None:
    assert "Nobody is there to answer" in shell.refused("resync", "--table", "sale").message
    assert shell.posts() == []


def test_resync_of_a_table_that_is_not_synced(shell: Shell) -> None:
    error = shell.refused("resync", "--table", "sales", "--yes")
    assert "syncs no table sales" in error.message
    assert "sale" in error.remedy
    assert shell.fake.requests == []


def test_resync_while_a_sync_runs(shell: Shell) -> None:
    shell.fake.schedule(
        shell.connection["id"], [Step(0, SYNCING), Step(47, {"sync_state": "scheduled"}, succeeded=True)]
    )
    assert shell.refused("resync", "--table", "sale", "--yes").exit_code == 4
    done = shell.run("resync", "--table", "sale", "--yes", "--wait")
    assert done.exit_code == 0, done.output
    assert "Another sync runs and is waited for first" in done.output
    assert [path for path, _ in shell.posts()] == ["resync", "resync"]


def test_status(shell: Shell) -> None:
    done = shell.run("status")
    assert done.exit_code == 0, done.output
    assert "every 60 minutes" in done.output
    shell.connection["status"] |= {"update_state": "delayed"}
    done = shell.run("status", "--json")
    assert done.exit_code == 1
    printed = json.loads(done.stdout)
    assert (printed["update_state"], len(printed["problems"]), printed["webhook_events"]) == ("delayed", 1, [])


def test_status_shows_what_the_webhook_has_brought(shell: Shell) -> None:
    with shell.database.connect() as conn:
        events = Events(conn, "operations")
        events.prepare()
        events.take(Event("sync_end", BEGAN, "connection_1", "sync-1", "FAILURE_WITH_TASK"))
    assert "FAILURE_WITH_TASK" in shell.run("status").output


def test_a_connection_that_was_never_created(shell: Shell) -> None:
    shell.fake.connections.clear()
    error = shell.refused("sync", "--wait")
    assert error.remedy == "Create it: prohandel connector apply"


@pytest.fixture
def landed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The nine tables, each with one row, and a dbt that calls them fresh."""
    with shell.database.connect() as conn:
        conn.execute("create schema prohandel")
        for table in TABLES:
            name = sql.Identifier("prohandel", table)
            conn.execute(sql.SQL("create table {} as select {}").format(name, sql.SQL(_ROW)))
    fresh = [Freshness(f"prohandel.{table}", "pass", BEGAN, 0.5, "") for table in TABLES]
    answers = DbtAnswers(fresh, LandedReadings("prohandel", "sale", (DATE,)))
    monkeypatch.setattr(dbt_answers, "ask_dbt", lambda *_: answers)
    return shell


def test_watch_follows_and_verifies(landed: Shell) -> None:
    landed.connection["status"] |= {"is_historical_sync": True}
    done_state = {"sync_state": "scheduled", "is_historical_sync": False}
    landed.fake.schedule(landed.connection["id"], [Step(0, SYNCING), Step(100, done_state, succeeded=True)])
    done = landed.run("watch", "--expect", "sale=2_000")
    assert done.exit_code == 0, done.output
    assert "The historical sync runs; 9 of 9 tables, 9 rows" in done.output
    assert "The Lambda's log is not shown: There are no AWS credentials." in done.output
    assert "1 rows, keys unique (id)" in done.output
    assert "What has landed is good" in done.output
    assert landed.posts() == []


def test_watch_of_a_landing_that_is_not_good(landed: Shell) -> None:
    with landed.database.connect() as conn:
        conn.execute("drop table prohandel.shop")
    done = landed.run("watch", "--no-logs")
    assert done.exit_code == 1
    assert "prohandel.shop has not landed" in done.output
    assert "1 of 11 checks are bad" in done.output
    assert landed.run("watch", "--no-logs", "--no-verify").exit_code == 0


def test_watch_of_a_sync_that_fails_verifies_nothing(landed: Shell) -> None:
    landed.fake.schedule(
        landed.connection["id"], [Step(0, SYNCING), Step(50, {"sync_state": "scheduled"}, failed=True)]
    )
    done = landed.run("watch", "--no-logs")
    assert done.exit_code == 1
    assert "The sync has failed at 2026-03-02 08:00:50 UTC." in done.output
    assert "keys unique" not in done.output


@pytest.mark.parametrize(("expected", "said"), [("sales=5", "no table sales is synced"), ("sale=many", "no number")])
def test_watch_with_expectations_that_cannot_be_read(shell: Shell, expected: str, said: str) -> None:
    assert said in shell.refused("watch", "--expect", expected).message


def test_webhook_serve_listens_on_loopback_only(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda application, **options: started.update(options, application=application))
    monkeypatch.setenv("PROHANDEL_WEBHOOK_SECRET", "a secret for the tests only")
    done = shell.run("webhook", "serve", "--target", "toy")
    assert done.exit_code == 0, done.output
    assert (started["host"], started["access_log"], started["server_header"]) == ("127.0.0.1", False, False)
    assert "Listening for connection_1 on http://127.0.0.1:8787/fivetran" in done.output
    assert "a secret" not in done.output
    assert [request.method for request in shell.fake.requests if request.method != "GET"] == []
    # The table of events is there before the first one comes.
    with shell.database.connect() as conn:
        assert Events(conn, "operations").waiting() == 0
    assert "unencrypted" in shell.run("webhook", "serve", "--host", "0.0.0.0").output  # noqa: S104


def test_webhook_serve_without_a_secret(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROHANDEL_WEBHOOK_SECRET", raising=False)
    assert "PROHANDEL_WEBHOOK_SECRET is not set" in shell.refused("webhook", "serve").message
