"""Tables of a PostgreSQL database as text frames."""

from __future__ import annotations

import io

import pandas as pd
import psycopg
from psycopg import sql

_NULL = "\x02null\x02"
_SPELLING = """
    set local time zone 'UTC';
    set local datestyle to 'ISO';
    set local intervalstyle to 'iso_8601';
    set local extra_float_digits to 1;
    set local client_encoding to 'UTF8'
"""


def columns_of(conn: psycopg.Connection, schema: str, table: str) -> list[str]:
    """The columns of a relation in their order; empty where it does not exist."""
    rows = conn.execute(
        "select a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relname = %s and a.attnum > 0 and not a.attisdropped order by a.attnum",
        (schema, table),
    ).fetchall()
    return [str(row[0]) for row in rows]


def read_table(conn: psycopg.Connection, schema: str, table: str, columns: list[str] | None = None) -> pd.DataFrame:
    """A relation with every value as text, timestamps with zone in UTC; null where null.

    Args:
        columns: the columns to read; all where None.
    """
    names = columns if columns is not None else columns_of(conn, schema, table)
    query = sql.SQL("copy (select {} from {}) to stdout with (format csv, header, null {})").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(schema, table), sql.Literal(_NULL)
    )
    buffer = io.BytesIO()
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute(_SPELLING)
        with cursor.copy(query) as copy:
            for chunk in copy:
                buffer.write(chunk)
    buffer.seek(0)
    return pd.read_csv(buffer, dtype=str, na_values=[_NULL], keep_default_na=False)
