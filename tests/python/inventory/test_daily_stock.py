"""fct_inventory_daily and what it is built from, against a computation by hand on random retailers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.python.inventory.by_hand import (
    COLUMNS,
    DAY,
    HOUR,
    QUARTER,
    Article,
    Branch,
    Observation,
    Retailer,
    Sale,
    berlin_day,
    daily,
)
from tests.python.inventory.queries import RANGING_DAYS, STATES, Queries

# A Wednesday; the Sunday after it begins summer time.
FIRST_DAY = date(2026, 3, 25)
MIDNIGHT = datetime(2026, 3, 24, 23, tzinfo=UTC)
DAYS = 10
HOLIDAY = date(2026, 4, 1)
STORE = Branch("store", "store", True, time(10), time(13, 30), False, frozenset({HOLIDAY}))
WAREHOUSE = Branch("warehouse", "warehouse", True, time(0), None, True)
WEB = Branch("web", "warehouse", False, time(0), None, True)
# Shows on which days syncs came every hour.
DEPOT = Branch("depot", "depot", True, time(10), time(13, 30), False)
POPUP = Branch("popup", "popup", False, time(10), time(13, 30), False)

_days = st.integers(0, DAYS - 1).map(lambda later: FIRST_DAY + later * DAY)
_sales = st.builds(
    Sale,
    st.sampled_from(["store", "warehouse", "web", "popup", "web"]),
    st.sampled_from(["a", "a", "b"]),
    _days,
    st.integers(0, 2),
    st.integers(0, 1),
)
# Mostly around the opening hours of the store, now and then at night.
_moments = st.builds(
    lambda day, quarter: MIDNIGHT + day * DAY + quarter * QUARTER,
    st.integers(0, DAYS),
    st.one_of(st.integers(36, 56), st.integers(0, 95)),
)
_observations = st.builds(
    Observation,
    st.sampled_from(["store", "warehouse"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["S", "M"]),
    _moments,
    st.sampled_from([0, -1, 1, 2]),
)
_articles = st.tuples(
    *(
        st.builds(
            Article,
            st.just(number),
            st.sampled_from([Decimal("2.5"), None]),
            st.booleans(),
            st.sampled_from([None, FIRST_DAY - 5 * DAY, FIRST_DAY + 3 * DAY]),
        )
        for number in "ab"
    )
)


@st.composite
def retailers(draw: st.DrawFn) -> Retailer:
    """Two branches with stock, one that is served, one without any, and one whose stock changes at every sync."""
    hours = [
        MIDNIGHT + day * DAY + hour * HOUR for day in draw(st.sets(st.integers(0, DAYS - 1))) for hour in range(25)
    ]
    ticks = tuple(Observation("depot", "a", "S", at, number) for number, at in enumerate(sorted(set(hours))))
    sales = {(one.branch, one.article, one.day): one for one in draw(st.lists(_sales, max_size=14))}
    seen = {(one.branch, one.article, one.size, one.at): one for one in draw(st.lists(_observations, max_size=25))}
    stocked = {one.branch for one in (*seen.values(), *ticks)}
    branches = tuple(
        replace(branch, has_own_stock=branch.number in stocked) for branch in (DEPOT, POPUP, STORE, WAREHOUSE, WEB)
    )
    return Retailer(
        branches, draw(_articles), tuple(sales.values()), (*seen.values(), *ticks), draw(_days), RANGING_DAYS
    )


def _stock_changes(retailer: Retailer) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    last: dict[tuple[str, str, str], int] = {}
    for one in sorted(retailer.observations, key=lambda seen: seen.at):
        key = (one.branch, one.article, one.size)
        before = last.get(key)
        last[key] = one.quantity
        rows.append(
            (
                one.branch,
                one.article,
                one.at,
                berlin_day(one.at),
                one.quantity,
                one.quantity - (before or 0),
                before is None,
                False,
                "prohandel",
                1,
            )
        )
    return rows


def _tables(retailer: Retailer) -> dict[str, list[tuple[object, ...]]]:
    return {
        "intermediate.int_inventory__stock_changes": _stock_changes(retailer),
        "marts.fct_sales_daily": [
            (one.day, one.branch, one.article, one.demand, one.returned, one.demand - one.returned)
            for one in retailer.sales
        ],
        "intermediate.int_articles__resolved": [
            (one.number, True, one.is_deleted, one.unit_cost, "c", "unknown", "nos", True, one.created_on, "b")
            for one in retailer.articles
        ],
        "intermediate.int_branches__resolved": [
            (one.number, one.number, "BY" if one.holidays else "unknown", one.server, one.has_own_stock)
            for one in retailer.branches
        ],
        "intermediate.int_as_of": [(retailer.last_day, retailer.last_day - timedelta(days=1))],
        "reference.branch_calendar": [
            ("default", None, None, "10:00", "13:30", False),
            ("shop_type", "warehouse", None, "00:00", "24:00", True),
            ("branch", "web", None, "00:00", "24:00", True),
        ],
        "reference.public_holidays": [(HOLIDAY, *(state == "by" for state in STATES))],
    }


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(retailer=retailers())
def test_daily_stock_is_what_is_worked_out_by_hand(queries: Queries, retailer: Retailer) -> None:
    expected = sorted(daily(retailer), key=lambda row: (row[0], str(row[1]), str(row[2])))
    assert queries.run(_tables(retailer), COLUMNS) == expected
