"""Marts of a tiny retailer as a run builds them: a fact that grows, a sum that is built anew, and a view over spans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from prohandel.publication.history import Publication
from prohandel.publication.publish import publish, refuse, release, roll_back
from prohandel.publication.relations import Schemas

SCHEMAS = Schemas("marts_audit", "marts", "published", "state", "quality", "intermediate")
MARTS = ("fct_lines", "day_sums", "levels")
INCREMENTAL = ("fct_lines", "int_spans")
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

_BUILT = """
    create schema marts_audit;
    create schema intermediate;
    create schema state;
    create table state.model_state (
        model_name text primary key, seen_change_number bigint not null, tested_change_number bigint
    );
    insert into state.model_state values ('audit fct_lines', 7, -1), ('fct_lines', 3, null), ('int_spans', 7, -1);
    create table intermediate.int_as_of (as_of_date date);
    insert into intermediate.int_as_of values ('2026-03-01');
    create table marts_audit.fct_lines (line_id text primary key, day date, revenue numeric(18, 2), note text);
    comment on table marts_audit.fct_lines is 'Sale lines.';
    comment on column marts_audit.fct_lines.revenue is 'EUR.';
    create index on marts_audit.fct_lines (day);
    create table intermediate.int_spans (branch text, first_day date, stock numeric);
    create unique index on intermediate.int_spans (branch, first_day);
    create view marts_audit.levels as
        select spans.branch, spans.first_day, spans.stock, as_of.as_of_date - spans.first_day as days
        from intermediate.int_spans as spans cross join intermediate.int_as_of as as_of;
    create unique index on intermediate.int_as_of (as_of_date);
    comment on view marts_audit.levels is 'Levels.';
"""


@dataclass
class Shop:
    """The retailer's database."""

    conn: psycopg.Connection[Any]
    runs: int = 0

    @classmethod
    def open(cls, conn: psycopg.Connection[Any]) -> Shop:
        conn.execute(_BUILT.encode())
        shop = cls(conn)
        shop.write([("a", "2026-03-01", 10, None), ("b", "2026-03-01", 20, "x")], [("0901", "2026-02-01", 5)])
        return shop

    def write(self, lines: list[tuple[Any, ...]] = (), spans: list[tuple[Any, ...]] = ()) -> None:  # type: ignore[assignment]
        """What a run does: rows replaced by their key, the sums built anew."""
        with self.conn.transaction():
            for line in lines:
                self.conn.execute("delete from marts_audit.fct_lines where line_id = %s", line[:1])
                self.conn.execute("insert into marts_audit.fct_lines values (%s, %s, %s, %s)", line)
            for span in spans:
                self.conn.execute("delete from intermediate.int_spans where branch = %s and first_day = %s", span[:2])
                self.conn.execute("insert into intermediate.int_spans values (%s, %s, %s)", span)
            self.build_sums()

    def remove(self, line: str) -> None:
        self.conn.execute("delete from marts_audit.fct_lines where line_id = %s", [line])
        self.build_sums()

    def build_sums(self) -> None:
        self.conn.execute("drop table if exists marts_audit.day_sums")
        self.conn.execute(
            "create table marts_audit.day_sums as select day, sum(revenue) as revenue, count(*) as lines "
            "from marts_audit.fct_lines group by day"
        )
        self.conn.execute("alter table marts_audit.day_sums add primary key (day)")

    def publish(self, kept: int = 3, readers: tuple[str, ...] = ()) -> Publication:
        self.runs += 1
        at = START + timedelta(hours=self.runs)
        return publish(self.conn, SCHEMAS, MARTS, INCREMENTAL, at, kept=kept, readers=readers)

    def refuse(self, *failed: str) -> Publication:
        self.runs += 1
        return refuse(self.conn, SCHEMAS, START + timedelta(hours=self.runs), failed)

    def roll_back(self, number: int | None = None) -> Publication:
        return roll_back(self.conn, SCHEMAS, MARTS, number, "prices are wrong")

    def release(self) -> Publication:
        return release(self.conn, SCHEMAS, None)

    def rows(self, relation: str) -> list[tuple[Any, ...]]:
        return self.conn.execute(sql.SQL("select * from {} order by 1, 2").format(sql.SQL(relation))).fetchall()

    def is_published(self) -> bool:
        """Do people read what was built?"""
        return all(self.rows(f"marts.{name}") == self.rows(f"marts_audit.{name}") for name in MARTS)
