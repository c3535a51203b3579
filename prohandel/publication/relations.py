"""Which relations a gated run publishes: its marts, and what those of them that are views are made of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import psycopg

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import Target


@dataclass(frozen=True)
class Schemas:
    """Where publishing reads and writes.

    Attributes:
        audit: the marts as a gated run builds them.
        marts: the marts as people read them.
        base: copies of the tables outside of the marts that views among the marts read.
        state: what publishing remembers.
        quality: has the list of publications.
        intermediate: has the day that the marts are as of.
    """

    audit: str
    marts: str
    base: str
    state: str
    quality: str
    intermediate: str

    @classmethod
    def of(cls, target: Target) -> Schemas:
        """The schemas of a target."""
        names = ("marts_audit", "marts", "published", "state", "quality", "intermediate")
        return cls(*map(target.schema_of, names))


@dataclass(frozen=True)
class Table:
    """A table that is published row by row.

    Attributes:
        source: schema that it is built in.
        target: schema that it is read in.
        name: in both.
        oid: of the built table; another one once it has been built whole.
        columns: names with types, in order.
        key: columns that no two rows share, none of them null.
    """

    source: str
    target: str
    name: str
    oid: int
    columns: Mapping[str, str]
    key: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """A view among the marts; its SQL reads published relations alone."""

    target: str
    name: str
    oid: int
    definition: str


@dataclass(frozen=True)
class Plan:
    """What is published: tables, and views in an order in which each finds what it reads."""

    tables: tuple[Table, ...]
    views: tuple[View, ...]


_NEEDED = """
    with recursive
    needed as (
        select classes.oid
        from pg_class as classes
        inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
        where namespaces.nspname = %s and classes.relname = any(%s) and classes.relkind in ('r', 'p', 'v')
        union
        select depends.refobjid
        from needed
        inner join pg_rewrite as rules on needed.oid = rules.ev_class
        inner join pg_depend as depends
            on rules.oid = depends.objid and depends.classid = 'pg_rewrite'::regclass
            and depends.refclassid = 'pg_class'::regclass and depends.refobjid <> rules.ev_class
    )
    select
        needed.oid,
        namespaces.nspname,
        classes.relname,
        classes.relkind = 'v',
        case when classes.relkind = 'v' then rtrim(pg_get_viewdef(needed.oid), ';') end,
        format('%%I.%%I', namespaces.nspname, classes.relname)
    from needed
    inner join pg_class as classes on needed.oid = classes.oid
    inner join pg_namespace as namespaces on classes.relnamespace = namespaces.oid
    where namespaces.nspname not in ('pg_catalog', 'information_schema')
    order by namespaces.nspname, classes.relname
"""


def plan(conn: psycopg.Connection, schemas: Schemas, marts: Collection[str]) -> Plan:
    """The relations that publishing these marts takes, from the database's catalog.

    Args:
        conn: in a transaction; names in the definitions of views are written in full for the rest of it.
        marts: names of the project's marts.

    Raises:
        ProhandelError: a mart is missing in the audited schema, or a table has no key.
    """
    conn.execute("set local search_path = ''")
    found = conn.execute(_NEEDED, [schemas.audit, list(marts)]).fetchall()
    missing = sorted(set(marts) - {name for _, schema, name, *_ in found if schema == schemas.audit})
    if missing:
        raise ProhandelError(
            f"Not built, so not published: {', '.join(missing)}.",
            "Run it whole: prohandel run --gate without --select and --exclude.",
        )
    places = {full: (_place(schemas, schema), name) for _, schema, name, _, _, full in found}
    tables = tuple(
        Table(schema, _place(schemas, schema), name, oid, columns(conn, oid), _key(conn, oid, full))
        for oid, schema, name, is_view, _, full in found
        if not is_view
    )
    views = [
        View(_place(schemas, schema), name, oid, _moved(definition, places))
        for oid, schema, name, is_view, definition, _ in found
        if is_view
    ]
    return Plan(tables, tuple(_in_order(conn, views)))


def _place(schemas: Schemas, schema: str) -> str:
    return schemas.marts if schema == schemas.audit else schemas.base


def _moved(definition: str, places: Mapping[str, tuple[str, str]]) -> str:
    """A view's SQL with the published relation in place of each that it reads."""
    for full, (schema, name) in places.items():
        definition = re.sub(rf'(?<![\w".]){re.escape(full)}(?![\w"])', f'"{schema}"."{name}"', definition)
    return definition


def _in_order(conn: psycopg.Connection, views: Iterable[View]) -> list[View]:
    by_oid = {view.oid: view for view in views}
    reads = {
        oid: {row[0] for row in conn.execute(_READ_BY_VIEW, [oid]).fetchall() if row[0] in by_oid} for oid in by_oid
    }
    ordered: list[View] = []
    while len(ordered) < len(by_oid):
        done = {view.oid for view in ordered}
        ordered += [by_oid[oid] for oid in by_oid if oid not in done and reads[oid] <= done]
    return ordered


_READ_BY_VIEW = """
    select distinct depends.refobjid
    from pg_rewrite as rules
    inner join pg_depend as depends
        on rules.oid = depends.objid and depends.classid = 'pg_rewrite'::regclass
        and depends.refclassid = 'pg_class'::regclass and depends.refobjid <> rules.ev_class
    where rules.ev_class = %s
"""


def columns(conn: psycopg.Connection, oid: int) -> dict[str, str]:
    """Names and types of a relation's columns, in order."""
    rows = conn.execute(
        """
        select attname, format_type(atttypid, atttypmod)
        from pg_attribute
        where attrelid = %s and attnum > 0 and not attisdropped
        order by attnum
        """,
        [oid],
    ).fetchall()
    return dict(rows)


def _key(conn: psycopg.Connection, oid: int, full: str) -> tuple[str, ...]:
    row = conn.execute(
        """
        select array_agg(attributes.attname::text order by places.place)
        from pg_index as indexes
        cross join unnest(indexes.indkey::int[]) with ordinality as places (number, place)
        inner join pg_attribute as attributes
            on indexes.indrelid = attributes.attrelid and places.number = attributes.attnum
        where
            indexes.indrelid = %s
            and indexes.indisunique
            and indexes.indpred is null
            and indexes.indexprs is null
        group by indexes.indexrelid, indexes.indisprimary, indexes.indnkeyatts
        order by indexes.indisprimary desc, indexes.indnkeyatts
        limit 1
        """,
        [oid],
    ).fetchone()
    if row is None:
        raise ProhandelError(
            f"{full} has neither a primary key nor a unique index, so its changes cannot be published.",
            "Give its model a primary key in the contract, or a unique index in its config.",
        )
    return tuple(row[0])
