"""What the warehouse remembers of a connection: fingerprints of the secrets sent, and the file as it was applied."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from prohandel.connector.config import Connection
from prohandel.connector.fingerprints import Fingerprint
from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError
from prohandel.pipeline.target import exists

LAYER = "operations"

# "phfc": the first of the two keys of PostgreSQL's advisory locks.
_CLASS = 0x70686663


@dataclass(frozen=True)
class Memory:
    """The tables of a warehouse that remember.

    Attributes:
        conn: each statement its own transaction.
        schema: operations, or its name on this target.
    """

    conn: psycopg.Connection[Any]
    schema: str

    def prepare(self) -> None:
        """Creates schema and tables where they are missing."""
        with self.conn.transaction():
            self.conn.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(self.schema)))
            self.conn.execute(
                sql.SQL(
                    """
                    create table if not exists {} (
                        connection_id text not null,
                        name text not null,
                        fingerprint text not null,
                        key_check text not null,
                        sent_at timestamptz not null default now(),
                        primary key (connection_id, name)
                    )
                    """
                ).format(self._fingerprints)
            )
            self.conn.execute(
                sql.SQL(
                    """
                    create table if not exists {} (
                        connection_id text primary key,
                        tables_chosen jsonb,
                        applied jsonb,
                        applied_at timestamptz
                    )
                    """
                ).format(self._connections)
            )

    def fingerprints(self, connection_id: str) -> dict[str, Fingerprint]:
        """Of the secrets that were sent last, by name; empty where none were."""
        if not exists(self.conn, self._fingerprints):
            return {}
        rows = self.conn.execute(
            sql.SQL("select name, fingerprint, key_check from {} where connection_id = %s").format(self._fingerprints),
            [connection_id],
        )
        return {name: Fingerprint(digest, check) for name, digest, check in rows}

    def note_secrets(self, connection_id: str, sent: Mapping[str, Fingerprint]) -> None:
        """Remembers the secrets that were sent, in place of those before."""
        with self.conn.transaction():
            self.conn.execute(
                sql.SQL("delete from {} where connection_id = %s").format(self._fingerprints), [connection_id]
            )
            for name, one in sent.items():
                self.conn.execute(
                    sql.SQL(
                        "insert into {} (connection_id, name, fingerprint, key_check) values (%s, %s, %s, %s)"
                    ).format(self._fingerprints),
                    [connection_id, name, one.digest, one.key_check],
                )

    def tables_chosen(self, connection_id: str) -> dict[str, Any] | None:
        """What was chosen of the tables before Fivetran knew them; None where nothing was."""
        return self._json("tables_chosen", connection_id)

    def note_tables(self, connection_id: str, chosen: Mapping[str, Any]) -> None:
        """Remembers what was chosen of the tables before Fivetran knew them."""
        self.conn.execute(
            sql.SQL(
                """
                insert into {} (connection_id, tables_chosen) values (%s, %s)
                on conflict (connection_id) do update set tables_chosen = excluded.tables_chosen
                """
            ).format(self._connections),
            [connection_id, Jsonb(chosen)],
        )

    def applied(self, connection_id: str) -> Connection | None:
        """The file as it was last applied; None where it never was."""
        kept = self._json("applied", connection_id)
        return Connection.model_validate(kept) if kept else None

    def note_applied(self, connection_id: str, config: Connection) -> None:
        """Remembers the file that a connection now follows; it holds names of secrets, and no secret."""
        self.conn.execute(
            sql.SQL(
                """
                insert into {} (connection_id, applied, applied_at) values (%s, %s, now())
                on conflict (connection_id) do update
                set applied = excluded.applied, applied_at = excluded.applied_at
                """
            ).format(self._connections),
            [connection_id, Jsonb(config.model_dump(mode="json"))],
        )

    def forget(self, connection_id: str) -> None:
        """Forgets a connection that was deleted."""
        with self.conn.transaction():
            for table in (self._fingerprints, self._connections):
                self.conn.execute(sql.SQL("delete from {} where connection_id = %s").format(table), [connection_id])

    @contextmanager
    def only_one(self, group: str, schema_name: str) -> Iterator[None]:
        """Holds a lock while the block runs: two that apply at once could create two connections.

        Raises:
            ProhandelError: somebody else applies (exit code 4).
        """
        key = zlib.crc32(f"{group}/{schema_name}".encode()) & 0x7FFFFFFF
        row = self.conn.execute("select pg_try_advisory_lock(%s, %s)", [_CLASS, key]).fetchone()
        if not row or not row[0]:
            raise ProhandelError(
                f"Another `prohandel connector apply` changes the connection {schema_name} at this moment.",
                "Wait for it; one that was killed frees the lock at once.",
                exit_code=EXIT_ANOTHER_RUN,
            )
        try:
            yield
        finally:
            self.conn.execute("select pg_advisory_unlock(%s, %s)", [_CLASS, key])

    @property
    def _fingerprints(self) -> sql.Identifier:
        return sql.Identifier(self.schema, "secret_fingerprints")

    @property
    def _connections(self) -> sql.Identifier:
        return sql.Identifier(self.schema, "connections")

    def _json(self, column: str, connection_id: str) -> dict[str, Any] | None:
        if not exists(self.conn, self._connections):
            return None
        row = self.conn.execute(
            sql.SQL("select {} from {} where connection_id = %s").format(sql.Identifier(column), self._connections),
            [connection_id],
        ).fetchone()
        return row[0] if row else None
