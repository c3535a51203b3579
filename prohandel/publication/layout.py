"""Gives the published relations the columns, indexes, comments and grants that the built ones have.

Nothing is dropped that readers could miss: a published table is altered and never replaced, so that views, grants and
comments which people have put on it stay.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.publication.changes import built, published
from prohandel.publication.relations import Schemas, Table, View, columns

_LOCK_SECONDS = 30


def wait_briefly_for_locks(conn: psycopg.Connection) -> None:
    """Changing a relation waits for its readers; rather than have all others wait behind us, we give up."""
    conn.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(f"{_LOCK_SECONDS}s")))


def fit_table(conn: psycopg.Connection, table: Table, readers: Sequence[str]) -> bool:
    """Creates or alters the published table; returns whether anything about it has changed.

    Raises:
        ProhandelError: somebody's view depends on a column that goes or changes its type.
    """
    kind, oid = _relation(conn, table.target, table.name)
    if kind == "v":
        conn.execute(sql.SQL("drop view {}").format(published(table)))
    if kind != "r":
        conn.execute(sql.SQL("create table {} (like {} including all)").format(published(table), built(table)))
        _grant(conn, published(table), readers)
        return True
    there = columns(conn, oid)
    clauses = [
        sql.SQL("drop column {}").format(sql.Identifier(name)) for name in there if name not in table.columns
    ] + [
        sql.SQL("add column {} {}").format(sql.Identifier(name), sql.SQL(kind_))
        if name not in there
        else sql.SQL("alter column {0} type {1} using null::{1}").format(
            sql.Identifier(name),
            sql.SQL(kind_),
        )
        for name, kind_ in table.columns.items()
        if there.get(name) != kind_
    ]
    if not clauses:
        return False
    if any(there.get(name, kind_) != kind_ for name, kind_ in table.columns.items()):
        # Old values need not fit the new type; all rows come again anyway.
        conn.execute(sql.SQL("delete from {}").format(published(table)))
    try:
        conn.execute(sql.SQL("alter table {} {}").format(published(table), sql.SQL(", ").join(clauses)))
    except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.FeatureNotSupported) as error:
        raise ProhandelError(
            f"{table.target}.{table.name} gets other columns, and somebody's view depends on one of them: "
            f"{error.diag.message_detail}",
            "Drop or change that view, then run again; until then readers keep what was published before.",
        ) from None
    return True


def fit_view(conn: psycopg.Connection, schemas: Schemas, view: View, readers: Sequence[str]) -> bool:
    """Creates or replaces the published view where its SQL has changed; returns whether it has.

    Raises:
        ProhandelError: somebody's view depends on it and its columns change.
    """
    name = sql.Identifier(view.target, view.name)
    kind, _ = _relation(conn, view.target, view.name)
    known = conn.execute(
        sql.SQL("select definition, shown_as from {} where name = %s").format(
            sql.Identifier(schemas.state, "published_views")
        ),
        [f"{view.target}.{view.name}"],
    ).fetchone()
    shown = _shown_as(conn, name) if kind == "v" else None
    if known is not None and known == (view.definition, shown):
        return False
    if kind == "r":
        conn.execute(sql.SQL("drop table {}").format(name))
    create = sql.SQL("create or replace view {} as {}").format(name, sql.SQL(view.definition))
    try:
        with conn.transaction():
            conn.execute(create)
    except psycopg.errors.InvalidTableDefinition:
        _replace(conn, name, create)
    _grant(conn, name, readers)
    conn.execute(
        sql.SQL(
            """
            insert into {} as known (name, definition, shown_as) values (%s, %s, %s)
            on conflict (name) do update set definition = excluded.definition, shown_as = excluded.shown_as
            """
        ).format(sql.Identifier(schemas.state, "published_views")),
        [f"{view.target}.{view.name}", view.definition, _shown_as(conn, name)],
    )
    return True


def _replace(conn: psycopg.Connection, name: sql.Identifier, create: sql.Composed) -> None:
    try:
        conn.execute(sql.SQL("drop view {}").format(name))
    except psycopg.errors.DependentObjectsStillExist as error:
        raise ProhandelError(
            f"{name.as_string(conn)} gets other columns, and somebody's view depends on it: "
            f"{error.diag.message_detail}",
            "Drop or change that view, then run again; until then readers keep what was published before.",
        ) from None
    conn.execute(create)


def prepare(conn: psycopg.Connection, state: str) -> None:
    """Creates what is remembered of published views: their SQL, and how the database shows it."""
    conn.execute(
        sql.SQL(
            "create table if not exists {} (name text primary key, definition text not null, shown_as text not null)"
        ).format(sql.Identifier(state, "published_views"))
    )


def copy_comments(conn: psycopg.Connection, source: str, target: str, name: str) -> None:
    """Gives a published relation and its columns the comments that the built ones have, where they differ."""
    rows = conn.execute(
        """
        with
        described as (
            select
                namespaces.nspname as schema,
                coalesce(attributes.attname::text, '') as column,
                descriptions.description
            from pg_class as classes
            inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
            inner join pg_description as descriptions
                on classes.oid = descriptions.objoid and descriptions.classoid = 'pg_class'::regclass
            left join pg_attribute as attributes
                on classes.oid = attributes.attrelid and descriptions.objsubid = attributes.attnum
                and descriptions.objsubid > 0
            where classes.relname = %(name)s and namespaces.nspname in (%(source)s, %(target)s)
        )
        select built.column, built.description
        from described as built
        left join described as published on built.column = published.column and published.schema = %(target)s
        where built.schema = %(source)s and built.description is distinct from published.description
        """,
        {"name": name, "source": source, "target": target},
    ).fetchall()
    kind, _ = _relation(conn, target, name)
    for column, description in rows:
        what = (
            sql.SQL("column {}").format(sql.Identifier(target, name, column))
            if column
            else sql.SQL("{} {}").format(sql.SQL("view" if kind == "v" else "table"), sql.Identifier(target, name))
        )
        conn.execute(sql.SQL("comment on {} is {}").format(what, sql.Literal(description)))


def _relation(conn: psycopg.Connection, schema: str, name: str) -> tuple[str | None, int]:
    """Kind (r: table, v: view, None: not there) and oid of a relation."""
    row = conn.execute(
        """
        select classes.relkind::text, classes.oid
        from pg_class as classes
        inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
        where namespaces.nspname = %s and classes.relname = %s and classes.relkind in ('r', 'v')
        """,
        [schema, name],
    ).fetchone()
    return (row[0], row[1]) if row else (None, 0)


def _shown_as(conn: psycopg.Connection, name: sql.Identifier) -> str:
    row = conn.execute("select pg_get_viewdef(%s::regclass)", [name.as_string(conn)]).fetchone()
    return str(row[0]) if row else ""


def _grant(conn: psycopg.Connection, name: sql.Identifier, readers: Sequence[str]) -> None:
    for reader in readers:
        conn.execute(sql.SQL("grant select on {} to {}").format(name, sql.Identifier(reader)))
