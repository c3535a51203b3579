"""Passwords of roles: taken from the environment, hashed here, never written into a statement as they are.

PostgreSQL stores SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677): iterations, salt, StoredKey and ServerKey. libpq makes
one from a password, so that neither the server nor its log sees the password; and a stored one tells whether a password
is the one that it was made from.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from prohandel.errors import ProhandelError
from prohandel.roles.changes import Change
from prohandel.roles.wanted import KINDS, Kind, Wanted


def variables(given: Sequence[str]) -> dict[Kind, str]:
    """The environment variables that hold passwords, by kind of role, from KIND=VARIABLE.

    Raises:
        ProhandelError: a kind is unknown, or a variable is not set.
    """
    found: dict[Kind, str] = {}
    for text in given:
        kind, is_pair, variable = text.partition("=")
        known = next((one for one in KINDS if one == kind), None)
        if known is None or not is_pair or not variable:
            raise ProhandelError(
                f"--password-env {text}: not of the form KIND=VARIABLE.",
                f"KIND is one of {', '.join(KINDS)}; VARIABLE is the name of an environment variable, not a password.",
            )
        if not os.environ.get(variable):
            raise ProhandelError(
                f"--password-env {text}: the environment variable {variable} is not set.", f"Set {variable}."
            )
        found[known] = variable
    return found


def changes_of_passwords(conn: psycopg.Connection, wanted: Wanted, given: Mapping[Kind, str]) -> list[Change]:
    """Sets the passwords that differ from those in the environment.

    Where the server does not show what it stores (it does to superusers alone), a password counts as changed.
    """
    found = []
    for kind, variable in given.items():
        role, password = wanted.names[kind], os.environ[variable]
        if is_password_of(_stored(conn, role), password):
            continue
        verifier = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        statement = sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
        found.append(Change("~", f"password of {role}, from {variable}", (statement,)))
    return found


def _stored(conn: psycopg.Connection, role: str) -> str | None:
    try:
        with conn.transaction():
            row = conn.execute("select rolpassword from pg_authid where rolname = %s", [role]).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return None
    return row[0] if row else None


def is_password_of(verifier: str | None, password: str) -> bool:
    """Is this the password that a stored SCRAM-SHA-256 verifier was made from? False for any other kind."""
    if not verifier or not verifier.startswith("SCRAM-SHA-256$") or not password.isascii():
        return False
    _, parameters, keys = verifier.split("$")
    iterations, salt = parameters.split(":")
    stored_key = base64.b64decode(keys.split(":")[0])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)
