"""A customer is erased from a warehouse that was really built; runs after it go on as if they had never been there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from psycopg import sql

from prohandel.persons.erase import erase
from prohandel.persons.erasures import Places
from prohandel.persons.person import find_person
from prohandel.persons.tables import find_tables, uncovered
from prohandel.persons.text import pattern
from prohandel.pipeline.target import Target
from tests.python.scenarios.conftest import Land
from tests.python.scenarios.harness import Warehouse, differences

pytestmark = pytest.mark.slow

SUMS = {
    "fct_sale_lines": "count(*), sum(quantity), sum(gross_revenue), sum(net_revenue), sum(cogs), sum(gross_margin)",
    "fct_orders": "count(*), sum(total_amount), sum(delivery_days)",
    "sales_performance": "count(*), sum(net_revenue), sum(receipts), sum(return_units)",
    "branch_day_performance": "count(*), sum(net_revenue), sum(receipts), sum(basket_gross)",
    "customer_cohorts": "sum(net_revenue)",
    "product_profitability": "count(*), sum(net_revenue_365d), sum(gross_margin_365d)",
}


def sums(warehouse: Warehouse) -> dict[str, Any]:
    return {
        mart: warehouse.execute(f"select {columns} from marts.{mart}")  # noqa: S608
        for mart, columns in SUMS.items()
    }


def test_a_customer_of_a_built_warehouse(land_simulated: Land) -> None:
    warehouse = land_simulated("scenario_forgotten", dirt=0.01)
    warehouse.build()
    connection = {
        "host": warehouse.socket_dir, "port": "5432", "user": "postgres", "dbname": warehouse.name,
        "options": "-c prohandel.hash_key=test-key",
    }  # fmt: skip
    target = Target("embedded", warehouse.workdir, "analytics", connection, None, warehouse.workdir)
    ((number,),) = warehouse.execute(
        """
        select customer_number from intermediate.int_customers__references as customers
        inner join staging.stg_prohandel__orders as orders using (customer_ref)
        inner join staging.stg_prohandel__sales as sales using (customer_ref)
        where customers.is_person and customers.is_landed
        group by customer_number
        order by count(*) desc
        limit 1
        """
    )
    before = sums(warehouse)
    with target.connect() as conn:
        tables = find_tables(conn, target, ["prohandel"])
        assert uncovered(tables) == []
        assert tables.others == ()
        person = find_person(conn, tables, number, ["prohandel"], 0)
        rows = erase(conn, tables, person, Places.of(target), "DS-1").rows
        assert rows["marts.fct_sale_lines"] > 0
        assert rows["marts.fct_orders"] > 0
        # A street or a number may be another's as well, as part of a longer one or beside another name.
        sought = re.compile(pattern(person), re.IGNORECASE)
        for table in tables.all:
            shown = conn.execute(sql.SQL("select t::text from {} as t").format(table.identifier)).fetchall()
            left = [row for (row,) in shown if sought.search(row)]
            assert [row for row in left if person.number in row or any(key in row for key in person.keys)] == [], table
    assert sums(warehouse) | {"customer_cohorts": 0} == before | {"customer_cohorts": 0}

    warehouse.build()
    assert sums(warehouse) == before
    whole = warehouse.clone("scenario_forgotten_whole")
    whole.build(full_refresh=True)
    assert differences(warehouse, whole) == []
