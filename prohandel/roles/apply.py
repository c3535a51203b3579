"""Looks at the roles of a target, and brings them to what they should be in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.pipeline.target import Target
from prohandel.roles.changes import Change, changes
from prohandel.roles.passwords import changes_of_passwords
from prohandel.roles.there import look
from prohandel.roles.wanted import Kind, Wanted


@dataclass(frozen=True)
class Plan:
    """What would be done.

    Attributes:
        changes: in order; none where all is as it should be.
        notes: what no privilege can put right.
    """

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def plan(target: Target, conn: psycopg.Connection, wanted: Wanted, passwords: Mapping[Kind, str]) -> Plan:
    """What would be done; changes nothing.

    Args:
        passwords: environment variables that hold passwords, by kind of role.

    Raises:
        ProhandelError: a role cannot be confined.
    """
    there = look(conn, wanted.schemas, list(wanted.names.values()))
    found = [*changes(wanted, there), *changes_of_passwords(conn, wanted, passwords)]
    return Plan(tuple(found), tuple(_notes(target, wanted)))


def _notes(target: Target, wanted: Wanted) -> list[str]:
    transformer = wanted.names["transformer"]
    if target.connection["user"] == transformer:
        return []
    return [
        f"Runs of the target {target.name} connect as {target.connection['user']}: what they build belongs to that "
        f"role, and readers do not see it. Have the target of the runs log in as {transformer}."
    ]


def apply(conn: psycopg.Connection, wanted: Wanted, found: Sequence[Change]) -> None:
    """Makes the changes, all or none.

    Args:
        conn: in autocommit, as a superuser, or as a role that may create roles and owns the database.

    Raises:
        ProhandelError: the user of the connection may not do it; says which change. Nothing has changed then.
    """
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(hashtextextended('prohandel roles', 0))")
        joined: list[str] = []
        for change in found:
            try:
                if not joined and not change.what.startswith("role "):
                    joined = _join(conn, wanted)
                for statement in change.statements:
                    conn.execute(statement)
            except psycopg.errors.InsufficientPrivilege as error:
                raise ProhandelError(
                    f"{conn.info.user} may not do this: {change.what} ({str(error).splitlines()[0]}).",
                    "Nothing was changed. Use a target that logs in as a superuser, or as the owner of the database "
                    "and of what lies in it, with CREATEROLE.",
                ) from error
        for role in joined:
            conn.execute(sql.SQL("revoke {} from current_user").format(sql.Identifier(role)))


def _join(conn: psycopg.Connection, wanted: Wanted) -> list[str]:
    """Whoever is no superuser gives tables only to roles that they belong to: for the time of the transaction."""
    row = conn.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    if row and row[0]:
        return []
    joined = []
    for name in (wanted.names["loader"], wanted.names["transformer"]):
        is_member = conn.execute("select pg_has_role(current_user, %s, 'usage')", [name]).fetchone()
        if not (is_member and is_member[0]):
            conn.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(name)))
            joined.append(name)
    return joined
