"""What has landed: tables, columns, and whether a run can begin with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.landing.tables import LANDED_TABLES, LandedTable

# A schema with this many tables of landed names is taken for a landing.
_TABLES_OF_A_LANDING = 2


@dataclass(frozen=True)
class FoundTable:
    """A table of the landing schema.

    Attributes:
        schema: where it lies.
        name: as landed.
        columns: type by column name, in the table's order.
        is_readable: may the current user select from it?
    """

    schema: str
    name: str
    columns: dict[str, str]
    is_readable: bool

    @property
    def identifier(self) -> sql.Identifier:
        """Quoted, because `order` is a reserved word."""
        return sql.Identifier(self.schema, self.name)


def landing_schemas(variables: Mapping[str, Any]) -> list[str]:
    """The schemas that the variables name: several for several tenants, else one."""
    return list(variables.get("prohandel_schemas") or []) or [variables["prohandel_schema"]]


def find_tables(conn: psycopg.Connection, schema: str) -> dict[str, FoundTable]:
    """Every table and view of a schema by name, those of no use to this project too."""
    rows = conn.execute(
        """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), has_table_privilege(c.oid, 'select')
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        left join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
        where n.nspname = %s and c.relkind in ('r', 'v', 'm', 'f', 'p')
        order by c.relname, a.attnum
        """,
        [schema],
    ).fetchall()
    found: dict[str, FoundTable] = {}
    for table, column, kind, is_readable in rows:
        entry = found.setdefault(table, FoundTable(schema, table, {}, is_readable))
        if column is not None:
            entry.columns[column] = kind
    return found


def check_landing(conn: psycopg.Connection, variables: Mapping[str, Any]) -> list[str]:
    """Refuses a landing that a run could only fail on, before anything is built: marts keep their last good content.

    Returns:
        What is odd and no reason to stop: optional tables without rows.

    Raises:
        ProhandelError: names every missing schema, table or essential column, every table that is not optional and has
            no rows, and the variable that leaves a table out.
    """
    problems: list[str] = []
    notes: list[str] = []
    for schema in landing_schemas(variables):
        found = find_tables(conn, schema)
        if not found:
            problems.append(_missing_schema(conn, schema))
            continue
        for table in LANDED_TABLES.values():
            if not variables.get(table.using_variable, not table.optional):
                continue
            here = found.get(table.name)
            wrong = _problem_of(schema, table, here)
            if wrong is None and here is not None and not has_rows(conn, here):
                wrong = f"{schema}.{table.name}: has no rows; sync it again, or set {table.using_variable}: false"
                if table.optional:
                    notes.append(wrong)
                    wrong = None
            problems += [wrong] if wrong else []
    if problems:
        raise ProhandelError(
            "The landed tables are not ready:\n" + "\n".join(f"  {problem}" for problem in problems),
            "`prohandel doctor` shows what has landed and prints the variables that fit it.",
        )
    return notes


def _missing_schema(conn: psycopg.Connection, schema: str) -> str:
    landings = schemas_with_landings(conn)
    close = get_close_matches(schema, landings, n=1) or landings[:1]
    hint = f"did you mean prohandel_schema: {close[0]}?" if close else "set prohandel_schema to where Fivetran writes."
    exists = conn.execute("select from pg_namespace where nspname = %s", [schema]).fetchone()
    return f"schema {schema}: {'it has no table' if exists else 'there is none of that name'}; {hint}"


def schemas_with_landings(conn: psycopg.Connection) -> list[str]:
    """Schemas that hold tables of landed names, those with the most first."""
    rows = conn.execute(
        """
        select n.nspname
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where c.relname = any(%s) and c.relkind in ('r', 'v', 'm', 'f', 'p')
        group by n.nspname
        having count(*) >= %s
        order by count(*) desc, n.nspname
        """,
        [list(LANDED_TABLES), _TABLES_OF_A_LANDING],
    ).fetchall()
    return [name for (name,) in rows]


def _problem_of(schema: str, table: LandedTable, found: FoundTable | None) -> str | None:
    name = f"{schema}.{table.name}"
    leave_out = f"or set {table.using_variable}: false"
    if found is None:
        return f"{name}: not landed; sync it, {leave_out}"
    if not found.is_readable:
        return f"{name}: this user may not read it; grant select on it, {leave_out}"
    missing = [
        " or ".join(column.names)
        for column in table.columns
        if (column.essential or column.name in table.primary_key) and not set(column.names) & found.columns.keys()
    ]
    if missing:
        return f"{name}: no column {', no column '.join(missing)}; add it to the sync, {leave_out}"
    return None


def has_rows(conn: psycopg.Connection, table: FoundTable) -> bool:
    """Is there at least one row?"""
    row = conn.execute(sql.SQL("select exists(select from {})").format(table.identifier)).fetchone()
    return bool(row and row[0])


def landed_tables(found: Mapping[str, FoundTable]) -> Sequence[LandedTable]:
    """The tables of the catalogue that are there."""
    return [table for table in LANDED_TABLES.values() if table.name in found]
