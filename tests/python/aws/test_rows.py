"""Counts of rows in log lines whose words nobody has fixed."""

from __future__ import annotations

from typing import Any

import pytest

from prohandel.aws.rows import rows_by_table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fetched 1,204 sales from ProHandel", {"sale": 1204}),
        ("Retrieved 1.204 articles", {"article": 1204}),
        ("12 new customer records", {"customer": 12}),
        ("Processed 3 'order' rows", {"order": 3}),
        ("Returning 40 rows for inventory", {"inventory": 40}),
        ("Inserted 7 records into table daily_sales_agg", {"daily_sales_agg": 7}),
        ("7 branches", {"shop": 7}),
        ("sale: 120 rows", {"sale": 120}),
        ("table=sale page=3 rows=100", {"sale": 100}),
        ("Records: {'sale': 120, 'article': 0, 'shop': 12}", {"sale": 120, "article": 0, "shop": 12}),
        ("Fetched 5 sales, 6 articles and 7 customers", {"sale": 5, "article": 6, "customer": 7}),
        ("0 sales", {"sale": 0}),
    ],
)
def test_counts_are_read(text: str, expected: dict[str, int]) -> None:
    assert rows_by_table([(text, {})]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "branch: 901", "Fetched sales", "Fetching page 3 of sales", "sale_id=4711", "order 4711 not found",
        "waiting 2 s", "v2.14 articles", "2026-03-02 sales", "article 12 records nothing", "12 salesman",
        "branch: 901, customer: 4711", "GET /api/v2/sale?page=3 200",
    ],
)  # fmt: skip
def test_other_numbers_are_no_counts(text: str) -> None:
    assert rows_by_table([(text, {})]) == {}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"table": "sale", "rows": 12}, {"sale": 12}),
        ({"table": "Articles", "count": 12}, {"article": 12}),
        ({"rows": {"sale": 12, "shop": 3, "other": 4}}, {"sale": 12, "shop": 3}),
        ({"table": "sale", "rows": True}, {}),
        ({"table": "nothing", "rows": 12}, {}),
        ({"rows": 12}, {}),
    ],
)
def test_fields_are_read(fields: dict[str, Any], expected: dict[str, int]) -> None:
    assert rows_by_table([("inserted", fields)]) == expected


def test_the_largest_count_of_a_table_stands() -> None:
    assert rows_by_table([("Fetched 100 sales", {}), ("Fetched 40 sales", {}), ("sale: 140 rows", {})]) == {"sale": 140}
