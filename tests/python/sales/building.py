"""Builds nothing but the sales marts and what they need."""

from __future__ import annotations

from tests.python.scenarios.harness import Warehouse

MARTS = ("fct_sale_lines", "fct_sales_daily", "sales_performance", "dim_articles", "dim_shops", "dim_customers")


def build(warehouse: Warehouse, *, full_refresh: bool = False, nightly: bool = False) -> None:
    """One run of dbt over the ancestors of the sales marts, without tests."""
    arguments = ["build", "--select", *(f"+{mart}" for mart in MARTS)]
    arguments += ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    if full_refresh:
        arguments.append("--full-refresh")
    warehouse.dbt(*arguments, variables={"nightly": nightly})


def written_in(warehouse: Warehouse, mart: str, key: str) -> dict[str, str]:
    """The transaction that wrote each row, by key."""
    rows = warehouse.execute(f"select {key}::text, xmin::text from marts.{mart}")  # noqa: S608
    return dict(rows)
