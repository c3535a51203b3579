"""Tables of a warehouse, and those of them that are about customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.persons.registry import LAYERS, REJECTED, Held, held, is_open, origin
from prohandel.pipeline.target import Target


@dataclass(frozen=True)
class Found:
    """A table that is there.

    Attributes:
        schema: that it lies in.
        name: its name.
        layer: of the table that it is, or is a copy of.
        origin: that table's name.
        columns: types by name.
    """

    schema: str
    name: str
    layer: str
    origin: str
    columns: dict[str, str]

    @property
    def identifier(self) -> sql.Identifier:
        """Quoted, because `order` is a reserved word."""
        return sql.Identifier(self.schema, self.name)

    @property
    def held(self) -> Held | None:
        """What it holds about customers, by the registry."""
        return held(self.layer, self.origin)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Tables:
    """The tables of a warehouse.

    Attributes:
        all: of the landed schemas and the project's own.
        others: columns of other schemas that are named like one about a customer, as schema.table.column.
    """

    all: tuple[Found, ...]
    others: tuple[str, ...]

    @property
    def about_customers(self) -> list[Found]:
        """Those that the registry knows, in the order in which they are erased."""
        return [one for one in self.all if one.held is not None]

    @property
    def rejected(self) -> list[Found]:
        """The rows that staging does not take."""
        return [one for one in self.all if (one.layer, one.name) == ("quality", REJECTED)]


def find_tables(conn: psycopg.Connection, target: Target, landed: Sequence[str]) -> Tables:
    """The tables of a target.

    Args:
        conn: to it.
        target: whose schemas count as the project's.
        landed: schemas that Fivetran writes to.
    """
    schemas = {target.schema_of(layer): layer for layer in LAYERS} | dict.fromkeys(landed, "landed")
    found: dict[tuple[str, str], Found] = {}
    others = []
    for schema, table, column, kind in conn.execute(_COLUMNS).fetchall():
        if schema not in schemas:
            if is_open("", "", column):
                others.append(f"{schema}.{table}.{column}")
            continue
        if (schema, table) not in found:
            found[schema, table] = Found(schema, table, *origin(schemas[schema], table, schemas), columns={})
        found[schema, table].columns[column] = kind
    return Tables(tuple(found.values()), tuple(others))


_COLUMNS = """
    select namespaces.nspname, classes.relname, attributes.attname, format_type(attributes.atttypid, null)
    from pg_class as classes
    inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
    inner join pg_attribute as attributes
        on classes.oid = attributes.attrelid and attributes.attnum > 0 and not attributes.attisdropped
    where
        classes.relkind in ('r', 'p', 'm')
        and namespaces.nspname !~ '^(pg_|information_schema$)'
    order by namespaces.nspname, classes.relname, attributes.attnum
"""


def uncovered(tables: Tables) -> list[str]:
    """Columns that may be about a customer and that the registry does not know, as schema.table.column."""
    return [f"{one}.{column}" for one in tables.all for column in one.columns if is_open(one.layer, one.origin, column)]


def check_covered(tables: Tables) -> None:
    """Refuses a warehouse in which something would be left.

    Raises:
        ProhandelError: names the columns.
    """
    found = uncovered(tables)
    if found:
        raise ProhandelError(
            f"These columns may be about a customer, and nothing says what becomes of them: {', '.join(found)}.",
            "Say so in prohandel/persons/registry.py (HELD, or NO_PERSON where they are about nobody), or drop the "
            "table. Nothing was changed.",
        )
