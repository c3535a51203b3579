"""The marts against the independent computation in pandas over the same landed rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prohandel.landing.files import land_files
from tests.python.conftest import Server
from tests.python.oracle.compare import compare
from tests.python.oracle.transfers import broken_laws, read_transfers
from tests.python.scenarios.conftest import Land
from tests.python.scenarios.harness import PROJECT, Warehouse

# Real data lie beside the project, never in it.
UCI = Path(os.environ.get("PROHANDEL_UCI_DIR") or PROJECT.parent / "shared" / "data" / "uci_online_retail")
UCI_VARS = {
    **{
        f"using_{table}": False
        for table in ("order", "inventory", "daily_sales_agg", "article_sales_agg", "warehouse_inventory_agg")
    },
    "min_customer_number_length": 5,
}


def assert_equals_oracle(warehouse: Warehouse) -> None:
    with warehouse.connect() as conn:
        conn.execute("set prohandel.hash_key = 'test-key'")
        assert [str(difference) for difference in compare(conn, "prohandel", variables=warehouse.variables)] == []


def test_simulated_marts_equal_the_oracle(land_simulated: Land) -> None:
    warehouse = land_simulated("oracle_simulated", generation="mixed", dirt=0.02)
    warehouse.build()
    assert_equals_oracle(warehouse)
    with warehouse.connect() as conn:
        transfers = read_transfers(conn)
    assert len(transfers.moves) > 0
    assert broken_laws(transfers) == []


@pytest.mark.slow
@pytest.mark.skipif(not UCI.is_dir(), reason=f"no UCI data in {UCI}; PROHANDEL_UCI_DIR names another folder")
def test_uci_marts_equal_the_oracle(server: Server, tmp_path: Path) -> None:
    database = server.create_database("oracle_uci")
    with database.connect() as conn:
        land_files(conn, "prohandel", UCI)
    warehouse = Warehouse(server.socket_dir, "oracle_uci", tmp_path, dict(UCI_VARS))
    warehouse.build()
    gross, lines = warehouse.execute("select sum(gross_revenue), count(*) from marts.fct_sale_lines")[0]
    assert (str(round(gross, 2)), lines) == ("9747747.93", 541909)
    assert_equals_oracle(warehouse)
    database.drop()
