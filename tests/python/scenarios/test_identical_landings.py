"""The same business, landed in any generation of names and read in any session, gives the same marts."""

from __future__ import annotations

import pytest

from tests.python.scenarios.conftest import Land
from tests.python.scenarios.harness import Warehouse, differences

pytestmark = pytest.mark.slow

SESSIONS = {
    "api": {"timezone": "Asia/Tokyo", "datestyle": "German"},
    "mixed": {"timezone": "America/Lima", "datestyle": "SQL,MDY", "intervalstyle": "iso_8601"},
}


@pytest.fixture(scope="module")
def declared(land_simulated: Land) -> Warehouse:
    warehouse = land_simulated("generation_declared", generation="declared")
    warehouse.build()
    return warehouse


@pytest.mark.parametrize("generation", list(SESSIONS))
def test_generation_and_session_do_not_matter(land_simulated: Land, declared: Warehouse, generation: str) -> None:
    other = land_simulated(f"generation_{generation}", generation=generation)
    other.session = SESSIONS[generation]
    other.build()
    assert differences(declared, other) == []
