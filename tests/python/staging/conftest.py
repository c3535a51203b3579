"""One database for all landings made by hand, and one parse of the project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.python.conftest import Server
from tests.python.scenarios.harness import Warehouse
from tests.python.staging.staging import Staging


@pytest.fixture(scope="session")
def parsed_staging(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    database = server.create_database("staging_tests")
    warehouse = Warehouse(server.socket_dir, database.name, tmp_path_factory.mktemp("staging"))
    yield Staging(warehouse)
    database.drop()


@pytest.fixture
def staging(parsed_staging: Staging) -> Staging:
    """Nothing has landed yet and nothing is built."""
    parsed_staging.clear()
    return parsed_staging


@pytest.fixture(scope="module")
def module_staging(parsed_staging: Staging) -> Staging:
    """The same for a module whose tests look at one landing."""
    parsed_staging.clear()
    return parsed_staging
