"""A database with hand-made marts per module, and the API on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.api.asking import Api, served
from tests.python.api.hand_made import build
from tests.python.conftest import Database, Server


@pytest.fixture(scope="module")
def marts(server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    created = server.create_database(f"api_{request.module.__name__.rpartition('.')[2]}_{os.getpid()}")
    with created.connect() as conn:
        build(conn)
    yield created
    created.drop()


@pytest.fixture(scope="module")
def api(marts: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with served(marts, Path(tmp_path_factory.mktemp("keys"))) as found:
        yield found
