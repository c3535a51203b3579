"""What dbt itself has found: changes of the landed schema, and tests and models that fail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from prohandel.quality.symptoms import Severity, Symptom

_CHANGE_LASTS = timedelta(days=7)
_ADDITION_LASTS = timedelta(days=1)
_RESULT_LASTS = timedelta(days=3)


def schema_changes(conn: psycopg.Connection, schema: str) -> list[Symptom]:
    """Columns that are gone or have another type, for a week or until it is undone; new ones for a day.

    A column that came and went within a week, or went and came back, is as it was before.
    """
    query = sql.SQL(
        """
        with
        ranked as (
            select
                *,
                row_number() over (partition by source_relation, table_name, column_name order by detected_at desc)
                    as place,
                lag(old_type) over by_column as type_before,
                detected_at - lag(detected_at) over by_column < %(lasts)s as is_soon,
                lag(change) over by_column as change_before
            from {changes}
            window by_column as (partition by source_relation, table_name, column_name order by detected_at)
        )
        select
            detected_at, table_name, column_name, change, old_type, new_type, read_as, touched_models,
            touched_exposures, (select max(run_at) from {runs}) - detected_at
        from ranked
        where
            place = 1
            and case
                when change = 'type_changed' or (change = 'added' and change_before = 'removed' and is_soon)
                    then new_type is distinct from type_before
                when change = 'removed' and change_before = 'added' and is_soon then false
                else true
            end
        order by 1, 2, 3
        """
    ).format(changes=sql.Identifier(schema, "schema_changes"), runs=sql.Identifier(schema, "table_metrics"))
    return [
        _changed(row)
        for *row, age in conn.execute(query, {"lasts": _CHANGE_LASTS}).fetchall()
        if age is not None and age < (_ADDITION_LASTS if row[3] == "added" else _CHANGE_LASTS)
    ]


def _changed(row: Sequence[Any]) -> Symptom:
    detected_at, table, column, change, old_type, new_type, read_as, models, exposures = row
    what = {
        "added": f"column {column} is new",
        "removed": "the table is gone" if column == "*" else f"column {column} is gone",
        "type_changed": f"column {column} has another type: {new_type}, before {old_type}",
    }[change]
    if read_as and change == "added":
        what += f"; staging reads it as {read_as}"
    if models and change != "added":
        what += f"; touches {_counted(models, 'model')}"
        what += f" and {_counted(exposures, 'dashboard')}" if exposures else ""
    # What nobody reads may go.
    severity: Severity = "error" if change != "added" and models else "warn"
    return Symptom(
        kind="schema_change",
        check=change,
        table=table,
        column=None if column == "*" else column,
        since=detected_at,
        severity=severity,
        rows=0,
        what=what,
    )


def _counted(names: str, what: str) -> str:
    count = names.count(",") + 1
    return f"{count} {what}" + ("s" if count > 1 else "")


def failed_tests(conn: psycopg.Connection, schema: str) -> list[Symptom]:
    """Tests and models that fail, and tests that warn where they find more than they did before.

    The newest result of each counts, of a nightly run and of others apart: by night a test looks at all rows, else at
    those that were written. Results older than three days are of tests that are run no more.
    """
    query = sql.SQL(
        """
        with
        ranked as (
            select
                *,
                row_number() over (partition by test_id, is_nightly order by run_at desc) as place
            from {results}
            where status <> 'skipped' and run_at > (select max(run_at) from {results}) - %s
        )
        select
            newest.run_at, newest.test_name, newest.table_name, newest.column_name, newest.status,
            coalesce(newest.failures, 0), newest.owner, newest.message, newest.why,
            (
                select percentile_disc(0.9) within group (order by coalesce(past.failures, 0))
                from {results} as past
                where
                    past.test_id = newest.test_id
                    and past.run_at < newest.run_at
                    and past.is_nightly is not distinct from newest.is_nightly
            )
        from ranked as newest
        where newest.place = 1 and newest.status not in ('pass', 'success')
        order by 2, 1
        """
    ).format(results=sql.Identifier(schema, "test_results"))
    found = []
    for run_at, name, table, column, status, failures, owner, message, why, before in conn.execute(
        query, [_RESULT_LASTS]
    ).fetchall():
        is_error = status in ("fail", "error", "runtime error")
        if is_error or (before is not None and failures >= 2 * before + 5):
            said = f"{name}: {message}" if message else name
            found.append(
                Symptom(
                    kind="failed_test",
                    check=name,
                    table=table or "",
                    column=column,
                    since=run_at,
                    severity="error" if is_error else "warn",
                    rows=int(failures),
                    what=f"{said} ({why})" if why else said,
                    owner=owner,
                )
            )
    return found
