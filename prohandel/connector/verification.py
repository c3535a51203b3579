"""Whether what has landed is fit to be built on: tables, keys, rows, newest business day, freshness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.landing.tables import LANDED_TABLES, SIZE, LandedTable
from prohandel.pipeline.dbt import Freshness
from prohandel.pipeline.evidence import LandedReadings, as_rows
from prohandel.pipeline.landed import FoundTable, find_tables, has_rows
from prohandel.quality.channels import BERLIN

Level = Literal["good", "warn", "bad"]

_DAYS_WITHOUT_SALES = 4
"""Shops are closed for three days at most, at Christmas beside a Sunday; a day more for rows that come late."""


@dataclass(frozen=True)
class Check:
    """One look at the landing.

    Attributes:
        name: table and matter.
        level: bad makes the whole verification fail.
        what: what was seen.
        remedy: what to do; empty where nothing is to do.
    """

    name: str
    level: Level
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Verification:
    """What was looked at."""

    checks: tuple[Check, ...]

    @property
    def is_good(self) -> bool:
        """Is nothing bad?"""
        return all(check.level != "bad" for check in self.checks)

    def as_json(self) -> list[dict[str, Any]]:
        """Plain values for `--json`."""
        return [vars(check) for check in self.checks]


@dataclass(frozen=True)
class DbtAnswers:
    """What dbt says of the landing.

    Attributes:
        freshness: by landed table.
        sale: how staging reads the landed `sale`; None where it has not landed.
    """

    freshness: Sequence[Freshness]
    sale: LandedReadings | None


def verify(
    conn: psycopg.Connection,
    schema: str,
    tables: Sequence[str],
    now: datetime,
    ask_dbt: Callable[[], DbtAnswers],
) -> Verification:
    """Looks at everything once; reads whole tables.

    Args:
        conn: on which each statement is its own transaction.
        schema: where the tables land.
        tables: that are expected, by their landed names.
        now: the time to compare the newest business day with.
        ask_dbt: freshness and readings; a ProhandelError of it becomes a bad check.
    """
    found = find_tables(conn, schema)
    checks = [check for name in tables for check in _table(conn, schema, LANDED_TABLES[name], found.get(name))]
    try:
        answers = ask_dbt()
    except ProhandelError as error:
        checks.append(Check("dbt", "bad", error.message.splitlines()[0], error.remedy))
        return Verification(tuple(checks))
    sale = found.get("sale") if "sale" in tables else None
    if sale is not None and sale.is_readable and has_rows(conn, sale):
        checks.append(_business_day(conn, answers.sale, now.astimezone(BERLIN).date()))
    checks += _freshness(answers.freshness, schema, tables)
    return Verification(tuple(checks))


def _table(conn: psycopg.Connection, schema: str, table: LandedTable, found: FoundTable | None) -> list[Check]:
    if found is None:
        return [
            Check(
                table.name,
                "bad",
                f"{schema}.{table.name} has not landed",
                f"Is it chosen in connector.yml? See prohandel connector drift; or set {table.using_variable}: false.",
            )
        ]
    if not found.is_readable:
        return [Check(table.name, "bad", f"this user may not read {schema}.{table.name}", "Grant select on it.")]
    lacking = [name for name in table.primary_key if name not in found.columns]
    if lacking:
        return [
            Check(
                table.name,
                "bad",
                f"{schema}.{table.name} has no column {', '.join(lacking)}, which belongs to its key",
                f"Sync the column: remove it from leave_out in connector.yml, then: prohandel connector resync --table "
                f"{table.name}",
            )
        ]
    return [_keys(conn, table, found)]


def _keys(conn: psycopg.Connection, table: LandedTable, found: FoundTable) -> Check:
    key = table.key_by_size if table.key_by_size and SIZE in found.columns else table.primary_key
    columns = sql.SQL(", ").join(map(sql.Identifier, key))
    lacks = sql.SQL(" or ").join(sql.SQL("{} is null").format(sql.Identifier(name)) for name in table.primary_key)
    row = conn.execute(
        sql.SQL(
            "select coalesce(sum(rows), 0), coalesce(sum(rows) filter (where rows > 1), 0),"
            " coalesce(sum(rows) filter (where is_lacking), 0)"
            " from (select count(*) as rows, bool_or({lacks}) as is_lacking from {relation} group by {columns}) as keys"
        ).format(lacks=lacks, relation=found.identifier, columns=columns)
    ).fetchone()
    rows, doubled, lacking = (int(value) for value in row or (0, 0, 0))
    if rows == 0:
        return Check(
            table.name,
            "bad",
            "has no rows",
            f"See prohandel logs; set {table.using_variable}: false if it stays empty.",
        )
    if doubled or lacking:
        wrong = [f"{doubled:,} rows share a key"] if doubled else []
        wrong += [f"{lacking:,} rows have none"] if lacking else []
        return Check(
            table.name,
            "bad",
            f"{rows:,} rows, but {' and '.join(wrong)} ({', '.join(key)})",
            f"Read it whole again: prohandel connector resync --table {table.name}",
        )
    return Check(table.name, "good", f"{rows:,} rows, keys unique ({', '.join(key)})")


def _business_day(conn: psycopg.Connection, sale: LandedReadings | None, today: date) -> Check:
    name = "newest business day"
    value = sale.value("sale_date") if sale else None
    if sale is None or value is None:
        return Check(name, "bad", "sale has no column date or sale_date", "Add it to the sync, then: resync sale.")
    ((newest, ahead),) = as_rows(
        conn,
        f"select max(day) filter (where day <= date '{today.isoformat()}'),"  # noqa: S608
        f" count(*) filter (where day > date '{today.isoformat()}') from (select {value} as day from {sale.source})"
        " as days",
    )
    if newest is None:
        return Check(name, "bad", "no line of sale has a readable day", "See prohandel doctor.")
    later = f"; {ahead:,} lines bear a day after today" if ahead else ""
    if today - newest > timedelta(days=_DAYS_WITHOUT_SALES):
        return Check(
            name,
            "bad",
            f"{newest.isoformat()}, {(today - newest).days} days before today{later}",
            "Did the sync end before its end? See prohandel logs; then: prohandel connector sync --wait",
        )
    return Check(name, "warn" if ahead else "good", f"{newest.isoformat()}{later}")


_LEVELS: Mapping[str, Level] = {"pass": "good", "warn": "warn", "error": "bad", "runtime error": "bad"}


def _freshness(found: Iterable[Freshness], schema: str, tables: Sequence[str]) -> list[Check]:
    """The worst state, with the tables that are in it; one check for all that are fresh."""
    expected = {f"{schema}.{table}" for table in tables}
    asked = [entry for entry in found if entry.table in expected]
    if not asked:
        return [
            Check(
                "freshness",
                "bad",
                f"dbt measures no table of schema {schema}",
                f"Set prohandel_schema: {schema}, or name the schema of the project in connector.yml.",
            )
        ]
    checks = []
    for entry in asked:
        level = _LEVELS.get(entry.status, "bad")
        if level == "good":
            continue
        age = "" if entry.age_hours is None else f", newest row {entry.age_hours:.1f} hours old"
        remedy = "See prohandel connector status: is it paused, broken or rescheduled?"
        checks.append(Check(f"freshness of {entry.table}", level, f"{entry.status}{age}", remedy))
    fresh = sum(_LEVELS.get(entry.status) == "good" for entry in asked)
    if fresh:
        checks.append(Check("freshness", "good", f"{fresh} of {len(asked)} tables are as fresh as dbt asks"))
    return checks
