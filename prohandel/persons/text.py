"""Texts that may quote a customer: messages of tests and alerts, notes, samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from prohandel.persons.person import Person
from prohandel.persons.registry import FREE_TEXT, REJECTED
from prohandel.persons.tables import Found, Tables

ERASED = "(erased)"
_TEXTS = ("text", "character varying", "character")
_OTHERS = ("json", "jsonb", "text[]")


def pattern(person: Person) -> str:
    """A regular expression, for Python and PostgreSQL alike, of all that reaches or names a person, as a whole word."""
    names = {person.number, *person.ids, *person.keys, *person.texts}
    listed = "|".join(_literally(name) for name in sorted(names, key=len, reverse=True))
    return rf"(?<!\w)(?:{listed})(?!\w)"


def _literally(name: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", name)


def _columns(tables: Tables) -> Iterator[tuple[Found, str, str]]:
    """Columns of free text: table, name, type."""
    for table in tables.all:
        if table.layer not in FREE_TEXT or table.held is not None or table.name == REJECTED:
            continue
        for column, kind in table.columns.items():
            if kind in (*_TEXTS, *_OTHERS):
                yield table, column, kind


def erase_texts(conn: psycopg.Connection, tables: Tables, person: Person) -> dict[str, int]:
    """Puts (erased) in the place of a person's names in all free texts; returns how many rows of each table had any.

    Columns of keys are left alone: they are made of tables, branches and hashes.
    """
    found: dict[str, int] = {}
    sought = pattern(person)
    for table, column, kind in _columns(tables):
        if column in _key_columns(conn, table):
            continue
        name = sql.Identifier(column)
        if kind in _TEXTS:
            count = conn.execute(
                sql.SQL("update {0} set {1} = regexp_replace({1}, {2}, {3}, 'gi') where {1} ~* {2}").format(
                    table.identifier, name, sql.Literal(sought), sql.Literal(ERASED)
                )
            ).rowcount
        else:
            count = _erase_structured(conn, table, name, kind, sought)
        if count:
            found[str(table)] = found.get(str(table), 0) + count
    return found


def _erase_structured(conn: psycopg.Connection, table: Found, column: sql.Identifier, kind: str, sought: str) -> int:
    """The same for JSON and lists, in which a number must not become a word out of quotes."""
    rows = conn.execute(
        sql.SQL("select ctid::text, to_jsonb({1}) from {0} where {1}::text ~* {2} for update").format(
            table.identifier, column, sql.Literal(sought)
        )
    ).fetchall()
    expression = re.compile(sought, re.IGNORECASE)
    for place, content in rows:
        clean = without(content, expression)
        value: Any = clean if kind == "text[]" else json.dumps(clean, ensure_ascii=False)
        conn.execute(
            sql.SQL("update {} set {} = %s::{} where ctid = %s::tid").format(
                table.identifier,
                column,
                sql.SQL(kind),
            ),
            [value, place],
        )
    return len(rows)


def without(content: Any, sought: re.Pattern[str]) -> Any:
    """JSON content without what is sought, names of fields included."""
    if isinstance(content, str):
        return sought.sub(ERASED, content)
    if isinstance(content, bool) or content is None:
        return content
    if isinstance(content, int | float):
        return ERASED if sought.fullmatch(str(content)) else content
    if isinstance(content, list):
        return [without(one, sought) for one in content]
    return {sought.sub(ERASED, name): without(value, sought) for name, value in content.items()}


def texts_about(conn: psycopg.Connection, tables: Tables, person: Person) -> dict[str, list[str]]:
    """The texts that quote a person, by schema.table.column."""
    found: dict[str, list[str]] = {}
    for table, column, _ in _columns(tables):
        rows = conn.execute(
            sql.SQL("select {1}::text from {0} where {1}::text ~* {2}").format(
                table.identifier, sql.Identifier(column), sql.Literal(pattern(person))
            )
        ).fetchall()
        if rows:
            found[f"{table}.{column}"] = [row[0] for row in rows]
    return found


def _key_columns(conn: psycopg.Connection, table: Found) -> set[str]:
    rows = conn.execute(
        """
        select attributes.attname
        from pg_index as indexes
        inner join pg_attribute as attributes
            on indexes.indrelid = attributes.attrelid and attributes.attnum = any(indexes.indkey)
        where indexes.indrelid = to_regclass(%s) and indexes.indisunique
        """,
        [table.identifier.as_string(conn)],
    ).fetchall()
    return {row[0] for row in rows}
