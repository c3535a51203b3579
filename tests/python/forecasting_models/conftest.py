"""The compiled queries of the forecasting models, to be run over tables that a test writes itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.python.conftest import Server
from tests.python.forecasting_models.queries import Queries, compile_queries
from tests.python.scenarios.harness import Warehouse


@pytest.fixture(scope="session")
def queries(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queries]:
    database = server.create_database("forecasting_queries")
    warehouse = Warehouse(server.socket_dir, database.name, tmp_path_factory.mktemp("forecasting"))
    yield compile_queries(warehouse)
    database.drop()
