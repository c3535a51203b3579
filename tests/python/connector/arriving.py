"""A simulated landing that arrives little by little, as a long first sync delivers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from prohandel.landing.tables import LANDED_TABLES, SYNCED
from prohandel.landing.upsert import column_types


@dataclass
class Arriving:
    """Rows of one schema that are copied to another one, table after table.

    Attributes:
        conn: each statement its own transaction.
        source: schema with everything that is to arrive; not changed.
        schema: that it arrives in; made empty.
        tables: in the order in which they arrive.
    """

    conn: psycopg.Connection[Any]
    source: str
    schema: str
    tables: Sequence[str]
    _left: dict[str, int] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(self.schema)))
        for table in self.tables:
            row = self.conn.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(self.source, table))
            ).fetchone()
            assert row is not None
            self._left[table] = row[0]

    @property
    def left(self) -> dict[str, int]:
        """Rows that are still to come, by table."""
        return dict(self._left)

    def land(self, rows: int, at: datetime) -> dict[str, int]:
        """Lands the next rows, synced at a moment.

        Returns:
            How many of each table.
        """
        landed = {}
        for table in self.tables:
            number = min(rows, self._left[table])
            if number == 0:
                continue
            self._copy(table, number, at)
            landed[table] = number
            rows -= number
        return landed

    def _copy(self, table: str, rows: int, at: datetime) -> None:
        source, destination = sql.Identifier(self.source, table), sql.Identifier(self.schema, table)
        done = self._done.get(table, 0)
        if not done:
            self.conn.execute(sql.SQL("create table {} (like {} including all)").format(destination, source))
        names = [name for name in column_types(self.conn, self.source, table) if name != SYNCED]
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        key = sql.SQL(", ").join(map(sql.Identifier, LANDED_TABLES[table].primary_key))
        statement = sql.SQL(
            "insert into {} ({columns}, {synced}) select {columns}, %s from {} order by {key} offset %s limit %s"
        ).format(destination, source, columns=columns, synced=sql.Identifier(SYNCED), key=key)
        self.conn.execute(statement, [at, done, rows])
        self._done[table] = done + rows
        self._left[table] -= rows


def uneven(total: int, steps: int, seed: int = 1) -> list[int]:
    """A number of rows for each step, all of them together, at a pace that goes up and down."""
    rng = np.random.default_rng(seed)
    weights = 1 + 0.35 * np.sin(np.arange(steps) / 6) + rng.uniform(-0.15, 0.15, steps)
    edges = np.rint(np.cumsum(weights) / weights.sum() * total).astype(int)
    return np.diff(edges, prepend=0).tolist()  # type: ignore[no-any-return]
