"""A database of the module's own, and where batches read and write in it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from prohandel.forecast.batch import Place
from tests.python.conftest import Database, Server

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def batches(server: Server) -> Iterator[Database]:
    created = server.create_database(f"forecast_batch_{os.getpid()}_{next(_numbers)}")
    yield created
    created.drop()


@pytest.fixture
def connected(batches: Database) -> Iterator[psycopg.Connection[Any]]:
    with batches.connect() as conn:
        conn.execute("drop schema if exists intermediate cascade")
        conn.execute("drop schema if exists forecasting cascade")
        yield conn


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("intermediate", "forecasting", tmp_path / "kept")
