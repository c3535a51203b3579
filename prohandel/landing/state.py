"""Notes beside the warehouse which variables fit what has landed, for the runs that follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from prohandel.landing.tables import LANDED_TABLES, SYNCED
from prohandel.landing.upsert import column_types

_DEFAULT_SCHEMA = "prohandel"


def has_notes(home: Path) -> bool:
    """Whether a simulated landing left its notes in this home."""
    return (home / "state.json").exists()


def note_landing(conn: psycopg.Connection, schema: str, home: Path) -> dict[str, Any]:
    """Writes the variables that fit a simulated landing into `state.json` of a home, and returns them.

    They are one `using_<table>` per landed table, and `now`, the time of the last sync: simulated rows are as fresh as
    their own clock says. Variables that the user gives to a run win over them.
    """
    landed = [name for name in LANDED_TABLES if column_types(conn, schema, name)]
    variables: dict[str, Any] = {
        table.using_variable: table.name in landed
        for table in LANDED_TABLES.values()
        if table.optional or table.name not in landed
    }
    if schema != _DEFAULT_SCHEMA:
        variables["prohandel_schema"] = schema
    if landed:
        newest = sql.SQL("select max(newest) from ({}) as tables").format(
            sql.SQL(" union all ").join(
                sql.SQL("select max({}) as newest from {}").format(sql.Identifier(SYNCED), sql.Identifier(schema, name))
                for name in landed
            )
        )
        ((now,),) = conn.execute(newest).fetchall()
        if now is not None:
            variables["now"] = now.isoformat()
    path = home / "state.json"
    state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    new = path.with_suffix(".new")
    new.write_text(json.dumps({**state, "vars": variables}, indent=2) + "\n", encoding="utf-8")
    new.replace(path)
    return variables
