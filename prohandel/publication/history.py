"""The list of publications, and the rows that each replaced, from which an earlier one comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import exists
from prohandel.publication.changes import listed, matching, noted, published
from prohandel.publication.relations import Schemas, Table

Outcome = Literal["published", "refused", "held", "rolled back", "released"]

_COLUMNS = """
    publication_id bigint generated always as identity primary key,
    run_at timestamptz not null,
    decided_at timestamptz not null default clock_timestamp(),
    outcome text not null,
    as_of_date date,
    synced_until timestamptz,
    rows_changed bigint not null default 0,
    tables_changed integer not null default 0,
    seconds numeric(18, 3),
    failed text[] not null default '{}',
    is_kept boolean not null default false,
    note text,
    rolled_back_at timestamptz
"""

_NAMES = (
    "publication_id", "run_at", "decided_at", "outcome", "as_of_date", "synced_until", "rows_changed",
    "tables_changed", "seconds", "failed", "is_kept", "note", "rolled_back_at",
)  # fmt: skip


@dataclass(frozen=True)
class Publication:
    """A row of `quality.publications`: what became of a run, or what a person decided.

    Attributes:
        publication_id: rises.
        run_at: start of the run; of a rollback, the run that readers see since.
        decided_at: when.
        outcome: published, refused (errors in the run), held (no errors, but publishing is on hold), rolled back or
            released (by a person).
        as_of_date: day that the marts are as of.
        synced_until: newest sync that the run has seen.
        rows_changed: rows written, deleted or replaced for readers.
        tables_changed: tables with such rows.
        seconds: that publishing took.
        failed: models and tests that kept the run from its readers.
        is_kept: are the rows that it replaced there, so that it can be undone? Not for the first one, those before the
            last few, and those that changed columns or the SQL of a view.
        note: why, in a person's words.
        rolled_back_at: when readers were taken back behind it; None where they were not.
    """

    publication_id: int
    run_at: datetime
    decided_at: datetime
    outcome: Outcome
    as_of_date: date | None
    synced_until: datetime | None
    rows_changed: int
    tables_changed: int
    seconds: float | None
    failed: tuple[str, ...]
    is_kept: bool
    note: str | None
    rolled_back_at: datetime | None


def prepare(conn: psycopg.Connection, schemas: Schemas) -> None:
    """Creates the list of publications where there is none."""
    conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schemas.quality)))
    conn.execute(
        sql.SQL("create table if not exists {} ({})").format(
            sql.Identifier(schemas.quality, "publications"), sql.SQL(_COLUMNS)
        )
    )


def note(conn: psycopg.Connection, schemas: Schemas, values: Mapping[str, Any]) -> Publication:
    """Adds a row to the list."""
    row = conn.execute(
        sql.SQL("insert into {} ({}) values ({}) returning {}").format(
            sql.Identifier(schemas.quality, "publications"),
            listed(values),
            sql.SQL(", ").join(sql.Placeholder(name) for name in values),
            listed(_NAMES),
        ),
        dict(values),
    ).fetchone()
    return _publication(row)


def update(conn: psycopg.Connection, schemas: Schemas, number: int, values: Mapping[str, Any]) -> Publication:
    """Changes a row of the list."""
    row = conn.execute(
        sql.SQL("update {} set {} where publication_id = %(number)s returning {}").format(
            sql.Identifier(schemas.quality, "publications"),
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values
            ),
            listed(_NAMES),
        ),
        {**values, "number": number},
    ).fetchone()
    return _publication(row)


def publications(conn: psycopg.Connection, schemas: Schemas) -> list[Publication]:
    """All of them, the newest first; none where nothing was ever published."""
    name = sql.Identifier(schemas.quality, "publications")
    if not exists(conn, name):
        return []
    rows = conn.execute(sql.SQL("select {} from {} order by publication_id desc").format(listed(_NAMES), name))
    return [_publication(row) for row in rows.fetchall()]


def current(found: Sequence[Publication]) -> Publication | None:
    """The publication that readers see, of the list with the newest first."""
    return next((one for one in found if one.outcome == "published" and one.rolled_back_at is None), None)


def is_on_hold(found: Sequence[Publication]) -> bool:
    """Was the last thing that a person decided a rollback?"""
    decided = next((one for one in found if one.outcome in ("rolled back", "released")), None)
    return decided is not None and decided.outcome == "rolled back"


def _publication(row: Sequence[Any] | None) -> Publication:
    if row is None:
        raise ProhandelError("The publication has vanished while it was written.", "Run again.")
    values = dict(zip(_NAMES, row, strict=True))
    seconds = values["seconds"]
    return Publication(
        **{**values, "failed": tuple(values["failed"]), "seconds": None if seconds is None else float(seconds)}
    )


def replaced(schemas: Schemas, table: Table) -> sql.Identifier:
    """The table of the rows that publications have replaced."""
    return sql.Identifier(schemas.state, f"replaced__{table.target}__{table.name}"[:63])


def keep_replaced(
    conn: psycopg.Connection, schemas: Schemas, table: Table, keys: sql.Identifier, publication: int
) -> None:
    """Keeps the published rows of these keys, and which keys have none, before they are overwritten."""
    conn.execute(
        sql.SQL(
            "create table if not exists {} as "
            "select cast(0 as bigint) as publication_id, true as was_there, published.* from {} as published "
            "with no data"
        ).format(replaced(schemas, table), published(table))
    )
    others = [name for name in table.columns if name not in table.key]
    conn.execute(
        sql.SQL(
            """
            insert into {replaced} (publication_id, was_there, {names})
            select {publication}, {was_there}, {keys}{others}
            from {changed} as changed
            left join {published} as published on {match}
            """
        ).format(
            replaced=replaced(schemas, table),
            names=listed([*table.key, *others]),
            publication=sql.Literal(publication),
            was_there=sql.SQL("{} is not null").format(sql.Identifier("published", table.key[0])),
            keys=listed(table.key, "changed"),
            others=sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier("published", name)) for name in others),
            changed=keys,
            published=published(table),
            match=matching(table.key, "changed", "published"),
        )
    )


def forget_replaced(conn: psycopg.Connection, schemas: Schemas, kept: int) -> None:
    """Drops what publications before the newest `kept` replaced."""
    found = [one for one in publications(conn, schemas) if one.is_kept]
    for one in found[kept:]:
        for name in _tables_of_replaced(conn, schemas):
            conn.execute(
                sql.SQL("delete from {} where publication_id = %s").format(sql.Identifier(schemas.state, name)),
                [one.publication_id],
            )
        update(conn, schemas, one.publication_id, {"is_kept": False})


def forget_all_replaced(conn: psycopg.Connection, schemas: Schemas) -> None:
    """Drops all that was replaced: the published tables have other columns now."""
    for name in _tables_of_replaced(conn, schemas):
        conn.execute(sql.SQL("drop table {}").format(sql.Identifier(schemas.state, name)))
    conn.execute(
        sql.SQL("update {} set is_kept = false where is_kept").format(sql.Identifier(schemas.quality, "publications"))
    )


def _tables_of_replaced(conn: psycopg.Connection, schemas: Schemas) -> list[str]:
    rows = conn.execute(
        "select tablename from pg_tables where schemaname = %s and starts_with(tablename, 'replaced__')",
        [schemas.state],
    ).fetchall()
    return [row[0] for row in rows]


def put_back(conn: psycopg.Connection, schemas: Schemas, table: Table, publication: int) -> int:
    """Takes a publication's rows of a table away and puts back those that they replaced; returns how many keys.

    Their keys are noted as written, so that the next publication brings them again.
    """
    held = replaced(schemas, table)
    there = conn.execute(
        "select to_regclass(%s), to_regclass(%s)", [held.as_string(conn), noted(schemas, table).as_string(conn)]
    ).fetchone()
    if there is None or there[0] is None:
        return 0
    number = sql.Literal(publication)
    count = conn.execute(sql.SQL("select count(*) from {} where publication_id = {}").format(held, number)).fetchone()
    conn.execute(
        sql.SQL("delete from {} as published using {} as replaced where replaced.publication_id = {} and {}").format(
            published(table), held, number, matching(table.key, "published", "replaced")
        )
    )
    conn.execute(
        sql.SQL("insert into {} ({}) select {} from {} where publication_id = {} and was_there").format(
            published(table), listed(table.columns), listed(table.columns), held, number
        )
    )
    if there[1] is not None:
        conn.execute(
            sql.SQL("insert into {} select {} from {} where publication_id = {}").format(
                noted(schemas, table), listed(table.key), held, number
            )
        )
    conn.execute(sql.SQL("delete from {} where publication_id = {}").format(held, number))
    return int(count[0]) if count else 0
