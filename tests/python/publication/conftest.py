"""A database with the marts of a tiny retailer, built and not published."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.python.conftest import Database
from tests.python.publication.shop import Shop


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    with database.connect() as conn:
        yield Shop.open(conn)
