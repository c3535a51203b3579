"""Where a run writes: the embedded warehouse, or a target of the user's own dbt profile."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import psycopg
import yaml
from dbt.config.profile import Profile
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from prohandel import warehouse
from prohandel.errors import ProhandelError

PROJECT = Path(__file__).resolve().parents[2]
"""The folder of dbt_project.yml."""

HASH_KEY_VARIABLE = "PROHANDEL_HASH_KEY"

_ENV_VAR = re.compile(r"env_var\(\s*['\"](\w+)")


@dataclass(frozen=True)
class Target:
    """A database that dbt can write to.

    Attributes:
        name: of the dbt target.
        profiles_dir: folder of the profiles.yml that has it.
        schema: the target's own schema, the prefix of all others on dev and ci targets.
        connection: parameters of libpq.
        role: what dbt sets as role after connecting; None where it does not.
        home: where artifacts and logs go.
    """

    name: str
    profiles_dir: Path
    schema: str
    connection: dict[str, str]
    role: str | None
    home: Path

    @property
    def is_embedded(self) -> bool:
        """Is this the warehouse under PROHANDEL_HOME?"""
        return self.name == warehouse.TARGET

    @property
    def artifacts(self) -> Path:
        """Folder of dbt's artifacts for this target."""
        return self.home / "target" / self.name

    @property
    def logs(self) -> Path:
        """Folder of dbt's log."""
        return self.home / "logs"

    @property
    def address(self) -> str:
        """Server and database, for messages; without the password."""
        given = self.connection
        return f"{given['user']}@{given['host']}:{given['port']}/{given['dbname']}"

    def schema_of(self, layer: str) -> str:
        """The schema of a layer, as the macro generate_schema_name has it."""
        return f"{self.schema}_{layer}" if self.name.startswith(("dev", "ci")) else layer

    def connect(self, application: str = "prohandel") -> psycopg.Connection:
        """A connection of its own, each statement its own transaction.

        Raises:
            ProhandelError: the database cannot be reached or does not let us in.
        """
        try:
            conn = psycopg.connect(
                **self.connection,  # type: ignore[arg-type]
                application_name=application,
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            raise connection_error(str(error), self) from error
        if self.role:
            conn.execute(psycopg.sql.SQL("set role {}").format(psycopg.sql.Identifier(self.role)))
        return conn


def exists(conn: psycopg.Connection, relation: psycopg.sql.Identifier) -> bool:
    """Is there a table or view of that name?"""
    row = conn.execute("select to_regclass(%s) is not null", [relation.as_string(conn)]).fetchone()
    return bool(row and row[0])


def find_target(name: str | None, *, needs_hash_key: bool = True) -> Target:
    """The target of that name; the embedded warehouse, started if need be, where none is named.

    Args:
        name: of the dbt target.
        needs_hash_key: whether customers may have to be hashed; what reads marts alone does without the key.

    Raises:
        ProhandelError: there is no such target, its profile cannot be read, or the hash key that it needs is missing.
    """
    home = warehouse.home()
    if name is None or name == warehouse.TARGET:
        profiles_dir = warehouse.start(home)
        return _target(warehouse.TARGET, profiles_dir, home)
    if needs_hash_key:
        _require_hash_key(name)
    return _target(name, _profiles_dir(), home)


def _require_hash_key(name: str) -> None:
    if not os.environ.get(HASH_KEY_VARIABLE):
        raise ProhandelError(
            f"{HASH_KEY_VARIABLE} is not set, the key that customers are hashed with on target '{name}'.",
            f"Keep one long random value per warehouse and export it: {HASH_KEY_VARIABLE}=$(openssl rand -hex 32). "
            "Another value gives every customer another key.",
        )


def hash_key_options() -> dict[str, str]:
    """The environment that hands the hash key to every connection; libpq reads it, no SQL and no file does."""
    key = os.environ.get(HASH_KEY_VARIABLE)
    if not key:
        return {}
    escaped = "".join(f"\\{sign}" if sign in "\\ \t\n" else sign for sign in key)
    return {"PGOPTIONS": f"{os.environ.get('PGOPTIONS', '')} -c prohandel.hash_key={escaped}".strip()}


def _profiles_dir() -> Path:
    """As dbt looks for it, with the project's own folder between the current one and the home folder."""
    named = os.environ.get("DBT_PROFILES_DIR")
    candidates = [Path(named).expanduser()] if named else [Path.cwd(), PROJECT, Path.home() / ".dbt"]
    for candidate in candidates:
        if (candidate / "profiles.yml").is_file():
            return candidate
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise ProhandelError(
        f"There is no profiles.yml in {looked}.",
        "Copy profiles.example.yml there and fill it in, or name its folder in DBT_PROFILES_DIR.",
    )


def _target(name: str, profiles_dir: Path, home: Path) -> Target:
    path = profiles_dir / "profiles.yml"
    try:
        profiles = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ProhandelError(f"{path} cannot be read: {error}", "profiles.example.yml shows its form.") from error
    profile = profiles.get(warehouse.PROFILE)
    if not isinstance(profile, dict) or not isinstance(profile.get("outputs"), dict):
        raise ProhandelError(
            f"{path} has no profile {warehouse.PROFILE}.", "Add it; profiles.example.yml shows its form."
        )
    if name not in profile["outputs"]:
        close = get_close_matches(name, profile["outputs"], n=1)
        known = ", ".join(profile["outputs"])
        raise ProhandelError(
            f"{path} has no target '{name}'.",
            f"Did you mean '{close[0]}'? Targets there: {known}." if close else f"Targets there: {known}.",
        )
    rendered = _rendered(profile, name, path)
    missing = [key for key in ("host", "user", "port", "schema") if not rendered.get(key)]
    missing += [] if rendered.get("dbname") or rendered.get("database") else ["dbname"]
    if missing:
        raise ProhandelError(f"Target '{name}' in {path} lacks {', '.join(missing)}.", "profiles.example.yml has them.")
    if rendered.get("search_path") and os.environ.get(HASH_KEY_VARIABLE):
        raise ProhandelError(
            f"Target '{name}' in {path} sets search_path, which keeps {HASH_KEY_VARIABLE} from reaching the database.",
            "Remove search_path: every name that this project uses carries its schema.",
        )
    return Target(name, profiles_dir, str(rendered["schema"]), _connection(rendered), rendered.get("role"), home)


def _rendered(profile: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    """The target with its env_var() calls filled in, by dbt's own renderer."""
    set_invocation_context(os.environ)
    try:
        _, rendered = Profile.render_profile(profile, warehouse.PROFILE, name, ProfileRenderer({}))
    except Exception as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise ProhandelError(
            f"Target '{name}' in {path} cannot be read: {reason}", "Set the environment variable that it names."
        ) from error
    # dbt takes a password that it cannot render for one that looks like Jinja.
    for unset in _ENV_VAR.findall(str(rendered.get("password") or rendered.get("pass") or "")):
        raise ProhandelError(
            f"Target '{name}' in {path} reads its password from {unset}, which is not set.",
            f"Set the environment variable {unset}.",
        )
    if rendered.get("type") != "postgres":
        raise ProhandelError(
            f"Target '{name}' in {path} is of type {rendered.get('type')}.",
            "This project builds on PostgreSQL: type: postgres.",
        )
    return dict(rendered)


def _connection(rendered: dict[str, Any]) -> dict[str, str]:
    given = {
        "host": rendered["host"],
        "port": rendered["port"],
        "user": rendered["user"],
        "password": rendered.get("password") or rendered.get("pass"),
        "dbname": rendered.get("dbname") or rendered.get("database"),
        "connect_timeout": rendered.get("connect_timeout", 10),
        "keepalives_idle": rendered.get("keepalives_idle") or 60,
        **{key: rendered.get(key) for key in ("sslmode", "sslcert", "sslkey", "sslrootcert")},
    }
    return {key: str(value) for key, value in given.items() if value not in (None, "")}


def connection_error(text: str, target: Target) -> ProhandelError:
    """Says what keeps us out of a database, from libpq's words."""
    first = text.strip().splitlines()[0] if text.strip() else "no reason given"
    given = target.connection
    reasons = (
        (
            ("password authentication failed", "no password supplied"),
            f"The database refuses the password of {given['user']}",
            f"Correct password in the target '{target.name}' of {target.profiles_dir / 'profiles.yml'}, "
            "or the environment variable that it reads.",
        ),
        (
            ("does not exist",),
            "The database does not know that name",
            f"Correct user or dbname in the target '{target.name}' of {target.profiles_dir / 'profiles.yml'}.",
        ),
        (
            ("could not translate host name", "Name or service not known"),
            f"There is no host {given['host']}",
            f"Correct host in the target '{target.name}' of {target.profiles_dir / 'profiles.yml'}.",
        ),
        (
            ("no pg_hba.conf entry",),
            "The database does not admit this machine or its way of connecting",
            "Ask for this machine's address to be admitted, or set sslmode: require in the target.",
        ),
        (
            ("too many connections", "remaining connection slots"),
            "The database has no connection left",
            "Close other clients, or lower threads in the target.",
        ),
    )
    for signs, what, remedy in reasons:
        if any(sign in text for sign in signs):
            return ProhandelError(f"{what} ({target.address}): {first}", remedy)
    remedy = "Start it: prohandel db start" if target.is_embedded else "Check that it runs, and host and port."
    return ProhandelError(f"The database does not answer ({target.address}): {first}", remedy)
