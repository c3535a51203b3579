"""The small simulated retailer, built up to the sales marts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prohandel.landing.simulate import simulate
from tests.python.conftest import Server
from tests.python.sales.building import build
from tests.python.scenarios.harness import Warehouse


@pytest.fixture(scope="session")
def sales(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Landed without dirt and built; the tests of this folder share it, and change it."""
    workdir = tmp_path_factory.mktemp("sales")
    database = server.create_database("sales_tests")
    warehouse = Warehouse(server.socket_dir, database.name, workdir)
    with warehouse.connect() as conn:
        simulate(
            conn,
            "prohandel",
            scale="small",
            seed=11,
            syncs=0,
            generation="declared",
            dirt=0.0,
            home=workdir / "home",
            progress=lambda _text, _share: None,
        )
    build(warehouse)
    yield warehouse
    database.drop()
