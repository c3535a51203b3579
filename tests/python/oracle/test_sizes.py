"""Size curves, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from .small import built, rows, sale, stock

SYNCED = "2025-01-01 00:00:00+00"
SEEN = "2025-06-01 08:00:00+00"


def _article(number: str) -> dict[str, Any]:
    return {"id": f"id{number}", "article_number": number, "category": "Coats", "_fivetran_synced": SYNCED}


def _sold(article: str, sizes: dict[str, int], branch: str = "B1") -> list[dict[str, Any]]:
    return [
        sale(f"{article}{size}", "2025-06-02", article, str(units), article_size_number=size, branch_number=branch)
        for size, units in sizes.items()
    ]


def _held(article: str, sizes: dict[str, str], branch: str = "B1") -> list[dict[str, Any]]:
    return [
        stock(branch, article, units, SEEN, article_size_number=size, id=f"{branch}{article}{size}")
        for size, units in sizes.items()
    ]


def test_own_curve_from_thirty_units_on_else_that_of_the_category() -> None:
    marts = built(
        [
            *_sold("OWN", {"S": 3, "M": 18, "L": 9}),
            # 29 units: one short of a curve of its own; 'unknown' is in no curve
            *_sold("LEAN", {"M": 1, "XL": 28}),
            sale("none", "2025-06-02", "LEAN", "50"),
        ],
        articles=[_article("OWN"), _article("LEAN")],
        inventory=[*_held("OWN", {"S": "1", "M": "0", "L": "2"}), *_held("LEAN", {"S": "0", "M": "1", "L": "0"})],
        as_of_date="2025-06-02",
    )
    sizes = rows(marts, "size_availability")
    own = {key.split("/")[2]: row for key, row in sizes.items() if "/OWN/" in key}
    assert {size: row["size_share_of_sales"] for size, row in own.items()} == pytest.approx(
        {"M": 0.6, "L": 0.3, "S": 0.1}
    )
    # M, then L: before S come 90 %
    assert {size: row["is_core_size"] for size, row in own.items()} == {"M": True, "L": True, "S": False}
    assert {row["is_broken_size_run"] for row in own.values()} == {True}
    lean = {key.split("/")[2]: row for key, row in sizes.items() if "/LEAN/" in key}
    # The category sold S 3, M 19, L 9, XL 28; LEAN has all four sizes, B1 never held XL.
    assert {size: row["size_share_of_sales"] for size, row in lean.items()} == pytest.approx(
        {"S": 3 / 59, "M": 19 / 59, "L": 9 / 59}
    )
    # XL 47 %, M up to 80 %
    assert {size: row["is_core_size"] for size, row in lean.items()} == {"S": False, "M": True, "L": False}
    assert {row["is_broken_size_run"] for row in lean.values()} == {False}


def test_ties_and_the_edge_of_seventy_percent() -> None:
    marts = built(
        _sold("OWN", {"S": 35, "M": 35, "L": 30}),
        articles=[_article("OWN")],
        inventory=_held("OWN", {"S": "0", "M": "0", "L": "-1"}),
        as_of_date="2025-06-02",
    )
    sizes = {key.split("/")[2]: row for key, row in rows(marts, "size_availability").items()}
    # M before S by name; before L come exactly 70 %
    assert {size: row["is_core_size"] for size, row in sizes.items()} == {"M": True, "S": True, "L": False}
    # nothing is left of any size: that is out of stock, not broken
    assert {row["is_broken_size_run"] for row in sizes.values()} == {False}


def test_without_demand_there_is_no_share() -> None:
    marts = built(
        [sale("1", "2025-06-02", "HAT", "1", article_size_number="S")],
        articles=[_article("OWN")],
        inventory=_held("OWN", {"S": "1", "unknown": "3"}),
        as_of_date="2025-06-02",
    )
    (size,) = rows(marts, "size_availability").values()
    assert (size["article_size_number"], size["size_share_of_sales"], size["is_core_size"]) == ("S", None, False)


def test_gaps_that_the_fullest_warehouse_can_fill() -> None:
    shops = [
        {"id": f"id{number}", "branch_number": number, "shop_type": kind, "_fivetran_synced": SYNCED}
        for number, kind in (("B1", "retail"), ("W1", "warehouse"), ("W2", "Warehouse"), ("B2", "retail"))
    ]
    marts = built(
        _sold("OWN", {"S": 10, "M": 18, "L": 12}),
        articles=[_article("OWN")],
        inventory=[
            *_held("OWN", {"S": "0", "M": "0", "L": "0"}),
            *_held("OWN", {"M": "2", "L": "0"}, "W1"),
            *_held("OWN", {"M": "5"}, "W2"),
            # never sold there, and nothing left: not ranged
            *_held("OWN", {"M": "0"}, "B2"),
        ],
        tables={"shop": shops},
        as_of_date="2025-06-02",
    )
    gaps = rows(marts, "size_gaps")
    assert {key: (row["warehouse_branch"], row["warehouse_units"]) for key, row in gaps.items()} == {
        "B1/OWN/M": ("W2", 5.0)
    }
