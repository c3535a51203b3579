"""One database for all tests of landing, emptied for each: creating one takes longer than most of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from tests.python.conftest import Database, Server


@pytest.fixture(scope="session")
def landing_database(server: Server) -> Database:
    return server.create_database("landing")


@pytest.fixture
def conn(landing_database: Database) -> Iterator[psycopg.Connection[Any]]:
    with landing_database.connect() as connection:
        yield connection
        connection.execute("reset all")
        for schema in ("prohandel", "landed", "public"):
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        connection.execute("create schema public")
