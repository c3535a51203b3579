"""A database for the incidents and the outbox of a module; each test begins with an empty schema."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.python.conftest import Database, Server
from tests.python.quality.kept import Store


@pytest.fixture(scope="module")
def database_of_module(server: Server) -> Iterator[Database]:
    created = server.create_database(f"quality_{os.getpid()}")
    yield created
    created.drop()


@pytest.fixture
def store(database_of_module: Database) -> Iterator[Store]:
    with database_of_module.connect() as conn:
        conn.execute("drop schema if exists quality cascade")
        conn.execute("create schema quality")
        yield Store(conn, database_of_module)
