"""Which rows of a built table differ from what is published.

A table that is built anew in every run is compared whole. One that is built incrementally has triggers that note the
keys of the rows that a run writes, so that publishing costs what has changed. Noted keys stay until they are published:
a run that fails its tests leaves them to the next.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from prohandel.publication.relations import Schemas, Table

_EVENTS = (("insert", "new table as new_rows"), ("update", "new table as new_rows old table as old_rows"),
           ("delete", "old table as old_rows"))  # fmt: skip


def prepare(conn: psycopg.Connection, state: str) -> None:
    """Creates what is remembered of published tables, and the function that notes the keys of written rows."""
    conn.execute(
        sql.SQL(
            """
            create table if not exists {} (
                name text primary key,
                built_oid oid not null,
                published_oid oid not null
            )
            """
        ).format(sql.Identifier(state, "published_tables"))
    )
    conn.execute(
        sql.SQL(
            """
            create or replace function {}() returns trigger language plpgsql as $$
            begin
                if tg_op <> 'DELETE' then
                    execute format('insert into %s select %s from new_rows', tg_argv[0], tg_argv[1]);
                end if;
                if tg_op <> 'INSERT' then
                    execute format('insert into %s select %s from old_rows', tg_argv[0], tg_argv[1]);
                end if;
                return null;
            end
            $$
            """
        ).format(sql.Identifier(state, "note_changed_keys"))
    )


def listed(names: Iterable[str], alias: str | None = None) -> sql.Composed:
    """Columns as a list, of a relation if one is named."""
    return sql.SQL(", ").join(sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names)


def matching(key: Iterable[str], left: str, right: str) -> sql.Composed:
    """Condition that two relations have the same key."""
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(left, name), sql.Identifier(right, name)) for name in key
    )


def built(table: Table) -> sql.Identifier:
    """The table as a run has built it."""
    return sql.Identifier(table.source, table.name)


def published(table: Table) -> sql.Identifier:
    """The table as it is read."""
    return sql.Identifier(table.target, table.name)


def noted(schemas: Schemas, table: Table) -> sql.Identifier:
    """The table of the keys that runs have written since the last publication."""
    return sql.Identifier(schemas.state, f"written__{table.target}__{table.name}"[:63])


def note_keys(conn: psycopg.Connection, schemas: Schemas, table: Table) -> None:
    """From now on the keys of the rows that a run writes into the built table are noted."""
    conn.execute(sql.SQL("drop table if exists {}").format(noted(schemas, table)))
    conn.execute(
        sql.SQL("create table {} as select {} from {} with no data").format(
            noted(schemas, table), listed(table.key), built(table)
        )
    )
    for event, rows in _EVENTS:
        conn.execute(
            sql.SQL(
                "create or replace trigger {} after {} on {} referencing {} "
                "for each statement execute function {}({}, {})"
            ).format(
                sql.Identifier(f"note_changed_keys_{event}"),
                sql.SQL(event),
                built(table),
                sql.SQL(rows),
                sql.Identifier(schemas.state, "note_changed_keys"),
                sql.Literal(noted(schemas, table).as_string(conn)),
                sql.Literal(listed(table.key).as_string(conn)),
            )
        )


def are_noted(conn: psycopg.Connection, schemas: Schemas, table: Table) -> bool:
    """Have the keys of all rows been noted that were written since the table was published?"""
    row = conn.execute(
        sql.SQL(
            """
            select built_oid = %s and published_oid = to_regclass(%s) and to_regclass(%s) is not null
            from {} where name = %s
            """
        ).format(sql.Identifier(schemas.state, "published_tables")),
        [
            table.oid,
            published(table).as_string(conn),
            noted(schemas, table).as_string(conn),
            f"{table.target}.{table.name}",
        ],
    ).fetchone()
    return bool(row and row[0])


def remember(conn: psycopg.Connection, schemas: Schemas, table: Table, *, is_incremental: bool) -> None:
    """Notes that the table is published as it was built, and forgets the keys noted until now."""
    is_known = are_noted(conn, schemas, table)
    if is_incremental and is_known:
        conn.execute(sql.SQL("delete from {}").format(noted(schemas, table)))
    elif is_incremental:
        note_keys(conn, schemas, table)
    conn.execute(
        sql.SQL(
            """
            insert into {} as known (name, built_oid, published_oid) values (%s, %s, to_regclass(%s))
            on conflict (name) do update set built_oid = excluded.built_oid, published_oid = excluded.published_oid
            """
        ).format(sql.Identifier(schemas.state, "published_tables")),
        [f"{table.target}.{table.name}", table.oid, published(table).as_string(conn)],
    )


def forget(conn: psycopg.Connection, schemas: Schemas, table: Table) -> None:
    """From here on the table counts as never published: it is compared whole."""
    conn.execute(
        sql.SQL("delete from {} where name = %s").format(sql.Identifier(schemas.state, "published_tables")),
        [f"{table.target}.{table.name}"],
    )


def find(conn: psycopg.Connection, schemas: Schemas, table: Table) -> tuple[sql.Identifier, int]:
    """The keys of the rows that differ, as a temporary table of this transaction, and how many there are."""
    keys = sql.Identifier("pg_temp", f"changed__{table.oid}")
    if are_noted(conn, schemas, table):
        source = sql.SQL(
            """
            select distinct {keys}
            from {noted} as noted
            left join {built} as built on {noted_is_built}
            left join {published} as published on {noted_is_published}
            where ({built_columns}) is distinct from ({published_columns})
            """
        ).format(
            keys=listed(table.key, "noted"),
            noted=noted(schemas, table),
            built=built(table),
            published=published(table),
            noted_is_built=matching(table.key, "noted", "built"),
            noted_is_published=matching(table.key, "noted", "published"),
            built_columns=_row(table, "built"),
            published_columns=_row(table, "published"),
        )
    else:
        source = sql.SQL(
            """
            select {keys}
            from {built} as built
            full join {published} as published on {built_is_published}
            where ({built_columns}) is distinct from ({published_columns})
            """
        ).format(
            keys=sql.SQL(", ").join(
                sql.SQL("coalesce({}, {}) as {}").format(
                    sql.Identifier("built", name), sql.Identifier("published", name), sql.Identifier(name)
                )
                for name in table.key
            ),
            built=built(table),
            published=published(table),
            built_is_published=matching(table.key, "built", "published"),
            built_columns=_row(table, "built"),
            published_columns=_row(table, "published"),
        )
    name = sql.Identifier(f"changed__{table.oid}")
    count = conn.execute(sql.SQL("create temporary table {} on commit drop as {}").format(name, source)).rowcount
    return keys, count


def _row(table: Table, alias: str) -> sql.Composed:
    """All columns; a row that does not exist has no key, so it differs from every row that does."""
    return sql.SQL("row({})").format(listed(table.columns, alias))
