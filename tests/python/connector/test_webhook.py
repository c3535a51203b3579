"""The webhook: who may start a run, which event counts, and that runs never overlap."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from prohandel.connector.events import Event, Events, Failing, is_signed
from prohandel.connector.run_queue import RunQueue, command_of
from prohandel.connector.webhook import LARGEST_BODY, secret_of_environment, webhook_app
from prohandel.errors import ProhandelError
from tests.python.conftest import Database, Server

SECRET = b"a secret for the tests only"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PATIENCE = 20.0


def body(**changes: Any) -> bytes:
    event = {
        "event": "sync_end",
        "created": "2026-03-02T08:59:30.123Z",
        "connector_type": "aws_lambda",
        "connector_id": "connection_1",
        "group_id": "projected_sickle",
        "sync_id": "sync-1",
        "data": {"status": "SUCCESSFUL"},
    }
    return json.dumps({key: value for key, value in (event | changes).items() if value is not None}).encode()


def signature(content: bytes, secret: bytes = SECRET) -> str:
    return hmac.new(secret, content, hashlib.sha256).hexdigest()


@dataclass
class Served:
    """The application on a database, and what it has said.

    Attributes:
        runs: one line per run that has begun, and one per run that has ended.
    """

    database: Database
    folder: Path
    queue: RunQueue
    app: Any
    said: list[str] = field(default_factory=list)

    @property
    def runs(self) -> list[str]:
        log = self.folder / "runs"
        return log.read_text().split() if log.exists() else []

    def post(self, content: bytes, **headers: str) -> httpx.Response:
        return self.request("POST", "/fivetran", content, {"X-Fivetran-Signature-256": signature(content)} | headers)

    def request(self, method: str, path: str, content: Any, headers: dict[str, str]) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=self.app), base_url="http://127.0.0.1"
            ) as client:
                return await client.request(method, path, content=content, headers=headers)

        return asyncio.run(send())

    def rows(self) -> list[tuple[Any, ...]]:
        with self.database.connect() as conn:
            return conn.execute(
                "select sync_id, status, is_waiting, exit_code from operations.webhook_events order by sync_id"
            ).fetchall()

    def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, (self.runs, self.rows(), self.said)
            time.sleep(0.02)


def open_events_of(database: Database) -> Callable[[], Any]:
    @contextmanager
    def open_events() -> Iterator[Events]:
        with database.connect() as conn:
            yield Events(conn, "operations")

    return open_events


def program(folder: Path, *, code: str = "0") -> list[str]:
    """A run that says when it begins and ends, and goes on while the file `hold` is there."""
    path = folder / "run.sh"
    path.write_text(
        "#!/bin/sh\n"
        f'cd "{folder}"\n'
        "trap 'echo stopped >> runs; exit 143' TERM\n"
        "echo began >> runs\n"
        "while [ -e hold ]; do sleep 0.02; done\n"
        f"code={code}; if [ -s codes ]; then code=$(head -n 1 codes); sed -i 1d codes; fi\n"
        "echo ended-$code >> runs\n"
        "exit $code\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return [str(path)]


def alerts(folder: Path) -> list[str]:
    """A command that says that it was called."""
    return ["sh", "-c", f'echo told >> "{folder}/runs"']


@pytest.fixture(scope="module")
def database_of_module(server: Server) -> Iterator[Database]:
    created = server.create_database(f"webhook_{os.getpid()}")
    yield created
    created.drop()


@pytest.fixture
def database(database_of_module: Database) -> Database:
    """The database of the module without a table of events."""
    with database_of_module.connect() as conn:
        conn.execute("drop schema if exists operations cascade")
    return database_of_module


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[Served]:
    said: list[str] = []
    open_events = open_events_of(database)
    with open_events() as events:
        events.prepare()
        events.prepare()
    queue = RunQueue(open_events, program(tmp_path), alerts(tmp_path), said.append, patience=0.05)
    app = webhook_app(SECRET, "connection_1", open_events, queue, said.append, lambda: NOW)
    made = Served(database, tmp_path, queue, app, said)
    queue.start()
    yield made
    (tmp_path / "hold").unlink(missing_ok=True)
    queue.stop()


def hold(served: Served) -> None:
    (served.folder / "hold").touch()


def release(served: Served) -> None:
    (served.folder / "hold").unlink()


@pytest.mark.parametrize("shown", [str.lower, str.upper, str.title])
def test_a_sync_that_ended_starts_one_run(served: Served, shown: Callable[[str], str]) -> None:
    content = body()
    answer = served.post(content, **{"X-Fivetran-Signature-256": shown(signature(content))})
    assert (answer.status_code, answer.json()) == (202, {"taken": "starts a run"})
    served.until(lambda: served.rows() == [("sync-1", "SUCCESSFUL", False, 0)])
    assert served.runs == ["began", "ended-0"]


def test_the_same_event_again_starts_nothing(served: Served) -> None:
    for _ in range(3):
        served.post(body())
    assert served.post(body()).json() == {"taken": "known"}
    served.until(lambda: served.rows() == [("sync-1", "SUCCESSFUL", False, 0)])
    time.sleep(0.2)
    assert served.runs == ["began", "ended-0"]


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param("", id="none"),
        pytest.param("0" * 64, id="wrong"),
        pytest.param(signature(body(), b"another secret"), id="of another secret"),
        pytest.param(signature(body()) + "0", id="too long"),
        pytest.param(signature(body())[:-1], id="too short"),
        pytest.param(signature(body(sync_id="sync-2")), id="of another body"),
        pytest.param("sha256=" + signature(body()), id="in another form"),
        pytest.param("é" * 64, id="no ASCII"),
    ],
)
def test_without_the_right_signature_nothing_happens(served: Served, signed: str) -> None:
    answer = served.request("POST", "/fivetran", body(), {b"X-Fivetran-Signature-256": signed.encode("latin-1")})  # type: ignore[dict-item]
    assert (answer.status_code, answer.json()) == (401, {"refused": "the signature is wrong"})
    assert served.rows() == []
    assert SECRET.decode() not in "".join(served.said)


def test_the_signature_is_over_the_bytes() -> None:
    # RFC 4231, test case 2.
    content = b"what do ya want for nothing?"
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert is_signed(content, expected, b"Jefe")
    assert is_signed(content, expected.upper(), b"Jefe")
    assert not is_signed(content + b" ", expected, b"Jefe")
    assert not is_signed(b" ".join(content.split()) + b"\n", expected, b"Jefe")
    assert not is_signed(content, None, b"Jefe")


@pytest.mark.parametrize(
    ("content", "status", "answer"),
    [
        (body(created="2026-03-01T07:59:00Z"), 400, {"refused": "too old"}),
        (body(created="2026-03-01T08:01:00Z"), 202, {"taken": "starts a run"}),
        (body(created="2026-03-02T09:06:00Z"), 400, {"refused": "of the future"}),
        (body(created="2026-03-02T09:04:00Z"), 202, {"taken": "starts a run"}),
        (body(created="yesterday"), 400, {"refused": "no time of creation"}),
        (body(created=None), 400, {"refused": "no time of creation"}),
        (b"not JSON", 400, {"refused": "no JSON"}),
        (b"\xff\xfe", 400, {"refused": "no JSON"}),
        (b"[]", 400, {"refused": "no event"}),
        (b"{}", 400, {"refused": "no event"}),
        (body(connector_id="connection_2"), 200, {"taken": "not of this connection"}),
        # What Fivetran tries a new webhook with.
        (body(event="test_event", sync_id=None, created="timestamp", data=None), 200, {"taken": "no sync"}),
        (body(event="sync_start", data={}), 200, {"taken": "noted"}),
        (body(data={"status": "FAILURE", "reason": "a\nb"}), 200, {"taken": "told"}),
        (body(data={"status": "FAILURE_WITH_TASK"}), 200, {"taken": "told"}),
        (body(data={"status": "RESCHEDULED"}), 200, {"taken": "noted"}),
        (body(data={"status": "CANCELED"}), 200, {"taken": "noted"}),
        (body(data="SUCCESSFUL"), 200, {"taken": "noted"}),
    ],
)
def test_which_event_counts(served: Served, content: bytes, status: int, answer: dict[str, str]) -> None:
    response = served.post(content)
    assert (response.status_code, response.json()) == (status, answer)
    runs = {"starts a run": ["began", "ended-0"], "told": ["told"]}.get(answer.get("taken", ""), [])
    served.until(lambda: served.runs == runs)
    is_kept = answer.get("taken") in ("starts a run", "told", "noted")
    assert [row[0] for row in served.rows()] == (["sync-1"] if is_kept else [])
    assert len("\n".join(served.said).splitlines()) == len(served.said)


def test_a_sync_that_failed_is_told_once(served: Served) -> None:
    for _ in range(2):
        served.post(body(data={"status": "FAILURE"}))
    served.until(lambda: "prohandel alerts ended with exit code 0" in served.said)
    served.post(body(sync_id="sync-2"))
    served.until(lambda: served.runs == ["told", "began", "ended-0"])


def test_which_connections_fail(served: Served) -> None:
    def ended(hours: int, status: str, connection: str = "connection_1", reason: str = "") -> None:
        events.take(Event("sync_end", NOW + timedelta(hours=hours), connection, f"sync-{hours}", status, reason))

    with served.database.connect() as conn:
        events = Events(conn, "operations")
        assert events.failing() == []
        ended(0, "FAILURE")
        ended(1, "SUCCESSFUL")
        assert events.failing() == []
        ended(2, "FAILURE", reason="no rights")
        ended(3, "FAILURE_WITH_TASK", reason="no role")
        # Neither brought rows, nor says that something is wrong.
        ended(4, "RESCHEDULED")
        ended(5, "CANCELED")
        # It arrives late.
        ended(-1, "SUCCESSFUL")
        ended(0, "FAILURE", "connection_2", "no region")
        assert events.failing() == [
            Failing("connection_1", NOW + timedelta(hours=2), 2, "FAILURE_WITH_TASK", "no role"),
            Failing("connection_2", NOW, 1, "FAILURE", "no region"),
        ]


def test_a_body_larger_than_any_event(served: Served) -> None:
    answer = served.post(b" " * (LARGEST_BODY + 1))
    assert answer.status_code == 413

    async def parts() -> Any:
        for _ in range(LARGEST_BODY // 1000 + 2):
            yield b" " * 1000

    assert served.request("POST", "/fivetran", parts(), {}).status_code == 413
    largest = body(data={"status": "SUCCESSFUL", "reason": "x" * (LARGEST_BODY - 400)})
    assert served.post(largest).status_code == 202


def test_other_ways_in(served: Served) -> None:
    assert served.request("GET", "/fivetran", b"", {}).status_code == 405
    assert served.request("POST", "/", body(), {}).status_code == 404
    assert served.request("GET", "/health", b"", {}).json() == {"status": "listening"}


def test_syncs_that_end_during_a_run_are_followed_by_one_run(served: Served) -> None:
    hold(served)
    served.post(body())
    served.until(lambda: served.runs == ["began"])
    for number in range(2, 7):
        assert served.post(body(sync_id=f"sync-{number}")).status_code == 202
    time.sleep(0.2)
    assert served.runs == ["began"]
    release(served)
    served.until(lambda: not any(row[2] for row in served.rows()))
    time.sleep(0.2)
    assert served.runs == ["began", "ended-0", "began", "ended-0"]


def test_a_failed_run_is_noted_and_not_repeated(served: Served) -> None:
    (served.folder / "codes").write_text("1\n")
    served.post(body())
    served.until(lambda: served.rows() == [("sync-1", "SUCCESSFUL", False, 1)])
    time.sleep(0.2)
    assert served.runs == ["began", "ended-1"]


def test_the_run_of_another_program_is_waited_for(served: Served) -> None:
    (served.folder / "codes").write_text("4\n4\n0\n")
    served.post(body())
    served.until(lambda: served.rows() == [("sync-1", "SUCCESSFUL", False, 0)])
    assert served.runs == ["began", "ended-4", "began", "ended-4", "began", "ended-0"]


def test_what_waited_when_the_process_ended_is_run_at_the_next_start(served: Served) -> None:
    hold(served)
    served.post(body())
    served.until(lambda: served.runs == ["began"])
    served.queue.stop()
    assert served.runs == ["began", "stopped"]
    assert served.rows() == [("sync-1", "SUCCESSFUL", True, None)]
    release(served)
    again = RunQueue(open_events_of(served.database), served.queue.command, served.queue.alerts, served.said.append)
    again.start()
    served.until(lambda: served.rows() == [("sync-1", "SUCCESSFUL", False, 0)])
    again.stop()
    assert served.runs == ["began", "stopped", "began", "ended-0"]


def test_a_database_that_does_not_answer_has_fivetran_send_again(served: Served, tmp_path: Path) -> None:
    def refuses() -> AbstractContextManager[Events]:
        raise psycopg.OperationalError("the server is down\nsecond line")

    app = webhook_app(SECRET, "connection_1", refuses, served.queue, served.said.append, lambda: NOW)
    answer = Served(served.database, tmp_path, served.queue, app).post(body())
    assert (answer.status_code, answer.json()) == (503, {"refused": "the database does not answer"})
    assert "An event could not be kept: the server is down" in served.said


def test_a_database_that_comes_back_is_worked_off(database: Database, tmp_path: Path) -> None:
    working = open_events_of(database)
    with working() as events:
        events.prepare()
        events.take(Event("sync_end", NOW, "connection_1", "sync-1", "SUCCESSFUL"))
    left = [True, True]

    @contextmanager
    def recovering() -> Iterator[Events]:
        if left:
            left.pop()
            raise psycopg.OperationalError("the server is down")
        with working() as events:
            yield events

    said: list[str] = []
    queue = RunQueue(recovering, program(tmp_path), alerts(tmp_path), said.append, patience=0.05)
    queue.start()
    deadline = time.monotonic() + PATIENCE
    while not any("exit code 0" in line for line in said):
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
    queue.stop()
    assert said.count("The database does not answer, trying again: the server is down") == 2


def test_two_processes_that_take_the_same_event(database: Database) -> None:
    event = Event("sync_end", NOW - timedelta(minutes=1), "connection_1", "sync-1", "SUCCESSFUL")
    with database.connect() as first, database.connect() as second:
        Events(first, "operations").prepare()
        Events(second, "operations").prepare()
        assert Events(first, "operations").take(event) == "starts a run"
        assert Events(second, "operations").take(event) == "known"


def test_the_newest_events(served: Served) -> None:
    served.post(body(data={"status": "FAILURE", "reason": "no rights"}))
    with served.database.connect() as conn:
        (newest,) = Events(conn, "operations").newest()
    assert (newest["status"], newest["reason"], newest["is_waiting"]) == ("FAILURE", "no rights", False)


@pytest.mark.parametrize("secret", ["", "too short"])
def test_a_secret_that_protects_nothing(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("PROHANDEL_WEBHOOK_SECRET", secret)
    with pytest.raises(ProhandelError, match="PROHANDEL_WEBHOOK_SECRET") as raised:
        secret_of_environment()
    assert "openssl rand -hex 32" in raised.value.remedy
    assert not secret or secret not in raised.value.message


def test_the_commands() -> None:
    command = command_of("run", "--gate", target="prod", profiles_dir="/etc/prohandel")
    assert command[1:] == ["-m", "prohandel", "run", "--gate", "--target", "prod", "--profiles-dir", "/etc/prohandel"]
    assert command_of("alerts", target=None, profiles_dir=None)[1:] == ["-m", "prohandel", "alerts"]
