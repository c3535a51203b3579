"""One customer: all the names by which the warehouse knows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.persons.registry import Pointer
from prohandel.persons.tables import Found, Tables

# Texts that reach one person; a town or a country is one of many.
_REACHES = ("name", "email", "phone", "address", "street", "full_address", "landed_full_address")
_SHORTEST = 5


@dataclass(frozen=True)
class Person:
    """A customer of one landing schema.

    Attributes:
        number: customer number, as landed.
        schemas: landed schemas that it is a number of.
        prefix: what stands before numbers and ids in the project's own schemas, where it has several tenants.
        ids: ProHandel's ids of the customer.
        references: names by which orders and receipts may call the customer: the number, and those ids that are no
            other customer's number.
        keys: the marts' keyed hashes of them.
        texts: that reach this person: name, address, e-mail, telephone.
    """

    number: str
    schemas: tuple[str, ...]
    prefix: str
    ids: tuple[str, ...]
    references: tuple[str, ...]
    keys: tuple[str, ...]
    texts: tuple[str, ...] = field(repr=False)

    def values(self, pointer: Pointer, table: Found) -> list[str]:
        """What a column of that kind holds where a row of the table is about this person."""
        if pointer == "key":
            return list(self.keys)
        prefix = "" if table.layer == "landed" else self.prefix
        named = {"id": self.ids, "number": (self.number,), "reference": self.references}[pointer]
        return [prefix + name for name in named]


def cleaned(column: sql.Composable, kind: str) -> sql.Composed:
    """A landed id or number as text, read as staging reads it: trimmed, never in scientific notation."""
    if kind in ("double precision", "real", "numeric"):
        return sql.SQL("case when {0} = trunc({0}::numeric) then trunc({0}::numeric)::text else {0}::text end").format(
            column
        )
    return sql.SQL("btrim({}::text, E' \\t\\n\\r\\f\\v\\u00a0')").format(column)


def find_person(conn: psycopg.Connection, tables: Tables, number: str, landed: Sequence[str], tenants: int) -> Person:
    """The customer of that number.

    Args:
        conn: to the warehouse, with the key that hides customers.
        tables: of the warehouse.
        number: customer number, with several tenants behind the name of their landing schema: `shop_a/1000123`. An id
            does where no customer has that number.
        landed: schemas that Fivetran writes to.
        tenants: how many there are; 0 where numbers carry no schema in front.

    Raises:
        ProhandelError: the number says nothing about a person, or leaves open whose it is.
    """
    schemas, prefix = tuple(landed), ""
    if tenants:
        schema, slash, number = number.partition("/")
        if not slash or schema not in landed:
            raise ProhandelError(
                f"The number {schema} does not say whose customer it is.",
                f"Write the landing schema in front: {landed[0]}/{schema}. There are: {', '.join(landed)}.",
            )
        schemas, prefix = (schema,), f"{schema}/"
    number = number.strip()
    if not number.strip("0"):
        raise ProhandelError(
            f"The customer number '{number}' stands for walk-in trade and is nobody's.",
            "Name the customer's own number.",
        )
    masters = [
        one for one in tables.all
        if (one.layer, one.origin) in (("landed", "customer"), ("staging", "base_prohandel__customers"))
        and (one.layer != "landed" or one.schema in schemas)
    ]  # fmt: skip
    known = {pair for one in masters for pair in _names(conn, one, prefix)}
    if all(known_number != number for _, known_number in known):
        # An id, then: of a customer with a number, or of one without.
        number = next((of for id_, of in sorted(known, key=str) if id_ == number and of), number)
    numbers = {of for _, of in known if of}
    ids = {id_ for id_, of in known if id_ and (of == number or (not of and id_ == number))}
    references = {number, *(id_ for id_ in ids if id_ not in numbers)}
    found = Person(number, schemas, prefix, tuple(sorted(ids)), tuple(sorted(references)), (), ())
    return Person(
        number, schemas, prefix, found.ids, found.references, _keys(conn, prefix, found.references),
        _texts(conn, masters, found),
    )  # fmt: skip


def _names(conn: psycopg.Connection, table: Found, prefix: str) -> set[tuple[str | None, str | None]]:
    """Id and number of every customer of a table; without the prefix."""
    pointers = table.held.pointers if table.held else {}
    columns = {
        pointer: [name for name, of in pointers.items() if of == pointer and name in table.columns]
        for pointer in ("id", "number")
    }
    id_, number = (
        sql.SQL("coalesce({})").format(
            sql.SQL(", ").join(
                sql.SQL("nullif({}, '')").format(cleaned(sql.Identifier(name), table.columns[name])) for name in names
            )
        )
        if names
        else sql.SQL("null")
        for names in columns.values()
    )
    rows = conn.execute(sql.SQL("select {}, {} from {}").format(id_, number, table.identifier)).fetchall()
    cut = len(prefix) if table.layer != "landed" else 0
    return {
        (id_ and id_[cut:], number and number[cut:])
        for id_, number in rows
        if not cut or str(id_ or number).startswith(prefix)
    }


def _keys(conn: psycopg.Connection, prefix: str, references: Sequence[str]) -> tuple[str, ...]:
    return tuple(hashed(conn, ":", [prefix + name for name in references]))


def hashed(conn: psycopg.Connection, purpose: str, names: Sequence[str]) -> list[str]:
    """Keyed hashes of names; see macros/core/hash_personal.sql. The key comes with the connection.

    Args:
        conn: with the key that hides customers.
        purpose: stands between key and name, so that hashes of one purpose say nothing about those of another.
        names: in order.

    Raises:
        ProhandelError: the connection has no key.
    """
    row = conn.execute("select coalesce(current_setting('prohandel.hash_key', true), '') <> ''").fetchone()
    if row is None or not row[0]:
        raise ProhandelError(
            "The key that hides customers is not set.",
            "Set PROHANDEL_HASH_KEY to the key that the marts were built with.",
        )
    rows = conn.execute(
        """
        select encode(sha256(convert_to(current_setting('prohandel.hash_key') || %s || name, 'UTF8')), 'hex')
        from unnest(%s::text[]) with ordinality as names (name, place)
        order by place
        """,
        [purpose, list(names)],
    ).fetchall()
    return [row[0] for row in rows]


def of_person(table: Found, person: Person) -> sql.Composed | None:
    """The condition that a row of a table is about the person; None where the table has no column that says so."""
    one = table.held
    if one is None or (table.layer == "landed" and table.schema not in person.schemas):
        return None
    conditions = [
        sql.SQL("{} = any({})").format(
            cleaned(sql.Identifier(name), table.columns[name]), sql.Literal(person.values(pointer, table))
        )
        for name, pointer in one.pointers.items()
        if name in table.columns
    ]
    if not conditions:
        return None
    either = sql.SQL("({})").format(sql.SQL(" or ").join(conditions))
    return sql.SQL("{} and {}").format(either, sql.SQL(one.only)) if one.only else sql.SQL("{}").format(either)


def _texts(conn: psycopg.Connection, masters: Sequence[Found], person: Person) -> tuple[str, ...]:
    found: set[str] = set()
    for table in masters:
        condition = of_person(table, person)
        columns = [name for name in _REACHES if name in table.columns]
        parts = [name for name in ("first_name", "last_name") if name in table.columns]
        if condition is None or not (columns or parts):
            continue
        shown = [sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns]
        if parts:
            shown.append(sql.SQL("concat_ws(' ', {})").format(sql.SQL(", ").join(map(sql.Identifier, parts))))
        query = sql.SQL("select {} from {} where {}").format(sql.SQL(", ").join(shown), table.identifier, condition)
        found.update(str(value).strip() for row in conn.execute(query).fetchall() for value in row if value)
    return tuple(sorted(text for text in found if len(text) >= _SHORTEST))
