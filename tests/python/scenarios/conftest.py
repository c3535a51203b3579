"""Landings of the small simulated retailer that the scenarios start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prohandel.landing.simulate import simulate
from prohandel.landing.simulate.config import GenerationChoice
from tests.python.conftest import Server
from tests.python.scenarios.harness import Warehouse

Land = Callable[..., Warehouse]


@pytest.fixture(scope="module")
def land_simulated(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Land]:
    """Lands the small retailer in a new database; dropped after the module."""
    made: list[str] = []

    def land(name: str, **simulated: Any) -> Warehouse:
        workdir = tmp_path_factory.mktemp(name)
        database = server.create_database(name)
        made.append(name)
        warehouse = Warehouse(server.socket_dir, name, workdir)
        continue_syncs(warehouse, workdir, **simulated)
        assert database.name == name
        return warehouse

    yield land
    for name in made:
        server.create_database(name).drop()


def continue_syncs(
    warehouse: Warehouse,
    home: Path,
    *,
    generation: GenerationChoice = "declared",
    syncs: int = 0,
    dirt: float = 0.01,
    seed: int = 7,
    purchase_orders: bool = False,
) -> None:
    """Lands the history at the first call, and more hourly syncs at later ones."""
    with warehouse.connect() as conn:
        simulate(
            conn,
            "prohandel",
            scale="small",
            seed=seed,
            syncs=syncs,
            generation=generation,
            dirt=dirt,
            purchase_orders=purchase_orders,
            home=home / "home",
            progress=lambda _text, _share: None,
        )


@pytest.fixture(scope="module")
def chain(land_simulated: Land) -> Warehouse:
    """A warehouse built once from the clean history; the tests of a module change it one after the other."""
    warehouse = land_simulated("scenario_chain", dirt=0.0)
    warehouse.build()
    return warehouse
