"""One embedded server for the whole session, a fresh database for each test that asks for one."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt_common.behavior_flags import BehaviorFlagRendered
from hypothesis import settings
from psycopg import sql

from prohandel import warehouse

_numbers = itertools.count(1)

# At each invocation dbt searches the stack, with the sources of all modules, for the name of who defines a flag. Below
# pytest's workers that takes longer than a small build.
BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]

# The same cases in every `make test`, so that it fails for what was changed; `make test-full` looks for new ones.
settings.register_profile("same cases", derandomize=True)
if not os.environ.get("PROHANDEL_TEST_RANDOM"):
    settings.load_profile("same cases")


# What takes longest starts first, so that no worker is left with it at the end.
_LONG = ("scenarios", "test_run.py", "test_slices.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long modules first, each whole."""
    items.sort(key=lambda item: not any(name in item.path.parts for name in _LONG))


@dataclass(frozen=True)
class Server:
    """The embedded server of the test session.

    Attributes:
        home: its PROHANDEL_HOME.
        socket_dir: the host to connect to, as user postgres on port 5432.
    """

    home: Path
    socket_dir: str

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection on which every statement is its own transaction."""
        # Not prepared: the tables of a test change between two executions of the same statement.
        return psycopg.connect(
            host=self.socket_dir,
            port=warehouse.PORT,
            user=warehouse.USER,
            dbname=database,
            autocommit=True,
            prepare_threshold=None,
        )

    def create_database(self, name: str) -> Database:
        """Creates an empty database, in place of one that has that name."""
        with self.connect() as conn:
            conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return Database(self, name)


@dataclass(frozen=True)
class Database:
    """A database of the test server."""

    server: Server
    name: str

    def connect(self) -> psycopg.Connection[Any]:
        """A connection on which every statement is its own transaction."""
        return self.server.connect(self.name)

    def drop(self) -> None:
        with self.server.connect() as conn:
            conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(self.name)))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of this session's own, or the one that runs in PROHANDEL_TEST_HOME already."""
    if running := os.environ.get("PROHANDEL_TEST_HOME"):
        yield Server(Path(running), warehouse.parameters(Path(running))["host"])
        return
    with tempfile.TemporaryDirectory(prefix="prohandel-test-") as folder:
        home = Path(folder) / "home"
        warehouse.start(home)
        started = Server(home, warehouse.parameters(home)["host"])
        with started.connect() as conn:
            # Nothing here has to outlive a power cut, and creating databases waits for the disk otherwise.
            conn.execute("alter system set fsync = off")
            conn.execute("select pg_reload_conf()")
        yield started
        warehouse.stop(home)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    created = server.create_database(f"test_{next(_numbers)}")
    yield created
    created.drop()


@pytest.fixture
def conn(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as connection:
        yield connection
