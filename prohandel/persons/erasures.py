"""The record of erasures: that somebody was erased, and when, without saying who; and how they are known again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.persons.person import Person, hashed
from prohandel.pipeline.target import Target, exists

# Another purpose than that of the marts' keys, so that a row here leads to none in an old copy of a mart.
_PURPOSE = "erased:"
_COLUMNS = """
    erasure_id bigint generated always as identity primary key,
    erased_at timestamptz not null default clock_timestamp(),
    erased_by text not null default session_user,
    reference text not null,
    person_hashes text[] not null,
    key_fingerprint text not null,
    rows jsonb not null
"""


@dataclass(frozen=True)
class Places:
    """Where erasures are noted.

    Attributes:
        operations: schema of the record.
        state: schema of the numbers of changes.
        intermediate: schema of the names that orders and receipts call customers by.
    """

    operations: str
    state: str
    intermediate: str

    @classmethod
    def of(cls, target: Target) -> Places:
        """The places of a target."""
        return cls(*map(target.schema_of, ("operations", "state", "intermediate")))

    @property
    def record(self) -> sql.Identifier:
        """The table of erasures."""
        return sql.Identifier(self.operations, "erasures")

    @property
    def references(self) -> sql.Identifier:
        """The model of all names that customers are called by."""
        return sql.Identifier(self.intermediate, "int_customers__references")

    def next_change(self, conn: psycopg.Connection) -> int | None:
        """A number that makes the next run build anew what is made of the changed rows; None before the first run."""
        sequence = sql.Identifier(self.state, "change_number")
        if not exists(conn, sequence):
            return None
        row = conn.execute("select nextval(%s::regclass)", [sequence.as_string(conn)]).fetchone()
        return int(row[0]) if row else None


@dataclass(frozen=True)
class Noted:
    """An erasure on record.

    Attributes:
        number: rises.
        at: when.
    """

    number: int
    at: datetime


@dataclass(frozen=True)
class Returned:
    """A customer who was erased and has landed again.

    Attributes:
        erasure: number of the erasure.
        erased_at: when.
        reference: what orders or receipts call the customer by; for `forget`, never for a message.
    """

    erasure: int
    erased_at: datetime
    reference: str


def note(conn: psycopg.Connection, places: Places, person: Person, reference: str, rows: Mapping[str, int]) -> Noted:
    """Adds a row to the record, in the transaction of the erasure."""
    conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(places.operations)))
    conn.execute(sql.SQL("create table if not exists {} ({})").format(places.record, sql.SQL(_COLUMNS)))
    _let_runs_read(conn, places)
    names = [person.prefix + name for name in {*person.references, *person.ids}]
    row = conn.execute(
        sql.SQL(
            """
            insert into {} (reference, person_hashes, key_fingerprint, rows) values (%s, %s, %s, %s)
            returning erasure_id, erased_at
            """
        ).format(places.record),
        [reference, sorted(hashed(conn, _PURPOSE, names)), _fingerprint(conn), json.dumps(dict(rows))],
    ).fetchone()
    if row is None:
        raise ProhandelError("The erasure has vanished while it was written.", "Run it again.")
    return Noted(*row)


def _let_runs_read(conn: psycopg.Connection, places: Places) -> None:
    """Runs look for erased customers who land again; they may log in as another role than who erases."""
    row = conn.execute(
        "select pg_get_userbyid(relowner) from pg_class where oid = to_regclass(%s)",
        [places.references.as_string(conn)],
    ).fetchone()
    if row is not None:
        runs = sql.Identifier(row[0])
        conn.execute(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(places.operations), runs))
        conn.execute(sql.SQL("grant select on {} to {}").format(places.record, runs))


def _fingerprint(conn: psycopg.Connection) -> str:
    (found,) = hashed(conn, "fingerprint", [""])
    return found[:16]


def returned(conn: psycopg.Connection, places: Places) -> list[Returned]:
    """Customers who were erased and have landed again, as far as the last run has built them.

    Args:
        conn: with the key that hides customers.

    Raises:
        ProhandelError: the connection has no key.
    """
    if not (exists(conn, places.record) and exists(conn, places.references)):
        return []
    rows = conn.execute(
        sql.SQL(
            """
            with
            named as (
                select customer_ref as name from {references}
                union
                select customer_number from {references}
            ),
            hashed as (
                select
                    name,
                    encode(
                        sha256(convert_to(current_setting('prohandel.hash_key') || {purpose} || name, 'UTF8')), 'hex'
                    ) as person_hash
                from named
                where name is not null
            ),
            erased as (
                select unnest(person_hashes) as person_hash, max(erasure_id) as erasure_id, max(erased_at) as erased_at
                from {record}
                group by 1
            )
            select erased.erasure_id, erased.erased_at, hashed.name
            from hashed
            inner join erased on hashed.person_hash = erased.person_hash
            order by 1, 3
            """
        ).format(references=places.references, purpose=sql.Literal(_PURPOSE), record=places.record)
    ).fetchall()
    return [Returned(*row) for row in rows]


def made_with_another_key(conn: psycopg.Connection, places: Places) -> int:
    """Erasures on record whose customers cannot be known again, because the key has changed since."""
    if not exists(conn, places.record):
        return 0
    query = sql.SQL("select count(*) from {} where key_fingerprint <> %s").format(places.record)
    row = conn.execute(query, [_fingerprint(conn)]).fetchone()
    return int(row[0]) if row else 0
