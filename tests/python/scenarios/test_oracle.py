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
LAYERS = ("staging", "intermediate", "marts", "quality", "reference", "snapshots")
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


@pytest.fixture(scope="module")
def simulated(land_simulated: Land) -> Warehouse:
    """Both generations of names, every trap; built and tested."""
    warehouse = land_simulated("oracle_simulated", generation="mixed", dirt=0.02)
    # Unit tests of incremental models want their relations to be there.
    warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    return warehouse


def test_simulated_marts_equal_the_oracle(simulated: Warehouse) -> None:
    assert_equals_oracle(simulated)


def test_transfers_keep_their_laws(simulated: Warehouse) -> None:
    with simulated.connect() as conn:
        transfers = read_transfers(conn)
    assert len(transfers.moves) > 0
    assert broken_laws(transfers) == []


def test_unit_tests(simulated: Warehouse) -> None:
    simulated.dbt("test", "--select", "test_type:unit")


def test_every_relation_and_column_carries_its_description(simulated: Warehouse) -> None:
    undescribed = simulated.execute(
        """
        select n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') as thing
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        left join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
        where n.nspname = any(%(layers)s) and c.relkind in ('r', 'v')
            and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null)
            and a.attname not like 'dbt\\_%%'
        order by 1
        """,
        {"layers": list(LAYERS)},
    )
    assert [thing for (thing,) in undescribed] == []


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
