"""Upserts batches of rows the way Fivetran does.

What is copied from Fivetran: a row is replaced whole by its primary key (a column that a later row lacks becomes
null), columns appear when they are first seen, a column widens as soon as one value does not fit it, deletes are
soft, and every row says when it was synced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.landing.tables import DELETED, HISTORY_END, SYNCED, landed_table

_BATCH = "_prohandel_batch"
_KEYS = "_prohandel_keys"
_LARGEST_EXACT_DOUBLE = 2**53
_COPY_ROWS = 100_000
_ANALYZE_ROWS = 10_000

_INTEGERS = ("bigint", "integer", "smallint")
_SYNONYMS = {
    "character varying": "text",
    "character": "text",
    "real": "double precision",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}
_NUMBERS = ("bigint", "double precision", "numeric")
_LOCAL_TIMES = ("date", "timestamp")


@dataclass(frozen=True)
class Batch:
    """Rows of one landed table as one sync delivers them.

    Attributes:
        table: landed table name, e.g. "sale".
        rows: snake_case columns of scalar types. May bring `_fivetran_*` columns of its own; where it brings no
            `_fivetran_synced`, `synced_at` is used.
        synced_at: time of the sync, with a time zone.
        deleted_keys: the primary key columns of rows to delete softly; they are applied after `rows`.
    """

    table: str
    rows: pl.DataFrame
    synced_at: datetime
    deleted_keys: pl.DataFrame | None = None


@dataclass(frozen=True)
class UpsertCounts:
    """What an upsert did, in rows of the landed table."""

    inserted: int
    updated: int
    soft_deleted: int


def upsert(
    conn: psycopg.Connection,
    schema: str,
    batch: Batch,
    *,
    primary_key: tuple[str, ...] | None = None,
    delete_missing: bool = False,
) -> UpsertCounts:
    """Upserts one batch, in a transaction of its own or within the caller's.

    Args:
        conn: connection to the warehouse; its time zone, date style and locale do not matter.
        schema: landed schema; created if it is missing.
        batch: the rows; where a key occurs twice, the last row wins.
        primary_key: columns to upsert by; by default those of the landed table, or of the catalogue where there is
            none yet.
        delete_missing: deletes softly every row whose key is not in the batch.

    Raises:
        ProhandelError: a key column is missing or null, a column has no scalar type, or the table cannot be
            changed as the batch needs it.
    """
    if batch.synced_at.tzinfo is None:
        raise ValueError("Batch.synced_at needs a time zone")
    with conn.transaction():
        _lock(conn, schema, batch.table)
        key = primary_key or landed_primary_key(conn, schema, batch.table) or landed_table(batch.table).primary_key
        rows = _prepared(batch, key)
        if not (existing := column_types(conn, schema, batch.table)):
            return _first_load(conn, schema, batch, rows, key)
        _copy_to_temporary(conn, _BATCH, rows)
        types = _fit_columns(conn, schema, batch.table, existing, _BATCH, frame_types(rows))
        inserted, updated = _merge(conn, schema, batch.table, rows.columns, types, key)
        deleted = 0
        if delete_missing:
            deleted += _delete_softly(conn, schema, batch, key, types, _BATCH, present=False)
        deleted += _apply_deletes(conn, schema, batch, key, types)
        _drop_temporary(conn, _BATCH)
    return UpsertCounts(inserted, updated, deleted)


def column_types(conn: psycopg.Connection, schema: str, table: str) -> dict[str, str]:
    """Columns of a table and their types, in order; empty where there is no such table."""
    rows = conn.execute(
        """
        select attname, format_type(atttypid, null)
        from pg_attribute
        where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
        order by attnum
        """,
        [f"{_quoted(schema)}.{_quoted(table)}"],
    ).fetchall()
    return {name: _SYNONYMS.get(str(type_name), str(type_name)) for name, type_name in rows}


def landed_primary_key(conn: psycopg.Connection, schema: str, table: str) -> tuple[str, ...]:
    """The primary key of a table; empty where it has none or there is no such table."""
    rows = conn.execute(
        """
        select attname
        from pg_index
        cross join lateral unnest(indkey::smallint[]) with ordinality as part (attnum, position)
        inner join pg_attribute on attrelid = indrelid and pg_attribute.attnum = part.attnum
        where indrelid = to_regclass(%s) and indisprimary
        order by position
        """,
        [f"{_quoted(schema)}.{_quoted(table)}"],
    ).fetchall()
    return tuple(name for (name,) in rows)


def frame_types(rows: pl.DataFrame) -> dict[str, str]:
    """The PostgreSQL type that each column of a frame lands as.

    Raises:
        ProhandelError: a column holds lists, structs or bytes.
    """
    return {name: _postgres_type(name, dtype) for name, dtype in rows.schema.items()}


def wider_type(first: str, second: str) -> str:
    """The narrowest landed type that holds the values of both."""
    if first == second:
        return first
    if first in _INTEGERS and second in _INTEGERS:
        return "bigint"
    first, second = (_wide_integer(name) for name in (first, second))
    for ladder in (_NUMBERS, _LOCAL_TIMES):
        if first in ladder and second in ladder:
            return ladder[max(ladder.index(first), ladder.index(second))]
    # A time without a zone is no instant, and none may be made up for it: both stay readable as text.
    return "text"


def _wide_integer(type_name: str) -> str:
    return "bigint" if type_name in _INTEGERS else type_name


def _postgres_type(name: str, dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return "timestamptz" if dtype.time_zone else "timestamp"
    if dtype.is_integer():
        return "numeric" if dtype in (pl.UInt64, pl.Int128, pl.UInt128) else "bigint"
    if dtype.is_float():
        return "double precision"
    if dtype.is_decimal():
        return "numeric"
    if dtype in (pl.Boolean, pl.Date):
        return "boolean" if dtype == pl.Boolean else "date"
    if dtype in (pl.String, pl.Null, pl.Time, pl.Categorical, pl.Enum):
        return "text"
    raise ProhandelError(
        f"Column '{name}' holds values of type {dtype}, which Fivetran would land as JSON.",
        "Flatten it to plain columns before landing.",
    )


def _prepared(batch: Batch, key: tuple[str, ...]) -> pl.DataFrame:
    """The rows with their sync columns, one row per key, instants in UTC."""
    rows = batch.rows
    if missing := [name for name in key if name not in rows.columns]:
        raise ProhandelError(
            f"Rows for '{batch.table}' lack the key column{'s' * (len(missing) > 1)} {', '.join(missing)}.",
            f"The primary key of '{batch.table}' is {', '.join(key)}; columns found: {', '.join(rows.columns)}.",
        )
    synced = pl.lit(batch.synced_at).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    rows = rows.with_columns(
        pl.col(SYNCED).fill_null(synced) if SYNCED in rows.columns else synced.alias(SYNCED),
        pl.col(DELETED).fill_null(False) if DELETED in rows.columns else pl.lit(False).alias(DELETED),
    ).with_columns(
        *(
            pl.col(name).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
            for name, dtype in rows.schema.items()
            if isinstance(dtype, pl.Datetime) and dtype.time_zone
        )
    )
    for name in key:
        if nulls := rows[name].null_count():
            raise ProhandelError(
                f"{nulls} row{'s' * (nulls > 1)} for '{batch.table}' have no value in the key column '{name}'.",
                f"Every row needs its key ({', '.join(key)}).",
            )
    return rows.unique(subset=list(key), keep="last", maintain_order=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _lock(conn: psycopg.Connection, schema: str, table: str) -> None:
    # Two landings at once would both see a missing schema, table or column and both create it.
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"prohandel.land.{schema}.{table}"])


def _definitions(types: dict[str, str]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_name)) for name, type_name in types.items()
    )


def _copy(conn: psycopg.Connection, target: sql.Composable, rows: pl.DataFrame) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    statement = sql.SQL("copy {} ({}) from stdin with (format csv)").format(target, columns)
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for part in rows.iter_slices(_COPY_ROWS):
            copy.write(part.write_csv(include_header=False))


def _copy_to_temporary(conn: psycopg.Connection, name: str, rows: pl.DataFrame) -> None:
    _drop_temporary(conn, name)
    conn.execute(
        sql.SQL("create temporary table {} ({}) on commit drop").format(
            sql.Identifier(name), _definitions(frame_types(rows))
        )
    )
    _copy(conn, sql.Identifier(name), rows)
    conn.execute(sql.SQL("analyze {}").format(sql.Identifier(name)))


def _drop_temporary(conn: psycopg.Connection, name: str) -> None:
    conn.execute(sql.SQL("drop table if exists pg_temp.{}").format(sql.Identifier(name)))


def _first_load(
    conn: psycopg.Connection, schema: str, batch: Batch, rows: pl.DataFrame, key: tuple[str, ...]
) -> UpsertCounts:
    """Creates the table and copies the rows straight into it; the key's index is built once, afterwards."""
    target = sql.Identifier(schema, batch.table)
    types = frame_types(rows)
    conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    conn.execute(sql.SQL("create table {} ({})").format(target, _definitions(types)))
    _copy(conn, target, rows)
    conn.execute(
        sql.SQL("alter table {} add primary key ({})").format(target, sql.SQL(", ").join(map(sql.Identifier, key)))
    )
    index_sync_times(conn, schema, batch.table)
    if rows.height > _ANALYZE_ROWS:
        # A run that follows at once would otherwise be planned before autovacuum has looked.
        conn.execute(sql.SQL("analyze {}").format(target))
    deleted = _apply_deletes(conn, schema, batch, key, types)
    return UpsertCounts(rows.height, 0, deleted)


def index_sync_times(conn: psycopg.Connection, schema: str, table: str) -> None:
    """Indexes the times by which an hourly run finds the rows that are new to it, where they land as times."""
    types = column_types(conn, schema, table)
    for name in (SYNCED, HISTORY_END):
        if types.get(name) == "timestamptz":
            conn.execute(
                sql.SQL("create index if not exists {} on {} ({})").format(
                    sql.Identifier(f"{table}_{name.strip('_')}"), sql.Identifier(schema, table), sql.Identifier(name)
                )
            )


def _fit_columns(
    conn: psycopg.Connection,
    schema: str,
    table: str,
    existing: dict[str, str],
    source: str,
    incoming: dict[str, str],
) -> dict[str, str]:
    """Adds and widens columns of the landed table until the incoming ones fit; returns its types."""
    types = dict(existing)
    target = sql.Identifier(schema, table)
    changes: list[sql.Composed] = []
    for name, type_name in incoming.items():
        column = sql.Identifier(name)
        if name not in existing:
            types[name] = type_name
            changes.append(sql.SQL("add column {} {}").format(column, sql.SQL(type_name)))
            continue
        wide = wider_type(existing[name], type_name)
        if wide == "double precision":
            wide = _number_type(conn, name, ((target, existing[name]), (sql.Identifier(source), type_name)))
        if wide != existing[name]:
            types[name] = wide
            changes.append(
                sql.SQL("alter column {} type {} using {}").format(
                    column, sql.SQL(wide), _converted(column, existing[name], wide)
                )
            )
    if changes:
        try:
            conn.execute(sql.SQL("alter table {} {}").format(target, sql.SQL(", ").join(changes)))
        except psycopg.errors.FeatureNotSupported as error:
            raise ProhandelError(
                f"Table '{schema}.{table}' has to widen a column that a view reads: {error.diag.message_detail}.",
                "Drop that view, land again and create the view anew; models of this project never read so.",
            ) from error
    return types


def _number_type(conn: psycopg.Connection, name: str, sources: Iterable[tuple[sql.Identifier, str]]) -> str:
    """Double precision, or numeric where a whole number is too large for a double to hold exactly."""
    for source, type_name in sources:
        if type_name == "bigint":
            too_large = conn.execute(
                sql.SQL("select exists (select from {} where {} not between {} and {})").format(
                    source, sql.Identifier(name), -_LARGEST_EXACT_DOUBLE, _LARGEST_EXACT_DOUBLE
                )
            ).fetchone()
            if too_large and too_large[0]:
                return "numeric"
    return "double precision"


def _converted(column: sql.Composable, old: str, new: str) -> sql.Composed:
    """A column in a wider type, by expressions that no setting of the session can change."""
    if old == new:
        form = "{}"
    elif new == "text" and old == "timestamptz":
        form = "(to_jsonb({} at time zone 'UTC') #>> '{{}}') || 'Z'"
    elif new == "text" and old in _LOCAL_TIMES:
        form = "to_jsonb({}) #>> '{{}}'"
    elif new == "numeric" and old == "double precision":
        # The direct cast keeps 15 digits only; the text form is the shortest that is exact.
        form = "cast(cast({} as text) as numeric)"
    else:
        return sql.SQL("cast({} as {})").format(column, sql.SQL(new))
    return sql.SQL(form).format(column)


def _merge(
    conn: psycopg.Connection,
    schema: str,
    table: str,
    columns: Sequence[str],
    types: dict[str, str],
    key: tuple[str, ...],
) -> tuple[int, int]:
    incoming = column_types(conn, "pg_temp", _BATCH)
    values = [
        _converted(sql.Identifier(name), incoming[name], types[name]) if name in columns else sql.SQL("null")
        for name in types
    ]
    replaced = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in types if name not in key]
    ((inserted, updated),) = conn.execute(
        sql.SQL(
            """
            with merged as (
                insert into {target} ({names})
                select {values} from {batch}
                on conflict ({key}) do update set {replaced}
                returning (xmax = 0) as is_new
            )
            select count(*) filter (where is_new), count(*) filter (where not is_new) from merged
            """
        ).format(
            target=sql.Identifier(schema, table),
            names=sql.SQL(", ").join(map(sql.Identifier, types)),
            values=sql.SQL(", ").join(values),
            batch=sql.Identifier(_BATCH),
            key=sql.SQL(", ").join(map(sql.Identifier, key)),
            replaced=sql.SQL(", ").join(replaced),
        )
    ).fetchall()
    return inserted, updated


def _apply_deletes(
    conn: psycopg.Connection, schema: str, batch: Batch, key: tuple[str, ...], types: dict[str, str]
) -> int:
    if batch.deleted_keys is None or batch.deleted_keys.is_empty():
        return 0
    _copy_to_temporary(conn, _KEYS, batch.deleted_keys.select(key).unique())
    deleted = _delete_softly(conn, schema, batch, key, types, _KEYS, present=True)
    _drop_temporary(conn, _KEYS)
    return deleted


def _delete_softly(
    conn: psycopg.Connection,
    schema: str,
    batch: Batch,
    key: tuple[str, ...],
    types: dict[str, str],
    source: str,
    *,
    present: bool,
) -> int:
    """Marks the rows whose key is (or is not) in a temporary table; rows deleted before stay as they are."""
    incoming = column_types(conn, "pg_temp", source)
    same_key = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(
            _converted(sql.Identifier("landed", name), types[name], wider_type(types[name], incoming[name])),
            _converted(sql.Identifier("given", name), incoming[name], wider_type(types[name], incoming[name])),
        )
        for name in key
    )
    return conn.execute(
        sql.SQL(
            """
            update {target} as landed set {deleted} = true, {synced} = %s
            where not coalesce({deleted}, false)
                and {negation} exists (select from {source} as given where {same_key})
            """
        ).format(
            target=sql.Identifier(schema, batch.table),
            deleted=sql.Identifier(DELETED),
            synced=sql.Identifier(SYNCED),
            negation=sql.SQL("" if present else "not"),
            source=sql.Identifier(source),
            same_key=same_key,
        ),
        [batch.synced_at],
    ).rowcount
