"""Counting what arrives, its pace, and when an estimate of the time left is honest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from prohandel.connector.arrivals import Counter, Sample, TableCount, arrived_until, estimate, paces, per_minute

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def samples(arrived: Sequence[int], every: timedelta = MINUTE, table: str = "sale") -> list[Sample]:
    return [
        Sample(BEGAN + every * index, {table: TableCount(1000 + rows, rows, BEGAN)})
        for index, rows in enumerate(arrived)
    ]


def steady(minutes: int, pace: int) -> list[Sample]:
    return samples([pace * minute for minute in range(minutes + 1)])


def test_between_two_looks_rows_arrive_in_proportion() -> None:
    seen = samples([0, 100, 400])
    half = BEGAN + 1.5 * MINUTE
    assert arrived_until(seen, half) == 250
    assert arrived_until(seen, half, "sale") == 250
    assert arrived_until(seen, half, "order") == 0
    assert arrived_until(seen, BEGAN + 9 * MINUTE) == 400
    assert arrived_until([], half) == 0


def test_the_pace_is_that_of_the_last_two_minutes() -> None:
    assert per_minute(samples([0, 1000, 1000, 1030, 1060])) == 30
    assert per_minute(samples([0, 50])) == 50
    assert per_minute(samples([0])) is None
    assert per_minute(samples([0, 5], every=timedelta(seconds=20))) is None
    assert per_minute([]) is None


def test_the_pace_of_each_minute() -> None:
    assert paces(samples([0, 10, 10, 40]), "sale", 2, MINUTE) == [0, 30]
    assert paces(samples([0, 10, 10, 40]), "sale", 16, MINUTE) == [10, 0, 30]
    # A table that was emptied meanwhile has not arrived backwards.
    assert paces(samples([50, 10]), "sale", 4, MINUTE) == [0]
    assert paces([], "sale", 4, MINUTE) == []


def test_an_estimate_is_a_span_between_the_fastest_and_the_slowest_two_minutes() -> None:
    # Two minutes at 100 rows, the next eight at 200: 1,800 have arrived, 3,000 are left.
    arrived = [0, 100, 200, *(200 + 200 * minute for minute in range(1, 9))]
    found, why = estimate(samples(arrived), {"sale": 4800})
    assert found is not None, why
    assert (found.rows, found.soonest, found.latest) == (3000, 15 * MINUTE, 30 * MINUTE)


@pytest.mark.parametrize(
    ("seen", "expected", "reason"),
    [
        (steady(20, 100), {}, "does not say how many"),
        (steady(9, 100), {"sale": 10_000}, "before ten minutes"),
        ([], {"sale": 10_000}, "before ten minutes"),
        (samples([*range(0, 900, 100), *([800] * 4)]), {"sale": 10_000}, "nothing arrived"),
        (samples([0, 10, 20, *(20 + 50 * minute for minute in range(1, 9))]), {"sale": 10_000}, "too unevenly"),
        (steady(20, 100), {"sale": 2000}, "as many rows as expected"),
        (steady(20, 100), {"sale": 1000}, "as many rows as expected"),
    ],
)
def test_no_estimate_where_none_is_honest(seen: list[Sample], expected: Mapping[str, int], reason: str) -> None:
    found, why = estimate(seen, expected)
    assert found is None
    assert reason in why


def test_a_table_that_has_not_landed_is_still_to_come() -> None:
    found, _ = estimate(steady(20, 100), {"sale": 2000, "inventory": 500})
    assert found is not None
    assert (found.rows, found.soonest) == (500, 5 * MINUTE)


@pytest.fixture
def landing(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    conn.execute("create schema prohandel")
    conn.execute('create table prohandel."order" (id text primary key, _fivetran_synced timestamptz not null)')
    return conn


def write(conn: psycopg.Connection[Any], first: int, last: int, hour: int) -> None:
    conn.execute(
        'insert into prohandel."order" select number::text, %s from generate_series(%s::int, %s::int) as number '
        "on conflict (id) do update set _fivetran_synced = excluded._fivetran_synced",
        [BEGAN + timedelta(hours=hour), first, last],
    )


def counts(counter: Counter, conn: psycopg.Connection[Any]) -> dict[str, tuple[int, int]]:
    return {name: (count.rows, count.arrived) for name, count in counter.count(conn).items()}


def test_rows_count_as_arrived_when_they_are_written_anew_too(landing: psycopg.Connection[Any]) -> None:
    write(landing, 1, 10, hour=0)
    counter = Counter("prohandel", ["order", "sale"])
    assert counts(counter, landing) == {"order": (10, 0)}
    write(landing, 9, 14, hour=1)
    assert counts(counter, landing) == {"order": (14, 6)}
    assert counter.count(landing)["order"].newest == BEGAN + timedelta(hours=1)
    landing.execute("create table prohandel.sale as table prohandel.order")
    assert counts(counter, landing) == {"order": (14, 6), "sale": (14, 14)}
    landing.execute("drop table prohandel.sale")
    assert counts(counter, landing) == {"order": (14, 6)}


def test_a_table_that_is_empty_at_first(landing: psycopg.Connection[Any]) -> None:
    counter = Counter("prohandel", ["order"])
    assert counts(counter, landing) == {"order": (0, 0)}
    write(landing, 1, 3, hour=0)
    assert counts(counter, landing) == {"order": (3, 3)}


def test_a_table_that_takes_too_long_to_count_is_estimated(landing: psycopg.Connection[Any]) -> None:
    write(landing, 1, 10, hour=0)
    landing.execute("select pg_stat_force_next_flush()")
    counter = Counter("prohandel", ["order"], seconds=0.05)
    landing.execute(
        """
        create function prohandel.slowly() returns boolean language plpgsql as $$
        begin perform pg_sleep(0.02); return true; end $$;
        alter table prohandel.order enable row level security;
        alter table prohandel.order force row level security;
        create policy slow on prohandel.order using (prohandel.slowly());
        create role counting nologin;
        grant usage on schema prohandel to counting;
        grant select on prohandel.order to counting;
        set role counting;
        """
    )
    try:
        first = counter.count(landing)["order"]
        assert (first.is_estimate, first.arrived, first.newest) == (True, 0, None)
        landing.execute("reset role")
        write(landing, 11, 15, hour=1)
        landing.execute("select pg_stat_force_next_flush()")
        landing.execute("select 1")
        later = counter.count(landing)["order"]
        assert (later.is_estimate, later.rows, later.arrived) == (True, 15, 5)
    finally:
        landing.execute("reset role")
        landing.execute("drop schema prohandel cascade")
        landing.execute("drop role counting")
