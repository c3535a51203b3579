"""The hand-written script computes what the marts hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import floor
from benchmarks.landing import land
from benchmarks.retailer import Retailer, Size
from prohandel.pipeline.run import landed_variables
from tests.python.conftest import Server
from tests.python.scenarios.harness import Warehouse

pytestmark = pytest.mark.slow

SIZE = Size(lines=6_000, articles=120, customers=100)


def test_the_floor_equals_the_marts(server: Server, tmp_path: Path) -> None:
    database = server.create_database("floor")
    warehouse = Warehouse(server.socket_dir, "floor", tmp_path)
    with warehouse.connect() as conn:
        land(conn, Retailer(SIZE, 1), tmp_path, lambda _what: None)
    warehouse.variables = landed_variables(tmp_path)
    warehouse.build()
    with warehouse.connect() as conn:
        conn.execute("set prohandel.hash_key = 'test-key'")
        for statement in floor.statements():
            conn.execute(statement.encode())
        compared, differences = floor.compare_marts(conn)
    database.drop()
    assert differences == []
    assert set(compared) == set(floor.MARTS)
