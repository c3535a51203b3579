"""The marts against the independent computation in pandas over the same landed rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prohandel.landing.files import land_files
from tests.python.conftest import Server
from tests.python.oracle.compare import compare
from tests.python.oracle.seeds import SEEDS
from tests.python.oracle.transfers import broken_laws, read_transfers
from tests.python.scenarios.conftest import Land
from tests.python.scenarios.harness import PROJECT, Warehouse
from tests.python.scenarios.planned import land_with_orders, plan_purchases, seeds_with_plan

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


# More landings to compare; the first seed is that of the landing which everything else here looks at.
OTHER_SEEDS = (11, 23)


def assert_equals_oracle(warehouse: Warehouse, seeds: Path = SEEDS) -> None:
    with warehouse.connect() as conn:
        conn.execute("set prohandel.hash_key = 'test-key'")
        found = compare(conn, "prohandel", variables=warehouse.variables, seeds=seeds)
    assert [str(difference) for difference in found] == []


@pytest.fixture(scope="module")
def simulated(land_simulated: Land) -> Warehouse:
    """One landing with all of it; built and tested."""
    warehouse = land_with_orders(land_simulated, "oracle_simulated")
    # Unit tests of incremental models want their relations to be there.
    warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    plan_purchases(warehouse)
    return warehouse


def test_simulated_marts_equal_the_oracle(simulated: Warehouse, tmp_path: Path) -> None:
    assert_equals_oracle(simulated, seeds_with_plan(simulated, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_other_seeds_equal_the_oracle(land_simulated: Land, seed: int, tmp_path: Path) -> None:
    warehouse = land_with_orders(land_simulated, f"oracle_seed_{seed}", seed=seed)
    warehouse.build()
    plan_purchases(warehouse)
    assert_equals_oracle(warehouse, seeds_with_plan(warehouse, tmp_path))


def test_plans_and_markdowns_are_compared_in_every_case(simulated: Warehouse) -> None:
    """The landing has what their figures depend on: orders, late ones among them, steps and articles without demand."""
    found = simulated.execute(
        """
        select
            (select count(distinct month) from marts.open_to_buy where on_order_cost > 0),
            (select count(*) from marts.open_to_buy where opening_stock_cost is null),
            (select count(*) from marts.reorder_points where on_order_units > 0),
            (select count(distinct price_step_rate) from marts.markdown_candidates),
            (select count(*) from marts.markdown_candidates where demand_units_28d = 0),
            (select count(*) from marts.markdown_candidates where is_new_article)
        """
    )[0]
    assert all(number > 0 for number in found), found


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
