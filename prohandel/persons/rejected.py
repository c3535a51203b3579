"""Rows that staging does not take: quality.rejected_rows holds those of all tables, as they landed."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from prohandel.persons.person import Person
from prohandel.persons.registry import HELD, NAMED_AFTER_A_CUSTOMER, Pointer
from prohandel.persons.tables import Found


def about(person: Person) -> sql.Composed:
    """The condition that a rejected row is about the person."""
    either = [
        sql.SQL("(table_name = {} and ({}))").format(
            sql.Literal(one.table),
            sql.SQL(" or ").join(
                sql.SQL('btrim("row" ->> {}) = any({})').format(sql.Literal(name), sql.Literal(_names(person, pointer)))
                for name, pointer in one.pointers.items()
            ),
        )
        for one in HELD
        if one.layer == "landed"
    ]
    return sql.SQL("source_relation = any({}) and ({})").format(
        sql.Literal(list(person.schemas)), sql.SQL(" or ").join(either)
    )


def _names(person: Person, pointer: Pointer) -> list[str]:
    return {"id": list(person.ids), "number": [person.number]}.get(pointer, list(person.references))


def erase_rejected(conn: psycopg.Connection, table: Found, person: Person, salt: str) -> int:
    """Deletes a customer's rejected master data, and empties the customer in rejected orders and receipt lines."""
    whole = [one.table for one in HELD if one.layer == "landed" and one.treatment == "delete"]
    deleted = conn.execute(
        sql.SQL("delete from {} where table_name = any({}) and {}").format(
            table.identifier, sql.Literal(whole), about(person)
        )
    ).rowcount
    start = sql.Literal(f"{person.prefix}row ")
    emptied = conn.execute(
        sql.SQL(
            """
            update {table} set
                row_key = case
                    when starts_with(row_key, {start}) then {start} || md5({salt} || row_key) else row_key
                end,
                "row" = (
                    select jsonb_object_agg(
                        field.key, case when field.key ~ {named} then 'null'::jsonb else field.value end
                    )
                    from jsonb_each("row") as field
                )
            where {about}
            """
        ).format(
            table=table.identifier,
            start=start,
            salt=sql.Literal(salt),
            named=sql.Literal(NAMED_AFTER_A_CUSTOMER.pattern),
            about=about(person),
        )
    ).rowcount
    return deleted + emptied


def rejected_of(conn: psycopg.Connection, table: Found, person: Person) -> list[dict[str, Any]]:
    """The rejected rows about a customer."""
    query = sql.SQL("select to_jsonb(held) from {} as held where {}").format(table.identifier, about(person))
    return [row[0] for row in conn.execute(query).fetchall()]
