"""Keys, scopes, hosts, rates and sizes; what the server says of itself; a database that goes and comes back."""

from __future__ import annotations

import json
import stat
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from prohandel import warehouse
from prohandel.api.commands import api_app, check_address
from prohandel.api.gate import Limits
from prohandel.api.keys import Key, Keys, add_key, read_keys, revoke_key
from prohandel.api.limits import Buckets
from prohandel.errors import ProhandelError
from tests.python.api.asking import Api, problem, served
from tests.python.api.hand_made import build
from tests.python.conftest import Database, Server

OVERRIDE = {
    "branch_number": "B1",
    "article_number": "A1",
    "starts_on": "2026-03-02",
    "days": 7,
    "units": 3,
    "reason": "x",
}


def test_without_a_key_nobody_gets_in(api: Api) -> None:
    for path in ("/v1/forecasts/B1/A1", "/v1/openapi.json", "/v1/metrics", "/v1/nothing", "/metrics"):
        response = api.get(path, key="")
        problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
    for path in ("/v1/health", "/v1/ready", "/health", "/ready"):
        assert api.get(path, key="").status_code == 200


def test_a_wrong_key_is_refused(api: Api) -> None:
    other = api.read[:-1] + ("A" if api.read[-1] != "A" else "B")
    for wrong in (
        other,
        api.read.lower(),
        api.read + "A",
        "prohandel_",
        "x" * 5000,
        "prohandel_000000000000_" + "A" * 43,
    ):
        problem(api.get("/v1/accuracy", key=wrong), 401)
    problem(api.get("/v1/accuracy", key="", headers={"Authorization": f"Basic {api.read}"}), 401)
    problem(api.get(f"/v1/accuracy?key={api.read}", key=""), 401)


def test_a_reading_key_does_not_write(api: Api, marts: Database) -> None:
    problem(api.post("/v1/overrides", OVERRIDE), 403, "scope-missing")
    problem(api.request("DELETE", "/v1/overrides/1"), 403, "scope-missing")
    problem(api.post("/v1/overrides", {"nonsense": 1}), 403, "scope-missing")
    with marts.connect() as conn:
        assert conn.execute("select count(*) from forecasting.overrides").fetchone() == (0,)
    assert api.get("/v1/accuracy", key=api.write).status_code == 200


def test_connections_do_not_write_outside_of_overrides(api: Api) -> None:
    with api.pool.connection() as conn, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        conn.execute("delete from forecasting.overrides")
    with api.pool.connection() as conn:
        assert conn.execute("show statement_timeout").fetchone() == ("5s",)


def test_a_key_is_kept_as_a_hash_in_a_file_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "keys.json"
    key, text = add_key(path, "planning", ["write"], date(2030, 1, 1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert text.rpartition("_")[2] not in path.read_text()
    assert key.scopes == ("read", "write")
    keys = Keys(path)
    assert keys.of(text) == key
    assert key.is_valid(datetime(2030, 1, 1, 23, 59, tzinfo=UTC))
    assert not key.is_valid(datetime(2030, 1, 2, tzinfo=UTC))
    with pytest.raises(ProhandelError, match="already"):
        add_key(path, "planning", ["read"])
    revoke_key(path, "planning")
    assert Keys(path).of(text) is None
    add_key(path, "planning", ["read"])
    with pytest.raises(ProhandelError, match="no valid key"):
        revoke_key(path, "nobody")
    for wrong in ("", "two\nlines", "x" * 61, "-x"):
        with pytest.raises(ProhandelError, match="cannot be named"):
            add_key(path, wrong, ["read"])


def test_a_running_server_sees_keys_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prohandel.api.keys._SECONDS_BETWEEN_LOOKS", 0.0)
    path = tmp_path / "keys.json"
    keys = Keys(path)
    assert not keys.are_there()
    _, text = add_key(path, "one", ["read"])
    assert keys.of(text)
    revoke_key(path, "one")
    assert keys.of(text) is None
    # A file that is damaged or gone opens nothing.
    path.write_text("{")
    assert keys.are_there()
    path.unlink()
    assert keys.are_there()
    path.write_text(json.dumps({"keys": [{"key_id": 1}]}))
    with pytest.raises(ProhandelError, match="cannot be read"):
        read_keys(path)


def test_the_commands_of_keys(tmp_path: Path) -> None:
    file = str(tmp_path / "keys.json")
    runner = CliRunner()
    made = runner.invoke(api_app, ["key", "add", "planning", "--write", "--expires", "2030-01-01", "--keys", file])
    assert made.exit_code == 0, made.output
    assert Keys(Path(file)).of(made.stdout.strip().splitlines()[0]) is not None
    listed = json.loads(runner.invoke(api_app, ["key", "list", "--json", "--keys", file]).stdout)
    assert [(one["name"], one["scopes"], one["is_valid"]) for one in listed] == [("planning", ["read", "write"], True)]
    assert "sha256" not in listed[0]
    assert runner.invoke(api_app, ["key", "revoke", "planning", "--keys", file]).exit_code == 0
    assert "no" in runner.invoke(api_app, ["key", "list", "--keys", file]).stdout


def test_another_address_needs_a_key(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""):  # noqa: S104
        with pytest.raises(ProhandelError, match="Without a key"):
            check_address(host, False, tmp_path)
        check_address(host, True, tmp_path)
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        check_address(host, False, tmp_path)
    result = CliRunner().invoke(api_app, ["--host", "0.0.0.0", "--keys", str(tmp_path / "none.json")])  # noqa: S104
    assert isinstance(result.exception, ProhandelError)


def test_without_any_key_this_machine_reads_and_nobody_writes(marts: Database, tmp_path: Path) -> None:
    with served(marts, tmp_path, with_keys=False) as api:
        for host in ("127.0.0.1:8600", "localhost", "[::1]:8600"):
            assert api.get("/v1/accuracy", headers={"Host": host}).status_code == 200
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8600", ""):
            problem(api.get("/v1/accuracy", headers={"Host": host}), 421)
        problem(api.post("/v1/overrides", OVERRIDE), 403, "scope-missing")


def test_a_key_has_its_rate_and_the_others_theirs(marts: Database, tmp_path: Path) -> None:
    with served(marts, tmp_path, Limits(per_second=0.01, burst=3)) as api:
        assert [api.get("/v1/accuracy").status_code for _ in range(3)] == [200] * 3
        response = api.get("/v1/accuracy")
        problem(response, 429, "rate-exceeded")
        assert 90 <= int(response.headers["retry-after"]) <= 101
        assert api.get("/v1/accuracy", key=api.write).status_code == 200


def test_guessing_is_slowed_down_and_a_valid_key_is_not(marts: Database, tmp_path: Path) -> None:
    with served(marts, tmp_path) as api:
        statuses = [api.get("/v1/accuracy", key="wrong").status_code for _ in range(25)]
        assert (statuses[0], statuses[-1]) == (401, 429)
        assert api.get("/v1/accuracy").status_code == 200


def test_a_bucket_fills_with_time() -> None:
    now = 0.0
    buckets = Buckets(2.0, 3.0, most=2, clock=lambda: now)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    now = 0.5
    assert (buckets.take("a"), buckets.take("a")) == (0, 0.5)
    now = 100.0
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    # No more than two are kept: the one that was asked longest ago starts again.
    assert (buckets.take("b"), buckets.take("c"), buckets.take("a")) == (0, 0, 0)


def test_too_many_at_once_are_turned_away(marts: Database, tmp_path: Path) -> None:
    with served(marts, tmp_path, Limits(at_once=0)) as api:
        response = api.get("/v1/accuracy")
        problem(response, 503)
        assert response.headers["retry-after"] == "1"


def test_the_state_and_the_figures_of_the_server(api: Api) -> None:
    assert api.get("/v1/health").json()["status"] == "alive"
    ready = api.get("/v1/ready").json()
    assert ready == {
        "status": "ready", "as_of_date": "2026-02-27", "forecast_origin": "2026-02-27", "is_batch_used": True,
    }  # fmt: skip
    api.get("/v1/forecasts/B1/A1")
    api.get("/v1/no/such/path")
    lines = api.get("/v1/metrics").text.splitlines()
    path = "/v1/forecasts/{branch_number}/{article_number:path}"
    assert any(
        line.startswith(f'prohandel_api_requests_total{{method="GET",path="{path}",status="200"}}') for line in lines
    )
    # Paths that nobody knows are one path, however many are tried.
    assert any('path="none",status="404"' in line for line in lines)
    assert not any("no/such" in line for line in lines)
    assert any(line.startswith("prohandel_api_pool_connections ") for line in lines)


def test_a_warehouse_without_marts_is_not_ready(database: Database, tmp_path: Path) -> None:
    with served(database, tmp_path) as api:
        for path in ("/v1/ready", "/v1/forecasts/B1/A1", "/v1/recommendations", "/v1/accuracy"):
            response = api.get(path)
            assert "prohandel run" in problem(response, 503, "not-ready")["detail"]
            assert "retry-after" in response.headers


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server with roles of its own, which tests may stop."""
    with tempfile.TemporaryDirectory(prefix="prohandel-api-") as folder:
        home = Path(folder) / "home"
        warehouse.start(home)
        try:
            yield Server(home, warehouse.parameters(home)["host"])
        finally:
            warehouse.stop(home)


def test_the_role_of_the_api_is_enough(own_server: Server, tmp_path: Path) -> None:
    created = own_server.create_database("api_role")
    with created.connect() as conn:
        build(conn)
        conn.execute("create role prohandel_api")
        conn.execute("grant usage on schema marts, forecasting to prohandel_api")
        conn.execute("grant select on all tables in schema marts, forecasting to prohandel_api")
        conn.execute("grant insert, update on forecasting.overrides to prohandel_api")
    with served(created, tmp_path) as api:
        with api.pool.connection() as conn:
            assert conn.execute("select current_user::text").fetchone() == ("prohandel_api",)
        for path in (
            "forecasts/B1/A1",
            "forecasts/B1/A2",
            "recommendations",
            "accuracy",
            "drift",
            "overrides",
            "ready",
        ):
            assert api.get(f"/v1/{path}").status_code == 200
        written = api.post("/v1/overrides", OVERRIDE, key=api.write)
        assert written.status_code == 201
        number = written.json()["override_id"]
        assert api.request("DELETE", f"/v1/overrides/{number}", key=api.write).json()["revoked_at"]


def test_a_restart_of_the_database_is_survived(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prohandel.api.database._SECONDS_FOR_A_CONNECTION", 0.5)
    created = own_server.create_database("api_restart")
    with created.connect() as conn:
        build(conn)
    with served(created, tmp_path) as api:
        first = api.get("/v1/forecasts/B1/A1")
        assert first.status_code == 200
        warehouse.stop(own_server.home)
        warehouse.start(own_server.home)
        # Connections that broke are noticed before a request gets one: no answer but the right one, or to ask again.
        assert answered(api).json() == first.json()
        warehouse.stop(own_server.home)
        for path in ("/v1/forecasts/B1/A1", "/v1/ready"):
            response = api.get(path)
            problem(response, 503, "database-gone")
            assert response.headers["retry-after"]
        assert api.get("/v1/health").status_code == 200
        time.sleep(1.0)
        warehouse.start(own_server.home)
        assert answered(api).json() == first.json()


def answered(api: Api) -> httpx.Response:
    """The first answer that is not 503, within 20 seconds."""
    until = time.monotonic() + 20
    while (response := api.get("/v1/forecasts/B1/A1")).status_code == 503 and time.monotonic() < until:
        time.sleep(0.1)
    return response


def test_a_key_that_expired_is_refused(marts: Database, tmp_path: Path) -> None:
    with served(marts, tmp_path) as api:
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        _, text = add_key(tmp_path / "old.json", "old", ["read"], yesterday)
        assert Keys(tmp_path / "old.json").of(text) is None
        assert isinstance(read_keys(api.file)[0], Key)
