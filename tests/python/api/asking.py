"""The API in this process, and requests to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from prohandel import warehouse
from prohandel.api.application import Service, application
from prohandel.api.database import Pool, pool_of, schemas_of
from prohandel.api.gate import Limits
from prohandel.api.keys import Keys, add_key
from prohandel.pipeline.target import Target
from tests.python.conftest import Database

UNLIMITED = Limits(per_second=1e6, burst=1e6)


@dataclass
class Api:
    """The API on a database.

    Attributes:
        read, write: keys with these scopes.
        file: of the keys.
    """

    app: ASGIApp
    read: str
    write: str
    file: Path
    pool: Pool

    def request(
        self, method: str, path: str, key: str | None = None, headers: dict[str, str] | None = None, **given: Any
    ) -> httpx.Response:
        """Asks; with the reading key where none is given, without one for an empty key."""
        key = self.read if key is None else key
        sent = httpx.Headers({"Authorization": f"Bearer {key}"} if key else {})
        sent.update(headers or {})

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as client:
                return await client.request(method, path, headers=sent, **given)

        return asyncio.run(send())

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, body: Any, **given: Any) -> httpx.Response:
        return self.request("POST", path, json=body, **given)


def target_of(database: Database) -> Target:
    """A target of a test database."""
    connection = {
        "host": database.server.socket_dir,
        "port": str(warehouse.PORT),
        "user": warehouse.USER,
        "dbname": database.name,
    }
    return Target("test", Path(), "analytics", connection, None, database.server.home)


@contextmanager
def served(
    database: Database, folder: Path, limits: Limits = UNLIMITED, *, with_keys: bool = True, **options: Any
) -> Iterator[Api]:
    """The API on a database, with a key to read and one to write."""
    file = folder / "api_keys.json"
    read = add_key(file, "reader", ["read"])[1] if with_keys else ""
    write = add_key(file, "planner", ["write"])[1] if with_keys else ""
    target = target_of(database)
    pool = pool_of(target, 2)
    pool.open()
    try:
        service = Service(pool, schemas_of(target), Keys(file), limits, **options)
        yield Api(application(service), read, write, file, pool)
    finally:
        pool.close()


def problem(response: httpx.Response, status: int, kind: str = "") -> dict[str, Any]:
    """The problem that a response is, checked for its form (RFC 9457).

    Args:
        response: of the API.
        status: that it has to have.
        kind: the last word of its type; empty for any.
    """
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(content) <= {
        "type", "title", "status", "detail", "instance", "errors",
    }  # fmt: skip
    assert content["status"] == status
    assert content["instance"].endswith(response.headers["x-request-id"])
    assert not kind or content["type"] == f"urn:prohandel:problem:{kind}"
    for word in ("Traceback", "psycopg", "select ", "marts.", "forecasting.", ".py", "/work", "postgres"):
        assert word not in response.text
    return content
