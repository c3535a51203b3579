"""The same business gives the same marts: landed in any generation of names or order of rows, read in any session, on
any day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest
from psycopg import sql

from tests.python.scenarios.conftest import Land
from tests.python.scenarios.harness import Warehouse, differences
from tests.python.scenarios.planned import land_with_orders, plan_purchases

pytestmark = pytest.mark.slow

SESSIONS = {
    "api": {"timezone": "Asia/Tokyo", "datestyle": "German"},
    "mixed": {"timezone": "America/Lima", "datestyle": "SQL,MDY", "intervalstyle": "iso_8601"},
}
LATER = timedelta(days=1000, hours=7, minutes=13)


@pytest.fixture(scope="module")
def declared(land_simulated: Land) -> Warehouse:
    warehouse = land_simulated("generation_declared", generation="declared")
    warehouse.build()
    return warehouse


@pytest.mark.parametrize("generation", list(SESSIONS))
def test_generation_and_session_do_not_matter(land_simulated: Land, declared: Warehouse, generation: str) -> None:
    other = land_simulated(f"generation_{generation}", generation=generation)
    other.session = SESSIONS[generation]
    other.build()
    assert differences(declared, other) == []


class LaterClock(datetime):
    """The clock of a later day."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + LATER


def on_a_later_day(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moves every clock that a model could read: the server's functions, dbt's start of the run, the variable."""
    warehouse.execute("create schema clocks")
    for function in ("now", "clock_timestamp", "statement_timestamp", "transaction_timestamp"):
        warehouse.execute(
            f"create function clocks.{function}() returns timestamptz stable"
            f" return pg_catalog.{function}() + interval '{LATER.total_seconds()} seconds'"
        )
    warehouse.session["search_path"] = "clocks,pg_catalog,public"
    warehouse.variables["now"] = f"{LaterClock.now():%Y-%m-%d %H:%M:%S}+00"
    monkeypatch.setattr("dbt.tracking.datetime", LaterClock)


def in_another_zone(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse.session["timezone"] = "Pacific/Kiritimati"


def in_another_order(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lands the same rows in an order that has nothing to do with the first."""
    with warehouse.connect() as conn, conn.transaction():
        for name in warehouse.tables("prohandel"):
            statement = sql.SQL(
                "create temporary table landed on commit drop as select * from {table};"
                " truncate {table};"
                " insert into {table} select * from landed order by md5(landed::text), landed::text;"
                " drop table landed"
            )
            conn.execute(statement.format(table=sql.Identifier("prohandel", name)))


VARIANTS: list[Callable[[Warehouse, pytest.MonkeyPatch], None]] = [on_a_later_day, in_another_zone, in_another_order]


@pytest.fixture(scope="module")
def landed(land_simulated: Land) -> Warehouse:
    """Landed and not built: the variants are built from copies."""
    return land_with_orders(land_simulated, "identical_landed")


@pytest.fixture(scope="module")
def built(landed: Warehouse) -> Warehouse:
    warehouse = landed.clone("identical_built")
    warehouse.build()
    plan_purchases(warehouse)
    return warehouse


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
def test_day_zone_and_order_do_not_matter(
    landed: Warehouse,
    built: Warehouse,
    variant: Callable[[Warehouse, pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = landed.clone(f"identical_{variant.__name__}")
    variant(other, monkeypatch)
    other.build()
    plan_purchases(other)
    if variant is on_a_later_day:
        ours, theirs = (one.execute("select max(run_at) from quality.reconciliation")[0][0] for one in (built, other))
        assert theirs - ours > timedelta(days=999)
    assert differences(built, other) == []
