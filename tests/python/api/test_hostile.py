"""Requests of somebody who means harm: each gets a problem or an answer, never a fault of the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from prohandel.api.gate import Limits
from tests.python.api.asking import Api, problem, served
from tests.python.conftest import Database

A1 = {"branch_number": "B1", "article_number": "A1"}
JSON = {"Content-Type": "application/json"}
_SQL = "'; drop table forecasting.forecasts; --"


@pytest.mark.parametrize(
    "text", [_SQL, "' or '1'='1", "1); select pg_sleep(9); --", "%s", "%(branch)s", "{marts}", "\\", '"']
)
def test_sql_is_text(api: Api, marts: Database, text: str) -> None:
    there = quote(text, safe="")
    problem(api.get(f"/v1/forecasts/{there}/{there}"), 404, "no-forecast")
    problem(api.get(f"/v1/sums/B1/{there}"), 404, "no-forecast")
    for name in ("branch", "supplier", "category"):
        assert api.get("/v1/recommendations", params={name: text}).json()["recommendations"] == []
    for path in ("accuracy", "drift"):
        assert api.get(f"/v1/{path}", params={"model": text, "segment": text}).status_code == 200
    pairs = {"pairs": [{"branch_number": text, "article_number": text}]}
    assert api.post("/v1/forecasts", pairs).json()["forecasts"] == []
    problem(api.get("/v1/recommendations", params={"urgency": text}), 422)
    problem(api.get("/v1/accuracy", params={"since": text}), 422)
    with marts.connect() as conn:
        assert conn.execute("select count(*) from forecasting.forecasts").fetchone() == (2,)


@pytest.mark.parametrize("sign", ["%00", "%0a", "%0d%0aX-Evil:%201", "%1b[31m", "%7f"])
def test_control_characters_are_refused(api: Api, sign: str) -> None:
    problem(api.get(f"/v1/forecasts/B1/A1{sign}"), 422)
    problem(api.get(f"/v1/accuracy{sign}"), 422)
    problem(api.get(f"/v1/recommendations?branch=B1{sign}"), 422)


def test_control_characters_in_a_body_are_refused(api: Api) -> None:
    for text in ("A\0", "\0", "A\n", "\u001b[0m"):
        problem(api.post("/v1/forecasts", {"pairs": [A1 | {"article_number": text}]}), 422)
        problem(api.post("/v1/overrides", A1 | {"starts_on": "2026-03-02", "days": 1, "factor": 1, "reason": text},
                         key=api.write), 422)  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "9" * 400,
        "9" * 5000,
        "true",
        '"1"x',
        "[1]",
        "{}",
        '"\\ud800"',
    ],
)
def test_numbers_that_are_none(api: Api, value: str) -> None:
    body = f'{{"branch_number": "B1", "article_number": "A1", "on_hand": {value}}}'
    response = api.request("POST", "/v1/what-if", content=body.encode(), headers=JSON)
    problem(response, 400 if value in ("9" * 5000, '"1"x') else 422)


def test_numbers_at_their_bounds(api: Api) -> None:
    for changes in (
        {"on_hand": 1e6, "on_order_units": 1e6},
        {"service_level": 0.9999, "lead_time_days": 365, "review_period_days": 365},
        {"price_gross": 1e6, "price_elasticity": 10},
        {"price_gross": 0.01, "price_elasticity": 10, "service_level": 0.5, "lead_time_days": 0},
    ):
        assert api.post("/v1/what-if", A1 | changes).status_code == 200
    for path in ("/v1/forecasts/B1/A1?days=", "/v1/sums/B1/A1?days=", "/v1/sums/B1/A1?first=", "/v1/accuracy?limit="):
        for wrong in ("0", "-1", "1001", "99999999999999999999", "1.5", "1e1", "NaN", "", "0x10"):
            problem(api.get(path + wrong), 422)
    for number in ("0", "-1", "9223372036854775808", "1" * 400, "1e3", "NaN"):
        problem(api.request("DELETE", f"/v1/overrides/{number}", key=api.write), 422)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"null", b"[]", b"42", b'"text"', b"\xff\xfe\x00", b"\x00", b'{"pairs": null}', b'{"pairs": []}',
        b'{"pairs": [[]]}', b'{"pairs": {"0": 1}}', b"[" * 100_000, b'{"a":' * 30_000, b'{"pairs":' + b"[" * 5_000,
    ],
)  # fmt: skip
def test_bodies_that_are_none(api: Api, content: bytes) -> None:
    response = api.request("POST", "/v1/forecasts", content=content, headers=JSON)
    assert problem(response, response.status_code)["status"] in (400, 422)


def test_a_name_twice_and_names_that_nobody_knows(api: Api) -> None:
    twice = b'{"branch_number": "B9", "branch_number": "B1", "article_number": "A1"}'
    assert api.request("POST", "/v1/what-if", content=twice, headers=JSON).json()["branch_number"] == "B1"
    for unknown in ("__proto__", "__class__", "constructor", "\ud800", "x" * 5000, "\r\nX: 1"):
        content = json.dumps(A1 | {unknown: 1}).encode()
        response = api.request("POST", "/v1/what-if", content=content, headers=JSON)
        assert len(problem(response, 422)["errors"][0]["in"]) < 100


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""],
)
def test_other_kinds_of_bodies(api: Api, kind: str) -> None:
    for path in ("/v1/forecasts", "/v1/sums", "/v1/what-if"):
        problem(api.request("POST", path, content=json.dumps(A1).encode(), headers={"Content-Type": kind}), 415)


def test_a_packed_body(api: Api) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}
    problem(api.request("POST", "/v1/forecasts", content=b"\x1f\x8b", headers=headers), 415)


def test_a_body_that_is_too_large(api: Api) -> None:
    limit = Limits().body_bytes
    problem(api.request("POST", "/v1/forecasts", content=b" " * (limit + 1), headers=JSON), 413)
    problem(api.request("GET", "/v1/accuracy", content=b" " * (limit + 1)), 413)
    for announced in (str(limit + 1), "9" * 30):
        problem(api.request("POST", "/v1/forecasts", content=b"{}", headers=JSON | {"Content-Length": announced}), 413)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (limit // 10)

    problem(api.request("POST", "/v1/forecasts", content=pieces(), headers=JSON), 413, "content-too-large")


def test_a_body_that_never_ends(marts: Database, tmp_path: Path) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)
        yield b"}"

    with served(marts, tmp_path, Limits(body_seconds=0.05, per_second=1e6, burst=1e6)) as api:
        problem(api.request("POST", "/v1/forecasts", content=slow(), headers=JSON), 408)


def test_too_many_series(api: Api) -> None:
    problem(api.post("/v1/forecasts", {"pairs": [A1] * 501}), 422)
    problem(api.post("/v1/sums", {"sums": [A1 | {"days": 1}] * 501}), 422)
    assert len(api.post("/v1/forecasts", {"pairs": [A1] * 500}).json()["forecasts"]) == 1
    assert len(api.post("/v1/sums", {"sums": [A1 | {"days": 1}] * 500}).json()["sums"]) == 500


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../v1/accuracy", "/v1//accuracy", "//v1/accuracy", "/v1/accuracy/", "/V1/accuracy", "/v1/accuracy;x=1",
        "/v1/%2e%2e/%2e%2e/etc/passwd", "/v1/..%2f..%2fetc%2fpasswd", "/docs", "/redoc", "/openapi.json", "/v1", "/",
        "/v1/accuracy%00", "/v1/forecasts/B1/", "/v1/forecasts//A1", "/static/../../prohandel/api/keys.py",
    ],
)  # fmt: skip
def test_paths_that_lead_nowhere(api: Api, path: str) -> None:
    async def ask() -> tuple[int, bytes]:
        # As it stands: a client would tidy it up.
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http", "method": "GET", "path": unquote(path),
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1",
            "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {api.read}".encode())],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8600),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await api.app(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    status, content = asyncio.run(ask())
    assert status in (404, 422)
    assert json.loads(content)["type"].startswith("urn:prohandel:problem:")


def test_methods_that_a_path_does_not_take(api: Api) -> None:
    for method in ("PUT", "PATCH", "TRACE", "OPTIONS", "HEAD", "CONNECT", "BREW"):
        response = api.request(method, "/v1/accuracy")
        assert response.status_code == 405
        assert response.headers["allow"] == "GET"
    problem(api.request("DELETE", "/v1/recommendations"), 405)
    assert api.request("PUT", "/v1/overrides").headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Forwarded-For": "' or 1=1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
        {"X-Request-Id": "evil\tid", "X-Original-URL": "/v1/overrides/1", "X-Rewrite-URL": "/docs"},
        {"Host": "evil.example:99999"},
        {"Accept": ",;=;q=zz,text/csv;q=-1", "Accept-Encoding": "gzip;q=1.0, *;q=x", "Range": "bytes=0-0"},
        {"Cookie": "a" * 4000, "Origin": "https://evil.example", "Expect": "nothing", "Transfer-Encoding": "identity"},
        {"Accept": "text/csv;q=nan, application/json;q=inf"},
    ],
)
def test_headers_change_nothing(api: Api, headers: dict[str, str]) -> None:
    plain = api.get("/v1/recommendations?limit=1")
    response = api.get("/v1/recommendations?limit=1", headers=headers)
    assert (response.status_code, response.text) == (200, plain.text)
    assert response.headers["link"] == plain.headers["link"]
    assert response.headers["x-request-id"] != headers.get("X-Request-Id")
    assert "evil" not in str(response.headers)
    assert "access-control-allow-origin" not in response.headers


def test_keys_in_odd_places(api: Api) -> None:
    for wrong in (f"Bearer {api.read}, Bearer {api.write}", f"Bearer\t{api.read}", "Bearer ", api.read):
        problem(api.get("/v1/accuracy", key="", headers={"Authorization": wrong}), 401)


def test_a_fault_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret of marts.reorder_recommendations in /work")

    monkeypatch.setattr("prohandel.api.recommendations.recommendations", broken)
    assert problem(api.get("/v1/recommendations"), 500)["detail"].startswith("A fault of the server")


def test_a_slow_statement_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(conn: Any, *_: Any) -> None:
        conn.execute("set statement_timeout = '20ms'")
        try:
            conn.execute("select pg_sleep(5)")
        finally:
            conn.execute("set statement_timeout = '5s'")

    monkeypatch.setattr("prohandel.api.recommendations.recommendations", slow)
    problem(api.get("/v1/recommendations"), 504, "too-slow")
