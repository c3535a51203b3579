"""All marts of random tiny landings against the independent computation.

The landings are small, so that every row is a trap: returns, adjustments, voided lines, missing and unreadable prices,
decimal commas, orphans, both generations of names, stock below zero, deletions, sizes, late syncs, days on the edge of
every window.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from tests.python.conftest import Database, Server
from tests.python.oracle.compare import compare_computed, inbound_units
from tests.python.oracle.marts import Marts, compute
from tests.python.oracle.replay import LANDED, Replay, build_once, compiled, empty
from tests.python.oracle.seeds import read_seeds
from tests.python.oracle.variables import Variables
from tests.python.scenarios.harness import SIMULATED_VARS, Warehouse

# How many landings per set of variables; none where it is not said.
CASES = int(os.environ.get("PROHANDEL_RANDOM_LANDINGS") or 0)

# A Monday after Easter of both years has been compared with; the seed of the supply network serves 0911 from 0912.
TODAY = date(2025, 6, 30)
SYNCED = "2025-06-30 20:00:00+00"
SETS = {
    "usual": {},
    "unusual": {
        "as_of_date": "2025-06-27",
        "prices_include_vat": False,
        "inventory_is_complete": False,
        "sale_price_per": "unit",
        "label_price_per": "line",
        "purchase_price_per": "line",
        "zero_cost_is_known": True,
        "ranging_days": 30,
        "phantom_expected_units": 2,
    },
}
EDGES = (0, 0, 1, 2, 3, 6, 7, 13, 14, 15, 27, 28, 29, 59, 60, 61, 89, 90, 91, 119, 179, 180, 363, 364, 365, 366, 371)
_ago = st.one_of(st.sampled_from(EDGES), st.integers(0, 40))
_sizes = st.sampled_from(["M", "M", "S", "L", None])
_articles = st.sampled_from(["A1", "A1", "A2", "A3", "ORPHAN", "gift_1"])
# After the newest version of any stock row.
_later = st.sampled_from([SYNCED, "2025-07-01 06:00:00+00"])
_branches = st.sampled_from(["S1", "S1", "S2", "0911", "0912", "shop-1", "GHOST"])


def _one(*values: Any, often: int = 0) -> st.SearchStrategy[Any]:
    """One of the values, the first a number of times more often."""
    return st.sampled_from([values[0]] * often + list(values))


# What at least a quarter of the landings have to hold, and what some.
_OFTEN = ("fct_sale_lines", "inventory_status", "stock", "returns", "rejected lines", "daily demand", "reorder_points")
_SOMETIMES = ("fct_orders", "negative stock", "stockout_events", "stock_anomalies", "unsold_deliveries", "size_gaps")
_SEEDS = read_seeds()


@st.composite
def _article(draw: st.DrawFn, number: str) -> dict[str, Any]:
    generation = draw(_one({"article_number": number}, {"number": number}))
    return {
        "id": f"id-{number}",
        **generation,
        "name": draw(_one("Hose", None, "Gutschein", often=6)),
        "price": draw(_one("119", "12,90", "0", None, "abc", "200", "30")),
        "cost": draw(_one("40", "0", None, "1.234,50", often=2)),
        "category_id": draw(_one("c1", "Hosen", None, "Gutscheine", "c2", often=2)),
        "supplier_id": draw(_one("7", "s1", None, "Unbekannt")),
        "brand": draw(_one("Marke", None)),
        "season": draw(_one("FS25", None, "FS24", "HW24", "XX", often=1)),
        "is_deleted": draw(_one(None, "ja", often=8)),
        "created_at": draw(_one("2024-01-01", None, "2025-06-10", "01.05.2025")),
        "_fivetran_synced": SYNCED,
    }


@st.composite
def _sale(draw: st.DrawFn, number: int) -> dict[str, Any]:
    day = TODAY - timedelta(days=draw(_ago))
    # Eleven at night in London is the next day in Berlin.
    when = draw(_one(f"{day}", f"{day} 00:00:00", f"{day}T10:30:00Z", f"{day}T22:30:00Z", f"{day:%d.%m.%Y}", often=3))
    branch = draw(_branches)
    price = draw(_one("119", "100,00", "0", None, "-119", "59.50", "x", often=3))
    return {
        "id": f"{number}",
        "receipt_number": draw(_one("R1", "R2", None)),
        draw(_one("date", "sale_date")): when,
        draw(_one("branch_number", "branch_id")): branch,
        "article_number": draw(_articles),
        "article_size_number": draw(_sizes),
        draw(_one("customer_number", "customer_id")): draw(_one(None, "1000001", "1000002", "k1", "0", "12")),
        "quantity": draw(_one("1", "2", "-1", "0", "-2", "1,5", "30", "?", often=5)),
        "purchase_price": draw(_one(None, "40", "0", "130")),
        draw(_one("sale_price", "total_amount")): price,
        "label_price": draw(_one(None, "119", "150")),
        "type": draw(_one("0", None, "1", "0.0", often=6)),
        "is_deleted": draw(_one(None, "1", "nein", often=8)),
        "status": draw(_one(None, "void", often=10)),
        "_fivetran_synced": draw(_one(SYNCED, "2025-07-01 05:00:00+00", often=10)),
    }


@st.composite
def _order(draw: st.DrawFn, number: int) -> dict[str, Any]:
    day = TODAY - timedelta(days=draw(_ago))
    return {
        "id": f"{number}",
        "customer_id": draw(_one("1000001", "k1", None, "12")),
        "order_date": draw(_one(f"{day}", f"{day:%d.%m.%Y}", "?", None, often=3)),
        "delivery_date": draw(_one(f"{day + timedelta(days=3)}", None)),
        "total_amount": draw(_one("119", "1.234,50", None, "x")),
        "status": draw(_one(None, "offen", "cancelled")),
        "_fivetran_deleted": draw(_one(None, "true", often=4)),
        "_fivetran_synced": SYNCED,
    }


def _version(key: dict[str, Any], quantity: str, start: datetime, end: datetime | None) -> dict[str, Any]:
    """A version of a stock row; the newest one without an end."""
    return {
        **key,
        "quantity": quantity,
        "_fivetran_start": start.isoformat(),
        "_fivetran_end": (end or datetime(9999, 12, 31, tzinfo=UTC)).isoformat(),
        "_fivetran_active": str(end is None).lower(),
        "_fivetran_synced": start.isoformat(),
    }


@st.composite
def _stock(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The versions of a stock row, and the row as it is now."""
    key = {
        "branch_number": draw(_one("S1", "0912", "S2", "shop-1", "0911", "0912", often=2)),
        draw(_one("article_number", "article_id")): draw(_one("A1", "A2", "A3", "id-A1", "NEW", often=2)),
        "article_size_number": draw(_sizes),
    }
    key["id"] = "-".join(str(value) for value in key.values())
    moments = sorted(
        {
            datetime(TODAY.year, TODAY.month, TODAY.day, draw(st.integers(0, 19)), tzinfo=UTC) - timedelta(days=ago)
            for ago in draw(st.lists(_ago, min_size=1, max_size=5))
        }
    )
    quantities = [draw(_one("2", "0", "1", "-1", "12", "1,5", "n/a", often=1)) for _ in moments]
    is_gone = draw(_one(False, True, often=5))
    versions = []
    for at, (start, quantity) in enumerate(zip(moments, quantities, strict=True)):
        is_last = at == len(moments) - 1
        end = None if is_last else moments[at + 1] - timedelta(milliseconds=1)
        versions.append(_version(key, quantity, start, start + timedelta(hours=2) if is_last and is_gone else end))
    # The row is what its newest version says, or was changed by a later sync.
    quantity = draw(_one(quantities[-1], "3", often=6))
    seen = moments[-1].isoformat() if quantity == quantities[-1] else draw(_later)
    row = {**key, "quantity": quantity, "_fivetran_synced": seen}
    if is_gone:
        end = moments[-1] + timedelta(hours=2)
        row |= {"quantity": quantities[-1], "_fivetran_deleted": "true", "_fivetran_synced": end.isoformat()}
    return (versions, [row]) if draw(_one(True, False, often=4)) else ([], [row])


def _gap() -> tuple[dict[str, Any], list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]]:
    """A line of the last piece of a size in a shop, and stock rows: none there, some in the warehouse."""
    seen = datetime(2025, 6, 16, 18, tzinfo=UTC)
    stocks = []
    for branch, quantity in (("S1", "0"), ("0912", "12")):
        key = {"id": f"gap-{branch}", "branch_number": branch, "article_number": "A1", "article_size_number": "M"}
        row = {**key, "quantity": quantity, "_fivetran_synced": seen.isoformat()}
        stocks.append(([_version(key, quantity, seen, None)], [row]))
    line = {
        "id": "gap",
        "date": "2025-06-16",
        "branch_number": "S1",
        "article_number": "A1",
        "article_size_number": "M",
        "quantity": "2",
        "sale_price": "200",
        "_fivetran_synced": SYNCED,
    }
    return line, stocks


def _sent() -> dict[str, list[dict[str, Any]]]:
    """A landing of a shop that sells what a warehouse has plenty of, so that some of it is to be sent there."""
    goods = {"article_number": "A1", "article_size_number": "M"}
    line = {**goods, "branch_number": "S1", "date": "2025-06-16", "quantity": "2", "sale_price": "200"}
    seen = datetime(2025, 5, 1, 8, tzinfo=UTC)
    rows, versions = [], []
    for branch, quantity in (("S1", "1"), ("0912", "12")):
        key = {"id": f"sent-{branch}", "branch_number": branch, **goods}
        rows.append({**key, "quantity": quantity, "_fivetran_synced": seen.isoformat()})
        versions.append(_version(key, quantity, seen, None))
    landed: dict[str, list[dict[str, Any]]] = {
        "shop": [
            {"id": "shop-1", "branch_number": "S1", "shop_type": "retail"},
            {"id": "shop-4", "branch_number": "0912", "shop_type": "warehouse"},
        ],
        "article": [{"id": "id-A1", "article_number": "A1", "price": "119", "cost": "40", "created_at": "2024-01-01"}],
        "category": [],
        "supplier": [],
        "customer": [],
        "order": [],
        "sale": [{"id": "sent-1", **line}, {"id": "sent-2", **line}],
        "inventory": rows,
        "inventory_history": versions,
    }
    return {table: [{"_fivetran_synced": SYNCED, **row} for row in landed[table]] for table in landed}


@st.composite
def landings(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Rows by landed table."""
    shops = [
        {"id": "shop-1", "branch_number": "S1", "shop_type": draw(_one("retail", None)), "postal_code": "80331"},
        {"id": "shop-2", "number": "S2", "shop_type": draw(_one("outlet", "Popup", "retail"))},
        {"id": "shop-3", "branch_number": "0911", "is_webshop": "1"},
        {"id": "shop-4", "branch_number": "0912", "shop_type": "Warehouse"},
    ]
    stocks: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {}
    for versions, rows in draw(st.lists(_stock(), min_size=2, max_size=9)):
        stocks[rows[0]["id"]] = (versions, rows)
    lines = [draw(_sale(number)) for number in range(draw(st.integers(3, 16)))]
    if draw(_one(True, False, often=2)):
        sold, gap = _gap()
        lines.append(sold)
        stocks |= {rows[0]["id"]: (versions, rows) for versions, rows in gap}
    # A row that the history does not know was synced after all that it knows; or no history lands.
    has_history = draw(_one(True, False, often=3))
    if not has_history:
        stocks = {key: ([], rows) for key, (_, rows) in stocks.items()}
    elif any(versions for versions, _ in stocks.values()):
        for versions, rows in stocks.values():
            rows[0]["_fivetran_synced"] = rows[0]["_fivetran_synced"] if versions else draw(_later)
    landed: dict[str, list[dict[str, Any]]] = {
        "shop": [{**shop, "_fivetran_synced": SYNCED} for shop in shops],
        "article": [draw(_article(number)) for number in ("A1", "A2", "A3", "gift_1")],
        "category": [{"id": "c1", "name": "Jacken", "_fivetran_synced": SYNCED}],
        "supplier": [{"id": "s1", "supplier_number": "7", "name": "Weber", "_fivetran_synced": SYNCED}],
        "customer": [{"id": "k1", "customer_number": "1000003", "_fivetran_synced": SYNCED}],
        "order": [draw(_order(number)) for number in range(draw(st.integers(1, 2)))],
        "sale": lines,
        "inventory": [row for _, rows in stocks.values() for row in rows],
        "inventory_history": [version for versions, _ in stocks.values() for version in versions],
    }
    return landed


@st.composite
def plans(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of the sales plan."""
    days = draw(st.sets(st.sampled_from([0, 1, 3, 40]), max_size=2))
    return [
        {"date_day": str(TODAY - timedelta(days=ago)), "branch_number": "S1", "plan_net_revenue": "150.5"}
        for ago in sorted(days)
    ]


@pytest.fixture(scope="module")
def replays(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Replay]]:
    database = server.create_database("random_landings")
    warehouse = Warehouse(server.socket_dir, database.name, tmp_path_factory.mktemp("random"), dict(SIMULATED_VARS))
    build_once(warehouse)
    warehouses = {name: warehouse.clone(f"random_landings_{name}") for name in SETS}
    compilations = {name: compiled(warehouses[name], variables) for name, variables in SETS.items()}
    for replay in compilations.values():
        empty(replay)
    # Else the parsed project is gone through again and again, for nothing.
    gc.freeze()
    yield compilations
    gc.unfreeze()
    for replay in compilations.values():
        replay.conn.close()
    for used in (warehouse, *warehouses.values()):
        Database(server, used.name).drop()


def _computed(
    replay: Replay,
    landed: dict[str, list[dict[str, Any]]],
    plan: list[dict[str, Any]],
    inbound: Mapping[tuple[str, str], float],
) -> Marts:
    frames = {
        table: pd.DataFrame(rows, columns=[*LANDED[table].split(), "_fivetran_synced"], dtype="object")
        for table, rows in landed.items()
    }
    columns = ["date_day", "branch_number", "plan_net_revenue"]
    seeds = replace(_SEEDS, sales_plan=pd.DataFrame(plan, columns=columns, dtype="string"))
    return compute(frames, seeds, Variables.of(replay.variables), "test-key", inbound)


def _traits(landed: dict[str, list[dict[str, Any]]], computed: Marts) -> set[str]:
    """What there is to be compared: the marts with rows, and kinds of rows."""
    marts = {name: mart.rows for name, mart in computed.marts.items()}
    traits = {name for name, rows in marts.items() if len(rows)}
    lines = marts["fct_sale_lines"]
    found = {"returns": lines["is_return"].any(), "rejected lines": len(lines) < len(landed["sale"])}
    if "inventory_status" in marts:
        status = marts["inventory_status"]
        found |= {
            "stock": status["on_hand"].gt(0).any(),
            "negative stock": status["on_hand"].lt(0).any(),
            "daily demand": status["avg_daily_demand_90d"].gt(0).any(),
            "transfers": marts["reorder_recommendations"]["inbound_transfer_units"].gt(0).any(),
        }
    return traits | {trait for trait, is_there in found.items() if is_there}


@pytest.mark.skipif(not CASES, reason="PROHANDEL_RANDOM_LANDINGS says how many landings are compared")
@pytest.mark.parametrize("name", SETS)
def test_marts_of_random_landings_equal_the_oracle(replays: Mapping[str, Replay], name: str) -> None:
    replay, seen, landings_with = replays[name], Counter[str](), Counter[str]()

    @settings(max_examples=max(1, CASES), deadline=None, suppress_health_check=list(HealthCheck))
    @example(landed=_sent(), plan=[])
    @given(landed=landings(), plan=plans())
    def equal(landed: dict[str, list[dict[str, Any]]], plan: list[dict[str, Any]]) -> None:
        with replay.build(landed, {"sales_plan": plan}) as conn:
            computed = _computed(replay, landed, plan, inbound_units(conn))
            found = [str(difference) for difference in compare_computed(conn, computed)]
        seen["landings"] += 1
        landings_with.update(_traits(landed, computed))
        for difference in found:
            note(difference)
        assert found == []

    equal()
    # Marts without rows are equal, too; few landings need not hold everything.
    shares = {trait: landings_with[trait] / seen["landings"] for trait in [*_OFTEN, *_SOMETIMES]}
    assert landings_with["transfers"] > 0
    assert [trait for trait in _OFTEN if shares[trait] < 0.25] == []
    assert seen["landings"] < 100 or [trait for trait in _SOMETIMES if shares[trait] < 0.02] == []
