"""The verification at the end of `watch`: what makes a landing good, and what does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from prohandel.connector.verification import Check, DbtAnswers, Verification, verify
from prohandel.errors import ProhandelError
from prohandel.pipeline.dbt import Freshness
from prohandel.pipeline.evidence import LandedReadings, Reading
from tests.python.conftest import Server

# A Monday; in Berlin it is the third already.
NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
TABLES = ["sale", "inventory", "order"]
DATE = Reading("date", "sale_date", "date", True, False, False, "landed.date", "landed.date is not null")


@pytest.fixture(scope="module")
def conn(server: Server) -> Iterator[psycopg.Connection[Any]]:
    created = server.create_database(f"verification_{os.getpid()}")
    with created.connect() as connection:
        yield connection
    created.drop()


@pytest.fixture
def landing(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    conn.execute(
        """
        drop schema if exists prohandel cascade;
        create schema prohandel;
        create table prohandel.sale (id text, date date, _fivetran_synced timestamptz);
        insert into prohandel.sale values ('1', '2026-03-01'), ('2', '2026-03-03');
        create table prohandel.inventory (
            id text, branch_number text, article_number text, article_size_number text, _fivetran_synced timestamptz
        );
        insert into prohandel.inventory values
            ('1', '0901', 'A', 'S'), ('1', '0901', 'A', 'M'), ('1', '0901', 'B', null);
        create table prohandel."order" (id text, _fivetran_synced timestamptz);
        insert into prohandel."order" values ('1');
        """
    )
    return conn


def fresh(*states: tuple[str, str]) -> list[Freshness]:
    return [Freshness(f"prohandel.{table}", status, NOW, 1.5, "") for table, status in states]


def look(
    conn: psycopg.Connection[Any],
    states: list[Freshness] | None = None,
    readings: tuple[Reading, ...] = (DATE,),
    ask: Callable[[], DbtAnswers] | None = None,
) -> Verification:
    found = fresh(*((table, "pass") for table in TABLES)) if states is None else states
    answers = DbtAnswers(found, LandedReadings("prohandel", "sale", readings))
    return verify(conn, "prohandel", TABLES, NOW, ask or (lambda: answers))


def by_name(verification: Verification) -> dict[str, Check]:
    return {check.name: check for check in verification.checks}


def test_a_good_landing(landing: psycopg.Connection[Any]) -> None:
    verification = look(landing)
    assert verification.is_good
    assert [(check.name, check.level, check.what) for check in verification.checks] == [
        ("sale", "good", "2 rows, keys unique (id)"),
        # Three rows share the key of the catalogue; each size of an article has a row of its own.
        ("inventory", "good", "3 rows, keys unique (id, branch_number, article_number, article_size_number)"),
        ("order", "good", "1 rows, keys unique (id)"),
        ("newest business day", "good", "2026-03-03"),
        ("freshness", "good", "3 of 3 tables are as fresh as dbt asks"),
    ]


@pytest.mark.parametrize(
    ("statement", "name", "what", "remedy"),
    [
        ("drop table prohandel.sale", "sale", "prohandel.sale has not landed", "connector.yml"),
        ("truncate prohandel.sale", "sale", "has no rows", "using_sale: false"),
        (
            "insert into prohandel.sale values ('1', '2026-03-01'), ('1', '2026-03-01')",
            "sale",
            "4 rows, but 3 rows share a key (id)",
            "prohandel connector resync --table sale",
        ),
        ("update prohandel.sale set id = null where id = '1'", "sale", "2 rows, but 1 rows have none (id)", "resync"),
        (
            "insert into prohandel.inventory values ('1', '0901', 'A', 'S')",
            "inventory",
            "4 rows, but 2 rows share a key (id, branch_number, article_number, article_size_number)",
            "resync",
        ),
        (
            "alter table prohandel.inventory drop column article_size_number",
            "inventory",
            "3 rows, but 2 rows share a key (id, branch_number, article_number)",
            "resync",
        ),
        (
            "alter table prohandel.inventory drop column branch_number",
            "inventory",
            "prohandel.inventory has no column branch_number, which belongs to its key",
            "leave_out",
        ),
        ("delete from prohandel.sale where id = '2'; update prohandel.sale set date = '2026-02-26'",
         "newest business day", "2026-02-26, 5 days before today", "sync --wait"),
        ("update prohandel.sale set date = null",
         "newest business day", "no line of sale has a readable day", "doctor"),
    ],
)  # fmt: skip
def test_a_bad_landing(landing: psycopg.Connection[Any], statement: str, name: str, what: str, remedy: str) -> None:
    landing.execute(statement.encode())
    verification = look(landing)
    assert not verification.is_good
    assert [check.name for check in verification.checks if check.level == "bad"] == [name]
    check = by_name(verification)[name]
    assert check.what == what
    assert remedy in check.remedy


def test_four_days_without_sales_are_none_too_many(landing: psycopg.Connection[Any]) -> None:
    landing.execute("delete from prohandel.sale where id = '2'; update prohandel.sale set date = '2026-02-27'")
    assert look(landing).is_good


def test_days_ahead_are_no_newest_day(landing: psycopg.Connection[Any]) -> None:
    landing.execute("insert into prohandel.sale values ('3', '2026-03-04'), ('4', '2099-01-01')")
    verification = look(landing)
    assert verification.is_good
    check = by_name(verification)["newest business day"]
    assert (check.level, check.what) == ("warn", "2026-03-03; 2 lines bear a day after today")


def test_a_table_that_may_not_be_read(landing: psycopg.Connection[Any]) -> None:
    landing.execute(
        'create role looking; grant usage on schema prohandel to looking; grant select on prohandel."order", '
        "prohandel.inventory to looking; set role looking"
    )
    try:
        verification = look(landing, ask=_no_dbt)
        assert by_name(verification)["sale"].what == "this user may not read prohandel.sale"
    finally:
        landing.execute("reset role; drop owned by looking; drop role looking")


def _no_dbt() -> DbtAnswers:
    raise ProhandelError("dbt cannot read the project: it is gone\nmore", "Look for it.")


def test_dbt_that_cannot_answer_is_bad(landing: psycopg.Connection[Any]) -> None:
    verification = look(landing, ask=_no_dbt)
    assert not verification.is_good
    assert by_name(verification)["dbt"].what == "dbt cannot read the project: it is gone"


@pytest.mark.parametrize(
    ("states", "is_good", "names"),
    [
        (
            fresh(("sale", "warn"), ("inventory", "pass"), ("order", "pass")),
            True,
            ["freshness of prohandel.sale", "freshness"],
        ),
        (fresh(("sale", "error"), ("inventory", "pass")), False, ["freshness of prohandel.sale", "freshness"]),
        (fresh(("sale", "runtime error")), False, ["freshness of prohandel.sale"]),
        (fresh(("shop", "error"), ("sale", "pass")), True, ["freshness"]),
        ([], False, ["freshness"]),
    ],
)
def test_what_dbt_says_of_freshness(
    landing: psycopg.Connection[Any], states: list[Freshness], is_good: bool, names: list[str]
) -> None:
    verification = look(landing, states)
    assert verification.is_good == is_good
    assert [check.name for check in verification.checks if check.name.startswith("freshness")] == names


def test_sale_without_a_day(landing: psycopg.Connection[Any]) -> None:
    assert by_name(look(landing, readings=()))["newest business day"].what == "sale has no column date or sale_date"
