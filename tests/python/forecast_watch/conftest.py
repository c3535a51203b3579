"""A target with the marts that overrides are checked by, and no forecasts yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from prohandel import warehouse
from prohandel.forecast import store
from prohandel.pipeline import target as targets
from prohandel.pipeline.target import Target
from tests.python.conftest import Database, Server


@pytest.fixture(scope="module")
def database_of_module(server: Server) -> Iterator[Database]:
    created = server.create_database(f"forecast_watch_{os.getpid()}")
    with created.connect() as conn:
        conn.execute(
            """
            create schema marts
            create table dim_articles (article_number text, name text)
            create table dim_shops (branch_number text, name text);
            insert into marts.dim_articles values ('100', 'Hose'), ('200', 'Hemd');
            insert into marts.dim_shops values ('0901', 'Passau'), ('0902', 'Linz')
            """
        )
    yield created
    created.drop()


@pytest.fixture
def target(database_of_module: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The target that commands find, its schema of forecasts empty."""
    server = database_of_module.server
    connection = {
        "host": server.socket_dir, "port": str(warehouse.PORT), "user": warehouse.USER,
        "dbname": database_of_module.name,
    }  # fmt: skip
    found = Target(warehouse.TARGET, tmp_path, "prohandel", connection, None, tmp_path)
    monkeypatch.setattr(targets, "find_target", lambda name: found)
    with found.connect() as conn:
        conn.execute("drop schema if exists forecasting cascade")
        conn.execute("drop schema if exists quality cascade")
        conn.execute("create schema quality")
        store.prepare(conn)
    return found


@pytest.fixture
def connected(target: Target) -> Iterator[psycopg.Connection[Any]]:
    with target.connect() as conn:
        yield conn
