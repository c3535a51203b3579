"""What incremental models remember between runs, as far as dbt does not write it: see macros/incremental/state.sql."""

from __future__ import annotations

import psycopg
from psycopg import sql

from prohandel.pipeline.target import exists


def note_as_tested(conn: psycopg.Connection, schema: str) -> bool:
    """Notes that all that the models have written so far has passed its tests.

    Args:
        schema: of `model_state`.

    Returns:
        False where nothing has been built yet.
    """
    state = sql.Identifier(schema, "model_state")
    if not exists(conn, state):
        return False
    conn.execute(sql.SQL("update {} set tested_change_number = seen_change_number").format(state))
    return True
