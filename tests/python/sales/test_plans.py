"""Hourly reads go through an index, whatever the length of the history.

The planner is told to avoid sequential scans; one that remains reads a table that no condition reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.python.scenarios.harness import Warehouse

pytestmark = pytest.mark.slow


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _scans(warehouse: Warehouse, query: str, table: str) -> list[dict[str, Any]]:
    with warehouse.connect() as conn:
        conn.execute("set enable_seqscan = off")
        conn.execute("set prohandel.hash_key = 'test-key'")
        found = conn.execute(f"explain (format json) {query}".encode()).fetchone()
    assert found is not None
    return [node for node in _nodes(found[0][0]["Plan"]) if node.get("Relation Name") == table]


def _compiled(warehouse: Warehouse, model: str) -> str:
    folder = warehouse.workdir / f"target_{warehouse.name}" / "compiled"
    return next(Path(folder).rglob(f"{model}.sql")).read_text()


def test_lines_by_id_reach_the_index_below_the_views(sales: Warehouse) -> None:
    query = (
        "select * from intermediate.int_sales_with_margins as lines where lines.sale_line_id = any(array("
        "select sale_line_id from intermediate.int_sales__line_changes where change_number > 1))"
    )
    scans = _scans(sales, query, "base_prohandel__sales")
    assert len(scans) == 1
    assert "sale_line_id" in scans[0].get("Index Cond", "") or "sale_line_id" in scans[0].get("Recheck Cond", "")


@pytest.mark.parametrize(
    "model", ["int_as_of", "int_articles__references", "int_branches__references", "int_customers__references"]
)
def test_maxima_and_distinct_values_come_from_an_index(sales: Warehouse, model: str) -> None:
    scans = _scans(sales, _compiled(sales, model), "base_prohandel__sales")
    assert scans
    assert [scan for scan in scans if "Index Cond" not in scan] == []


def test_first_and_last_sale_come_from_an_index(sales: Warehouse) -> None:
    scans = _scans(sales, _compiled(sales, "dim_articles"), "fct_sale_lines")
    assert [scan["Index Cond"].count("article_number") for scan in scans] == [2, 2, 2]
