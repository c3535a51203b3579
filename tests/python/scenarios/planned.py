"""Landings with purchase orders, and a plan of purchases over them."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

from tests.python.oracle.seeds import SEEDS
from tests.python.scenarios.conftest import Land
from tests.python.scenarios.harness import Warehouse


def land_with_orders(land_simulated: Land, name: str, **simulated: Any) -> Warehouse:
    """Both generations of names, every trap, and purchase orders."""
    warehouse = land_simulated(name, generation="mixed", dirt=0.02, purchase_orders=True, **simulated)
    warehouse.variables["using_purchase_order"] = True
    return warehouse


def plan_purchases(warehouse: Warehouse) -> None:
    """Fills the seed of a built warehouse: months around the running one, here and there one left out."""
    warehouse.execute(
        """
        insert into reference.purchase_plan (month, category, plan_sales_cost, plan_closing_stock_cost)
        select
            to_char(as_of_date + make_interval(months => months.ahead), 'YYYY-MM'),
            category,
            1000.5 * (months.ahead + 2) + 10 * row_number() over (partition by months.ahead order by category),
            3000.25 * (months.ahead + 2)
        from intermediate.int_as_of
        cross join (select distinct category from marts.dim_articles) as categories
        cross join generate_series(-1, 4) as months (ahead)
        where (length(category) + months.ahead) % 5 <> 0
        """
    )
    warehouse.dbt("run", "--select", "open_to_buy")


def seeds_with_plan(warehouse: Warehouse, folder: Path) -> Path:
    """The project's seeds, the plan of purchases as it is in the warehouse."""
    seeds = Path(shutil.copytree(SEEDS, folder / "seeds"))
    plan = warehouse.execute(
        "select month, category, plan_sales_cost, plan_closing_stock_cost from reference.purchase_plan"
    )
    with (seeds / "purchase_plan.csv").open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(plan)
    return seeds
