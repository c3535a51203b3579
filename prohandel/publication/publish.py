"""Publishes what a gated run has built, and takes readers back to an earlier publication."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.pipeline.state import note_as_tested
from prohandel.pipeline.target import exists
from prohandel.publication import changes, history, layout
from prohandel.publication.history import Publication
from prohandel.publication.relations import Plan, Schemas, Table, plan

Say = Callable[[str], None]


def publish(
    conn: psycopg.Connection,
    schemas: Schemas,
    marts: Collection[str],
    incremental: Collection[str],
    run_at: datetime,
    *,
    kept: int,
    readers: Sequence[str] = (),
    say: Say = lambda _: None,
) -> Publication:
    """Brings the published marts to the state of the built ones, in one transaction.

    Readers in a REPEATABLE READ transaction go on seeing what they saw; others see all marts change between two of
    their statements. Rows that are equal are not touched.

    Args:
        conn: in autocommit.
        marts: names of the project's marts.
        incremental: names of the project's incremental models.
        run_at: start of the run.
        kept: publications that a rollback can undo.
        readers: roles that may select from newly created relations.
        say: is told the table that is compared.

    Returns:
        The publication; outcome `held` where a rollback has put publishing on hold: nothing has changed then.

    Raises:
        ProhandelError: a mart is missing or cannot be brought to its new columns. Nothing has changed then.
    """
    started = time.monotonic()
    _prepare(conn, schemas)
    found = history.publications(conn, schemas)
    with conn.transaction():
        if history.is_on_hold(found):
            return history.note(conn, schemas, {"run_at": run_at, "outcome": "held", **_data_of(conn, schemas)})
        what = plan(conn, schemas, marts)
        is_fitted = _fit(conn, schemas, what, readers)
        keeps = history.current(found) is not None and not is_fitted
        publication = history.note(
            conn,
            schemas,
            {"run_at": run_at, "outcome": "published", "is_kept": keeps, **_data_of(conn, schemas)},
        )
        counts = []
        for table in what.tables:
            say(table.name)
            keys, count = changes.find(conn, schemas, table)
            if count:
                if keeps:
                    history.keep_replaced(conn, schemas, table, keys, publication.publication_id)
                _write(conn, table, keys)
            changes.remember(conn, schemas, table, is_incremental=table.name in incremental)
            counts.append(count)
        _note_as_published(conn, schemas, marts)
        history.forget_replaced(conn, schemas, kept)
        return history.update(
            conn,
            schemas,
            publication.publication_id,
            {
                "rows_changed": sum(counts),
                "tables_changed": sum(count > 0 for count in counts),
                "seconds": round(time.monotonic() - started, 3),
            },
        )


def refuse(conn: psycopg.Connection, schemas: Schemas, run_at: datetime, failed: Sequence[str]) -> Publication:
    """Notes that a run is not published, and why; readers keep what they see."""
    _prepare(conn, schemas)
    return history.note(
        conn, schemas, {"run_at": run_at, "outcome": "refused", "failed": list(failed), **_data_of(conn, schemas)}
    )


def roll_back(
    conn: psycopg.Connection, schemas: Schemas, marts: Collection[str], number: int | None, note: str | None
) -> Publication:
    """Takes readers back to an earlier publication, in one transaction, and puts publishing on hold.

    Args:
        conn: in autocommit.
        marts: names of the project's marts.
        number: of the publication; the one before the current one by default.
        note: why.

    Raises:
        ProhandelError: there is no such publication, or what came after it can no longer be undone.
    """
    _prepare(conn, schemas)
    with conn.transaction():
        found = history.publications(conn, schemas)
        seen = [one for one in found if one.outcome == "published" and one.rolled_back_at is None]
        if number is None:
            number = seen[1].publication_id if len(seen) > 1 else 0
        wanted = next((one for one in seen if one.publication_id == number), None)
        undone = [one for one in seen if one.publication_id > number]
        lost = [one.publication_id for one in undone if not one.is_kept]
        if wanted is None or not undone or lost:
            raise _not_reachable(number, seen, lost)
        what = plan(conn, schemas, marts)
        rows = sum(
            history.put_back(conn, schemas, table, one.publication_id) for one in undone for table in what.tables
        )
        for one in undone:
            history.update(
                conn, schemas, one.publication_id, {"rolled_back_at": datetime.now().astimezone(), "is_kept": False}
            )
        return history.note(
            conn,
            schemas,
            {
                "run_at": wanted.run_at,
                "outcome": "rolled back",
                "as_of_date": wanted.as_of_date,
                "synced_until": wanted.synced_until,
                "rows_changed": rows,
                "note": note,
            },
        )


def release(conn: psycopg.Connection, schemas: Schemas, note: str | None) -> Publication:
    """Lets the next gated run publish again.

    Raises:
        ProhandelError: publishing is not on hold.
    """
    _prepare(conn, schemas)
    found = history.publications(conn, schemas)
    if not history.is_on_hold(found):
        raise ProhandelError("Publishing is not on hold.", "Nothing to do: the next `prohandel run --gate` publishes.")
    return history.note(conn, schemas, {"run_at": found[0].run_at, "outcome": "released", "note": note})


def _not_reachable(number: int, seen: Sequence[Publication], lost: Sequence[int]) -> ProhandelError:
    reachable = []
    for one, later in zip(seen[1:], seen, strict=False):
        if not later.is_kept:
            break
        reachable.append(str(one.publication_id))
    remedy = (
        f"Readers can go back to: {', '.join(reachable)}." if reachable else "No earlier publication can be reached."
    )
    if lost and number:
        return ProhandelError(
            f"Publication {number} cannot be reached: what {', '.join(map(str, lost))} replaced is not kept "
            "(too long ago, or columns changed with it).",
            remedy,
        )
    return ProhandelError(
        f"There is no publication {number} before the current one." if number else "There is no earlier publication.",
        remedy,
    )


def _prepare(conn: psycopg.Connection, schemas: Schemas) -> None:
    for schema in (schemas.marts, schemas.base, schemas.state):
        conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    changes.prepare(conn, schemas.state)
    layout.prepare(conn, schemas.state)
    history.prepare(conn, schemas)


def _fit(conn: psycopg.Connection, schemas: Schemas, what: Plan, readers: Sequence[str]) -> bool:
    """Brings columns, views and comments to those of the built marts; returns whether columns or a view changed."""
    layout.wait_briefly_for_locks(conn)
    fitted = [table for table in what.tables if layout.fit_table(conn, table, readers)]
    for table in fitted:
        changes.forget(conn, schemas, table)
    if fitted:
        history.forget_all_replaced(conn, schemas)
    views = [layout.fit_view(conn, schemas, view, readers) for view in what.views]
    for table in what.tables:
        layout.copy_comments(conn, table.source, table.target, table.name)
    for view in what.views:
        if view.target == schemas.marts:
            layout.copy_comments(conn, schemas.audit, schemas.marts, view.name)
    return bool(fitted) or any(views)


def _write(conn: psycopg.Connection, table: Table, keys: sql.Identifier) -> None:
    conn.execute(
        sql.SQL("delete from {} as published using {} as changed where {}").format(
            changes.published(table), keys, changes.matching(table.key, "published", "changed")
        )
    )
    conn.execute(
        sql.SQL("insert into {} ({}) select {} from {} as changed inner join {} as built on {}").format(
            changes.published(table),
            changes.listed(table.columns),
            changes.listed(table.columns, "built"),
            keys,
            changes.built(table),
            changes.matching(table.key, "changed", "built"),
        )
    )


def _note_as_published(conn: psycopg.Connection, schemas: Schemas, marts: Collection[str]) -> None:
    """What the models have written has passed its tests; and marts are dbt's own no more.

    Without a row in model_state, a later run without the gate builds a mart whole instead of going on in a table whose
    rows it has not written.
    """
    state = sql.Identifier(schemas.state, "model_state")
    if note_as_tested(conn, schemas.state):
        conn.execute(sql.SQL("delete from {} where model_name = any(%s)").format(state), [list(marts)])


def _data_of(conn: psycopg.Connection, schemas: Schemas) -> dict[str, Any]:
    """The day that the built marts are as of and the newest sync that they have seen, as far as they are there."""
    found: dict[str, Any] = {}
    for name, schema, relation, expression in (
        ("as_of_date", schemas.intermediate, "int_as_of", "max(as_of_date)"),
        ("synced_until", schemas.quality, "table_metrics", "max(last_synced_at)"),
    ):
        identifier = sql.Identifier(schema, relation)
        if exists(conn, identifier):
            row = conn.execute(sql.SQL("select {} from {}").format(sql.SQL(expression), identifier)).fetchone()
            found[name] = row[0] if row else None
    return found
