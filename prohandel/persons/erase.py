"""Erases a customer from every table (GDPR, article 17), in one transaction, and leaves all sums as they are."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.persons import erasures
from prohandel.persons.person import Person, cleaned, of_person
from prohandel.persons.registry import NAMED_AFTER_A_CUSTOMER, Held
from prohandel.persons.rejected import erase_rejected
from prohandel.persons.tables import Found, Tables, check_covered
from prohandel.persons.text import erase_texts


@dataclass(frozen=True)
class Erasure:
    """A customer who was erased.

    Attributes:
        number: of the erasure.
        at: when.
        rows: deleted or emptied, by table.
        others: columns of other people's schemas that may hold the customer as well.
    """

    number: int
    at: datetime
    rows: dict[str, int]
    others: tuple[str, ...]


def count(conn: psycopg.Connection, tables: Tables, person: Person) -> dict[str, int]:
    """How many rows each table holds about a customer; tables without any are left out."""
    found = {}
    for table in tables.about_customers:
        condition = of_person(table, person)
        if condition is not None:
            query = sql.SQL("select count(*) from {} where {}").format(table.identifier, condition)
            row = conn.execute(query).fetchone()
            if row and row[0]:
                found[str(table)] = int(row[0])
    return found


def erase(conn: psycopg.Connection, tables: Tables, person: Person, places: erasures.Places, reference: str) -> Erasure:
    """Erases a customer and notes it; all or nothing.

    Args:
        conn: in autocommit, with the key that hides customers, as a user who may write to all tables.
        tables: of the warehouse.
        person: whom to erase.
        places: where erasures are noted and changes counted.
        reference: of the request, such as the number of a ticket; nothing that names the customer.

    Raises:
        ProhandelError: a table about customers is unknown, or nothing is held about this one. Nothing has changed then.
    """
    check_covered(tables)
    names = [person.number, *person.ids, *person.texts]
    if any(name.lower() in reference.lower() for name in names):
        raise ProhandelError(
            "The reference names the customer, and it is kept.", "Give the number of the request, or leave it out."
        )
    rows: dict[str, int] = {}
    with conn.transaction():
        change = places.next_change(conn)
        salt = secrets.token_hex(16)
        for table in tables.about_customers:
            condition = of_person(table, person)
            if condition is None or table.held is None:
                continue
            treat = _TREATMENTS[_treatment(table, table.held)]
            rows[str(table)] = treat(conn, table, person, _Context(condition, salt, change))
        for table in tables.rejected:
            rows[str(table)] = erase_rejected(conn, table, person, salt)
        for place, number in erase_texts(conn, tables, person).items():
            rows[place] = rows.get(place, 0) + number
        rows = {place: number for place, number in rows.items() if number}
        if not rows:
            raise ProhandelError(
                "The warehouse holds nothing about that customer.",
                "Check the number; `prohandel disclose` shows what is held. Nothing was changed.",
            )
        noted = erasures.note(conn, places, person, reference, rows)
    return Erasure(noted.number, noted.at, rows, tables.others)


@dataclass(frozen=True)
class _Context:
    """What all treatments need.

    Attributes:
        condition: that a row is about the customer.
        salt: known to nobody once the erasure has ended; makes hashes of rows that nobody can try values against.
        change: number of the change, for what is built from the rows; None where nothing was built yet.
    """

    condition: sql.Composed
    salt: str
    change: int | None


def _treatment(table: Found, one: Held) -> str:
    """What publishing keeps of a table (its name has more in it) has no walk-in trade to add to."""
    return "delete" if table.name != table.origin and one.treatment != "detach" else one.treatment


def _delete(conn: psycopg.Connection, table: Found, _: Person, context: _Context) -> int:
    return conn.execute(sql.SQL("delete from {} where {}").format(table.identifier, context.condition)).rowcount


def _detach(conn: psycopg.Connection, table: Found, person: Person, context: _Context) -> int:
    one = table.held
    if one is None:
        return 0
    emptied: list[tuple[str, sql.Composable]] = []
    for name, kind in table.columns.items():
        column = sql.Identifier(name)
        if name in one.pointers:
            is_named = sql.SQL("{} = any({})").format(
                cleaned(column, kind), sql.Literal(person.values(one.pointers[name], table))
            )
            emptied.append((name, sql.SQL("case when {} then null else {} end").format(is_named, column)))
        elif NAMED_AFTER_A_CUSTOMER.search(name):
            emptied.append((name, sql.SQL("null")))
        elif name == one.landed_as:
            emptied.append((name, without_customer(column)))
        elif name in one.hashes:
            emptied.append((name, sql.SQL("md5({} || {})").format(sql.Literal(context.salt), column)))
        elif name == one.row_name:
            emptied.append((name, renamed(column, person, context.salt)))
        elif name == "change_number" and context.change is not None:
            emptied.append((name, sql.Literal(context.change)))
    return conn.execute(
        sql.SQL("update {} set {} where {}").format(
            table.identifier,
            sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in emptied),
            context.condition,
        )
    ).rowcount


def without_customer(column: sql.Composable) -> sql.Composed:
    """A row as it landed, as JSON, with nothing in the columns that are named after the customer."""
    return sql.SQL(
        """
        (
            select jsonb_object_agg(field.key, case when field.key ~ {} then 'null'::jsonb else field.value end)
            from jsonb_each({}) as field
        )
        """
    ).format(sql.Literal(NAMED_AFTER_A_CUSTOMER.pattern), column)


def renamed(column: sql.Composable, person: Person, salt: str) -> sql.Composed:
    """The name of a row; one that landed without an id is named by its hash, and gets another."""
    start = f"{person.prefix}row "
    return sql.SQL("case when starts_with({0}, {1}) then {1} || md5({2} || {0}) else {0} end").format(
        column, sql.Literal(start), sql.Literal(salt)
    )


def _merge(conn: psycopg.Connection, table: Found, _: Person, context: _Context) -> int:
    """Sums of a month go to the walk-in trade; the next run counts receipts that both share once."""
    merged = conn.execute(
        sql.SQL(
            """
            with gone as (delete from {table} where {condition} returning *),
            counted as (
                insert into {table} as held (
                    month_start_date, branch_number, customer_key, first_demand_on, receipts, net_revenue
                )
                select
                    month_start_date, branch_number, 'walk_in', min(first_demand_on), sum(receipts), sum(net_revenue)
                from gone
                group by month_start_date, branch_number
                on conflict (month_start_date, branch_number, customer_key) do update set
                    first_demand_on = least(held.first_demand_on, excluded.first_demand_on),
                    receipts = held.receipts + excluded.receipts,
                    net_revenue = held.net_revenue + excluded.net_revenue
            )
            select count(*) from gone
            """
        ).format(table=table.identifier, condition=context.condition)
    ).fetchone()
    return int(merged[0]) if merged else 0


def _lone(conn: psycopg.Connection, table: Found, person: Person, context: _Context) -> int:
    """A receipt that one customer is left on is shared no more."""
    return conn.execute(
        sql.SQL(
            """
            delete from {table} as held
            using (
                select
                    date_day, branch_number, receipt_number,
                    count(*) filter (where customer_key <> all({keys})) as others
                from {table}
                group by date_day, branch_number, receipt_number
                having bool_or({condition})
            ) as receipts
            where
                held.date_day = receipts.date_day
                and held.branch_number = receipts.branch_number
                and held.receipt_number = receipts.receipt_number
                and (held.customer_key = any({keys}) or receipts.others = 1)
            """
        ).format(table=table.identifier, condition=context.condition, keys=sql.Literal(list(person.keys)))
    ).rowcount


_TREATMENTS: dict[str, Callable[[psycopg.Connection, Found, Person, _Context], int]] = {
    "delete": _delete,
    "detach": _detach,
    "merge": _merge,
    "lone": _lone,
}


def clean_up(conn: psycopg.Connection, tables: Tables, touched: Sequence[str]) -> None:
    """Frees what deleted rows took up, and draws statistics anew: they hold samples of columns, names among them.

    Args:
        conn: in autocommit.
        tables: of the warehouse.
        touched: tables that were written to.
    """
    for table in tables.all:
        if str(table) in touched:
            conn.execute(sql.SQL("vacuum (analyze) {}").format(table.identifier))
