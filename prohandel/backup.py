"""Backs the embedded warehouse up into one file, and restores it.

A backup is a tar file: the database as pg_dump writes it, what belongs to the server rather than to the database
(roles and settings), and what belongs to the same state outside of it (the simulated retailer, its truth, and which
variables fit the landed tables).
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from prohandel import __version__, warehouse
from prohandel.errors import ProhandelError

_FORMAT = "prohandel-backup-1"
_DUMP = "warehouse.dump"
_MANIFEST = "manifest.json"
_BESIDE_THE_DATABASE = ("truth", "simulation", "state.json")
_RESTORING = "warehouse_restoring"


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        format: of the file.
        prohandel: version that wrote it.
        postgres: major version of the server that it was taken from.
        taken_at: ISO time, UTC.
        roles: the server's roles, without the superuser.
        settings: settings of the database, each "name=value".
    """

    format: str
    prohandel: str
    postgres: int
    taken_at: str
    roles: tuple[str, ...]
    settings: tuple[str, ...]


def backup(file: Path, at: Path | None = None, *, say: Callable[[str], None] = lambda _: None) -> Manifest:
    """Writes a backup while the server runs; others may go on working.

    Args:
        file: written whole or not at all; one that exists is replaced.
        at: the home of the warehouse; `warehouse.home()` by default.
        say: told what is done.

    Raises:
        ProhandelError: the file cannot be written, or pg_dump fails.
    """
    at = at or warehouse.home()
    warehouse.start(at)
    with warehouse.connect(at, autocommit=True) as conn:
        manifest = _manifest(conn)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
            dump = Path(folder) / _DUMP
            say("database")
            _run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={warehouse.url(at)}")
            part = Path(folder) / "backup.tar"
            with tarfile.open(part, "w") as tar:
                text = json.dumps(asdict(manifest), indent=2).encode()
                entry = tarfile.TarInfo(_MANIFEST)
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text))
                tar.add(dump, _DUMP)
                for name in _BESIDE_THE_DATABASE:
                    if (at / name).exists():
                        say(name)
                        tar.add(at / name, name)
            part.replace(file)
    except OSError as error:
        raise ProhandelError(f"{file} cannot be written: {error.strerror}.", "Name a file elsewhere.") from error
    return manifest


def restore(file: Path, at: Path | None = None, *, say: Callable[[str], None] = lambda _: None) -> Manifest:
    """Replaces the warehouse by a backup; until the restore is complete, the old content stays.

    Args:
        file: written by `backup`.
        at: the home of the warehouse; `warehouse.home()` by default.
        say: told what is done.

    Raises:
        ProhandelError: the file is no backup or damaged, or somebody is connected to the warehouse.
    """
    at = at or warehouse.home()
    with tempfile.TemporaryDirectory(prefix="prohandel-restore-") as name:
        folder = Path(name)
        manifest = _unpacked(file, folder)
        warehouse.start(at)
        with warehouse.connect(at, "postgres", autocommit=True) as conn:
            _refuse_while_used(conn)
            _create_roles(conn, manifest)
            _drop(conn, _RESTORING)
            conn.execute(sql.SQL("create database {} template template0").format(sql.Identifier(_RESTORING)))
            try:
                say("database")
                _run("pg_restore", "--exit-on-error", f"--dbname={warehouse.url(at, _RESTORING)}", str(folder / _DUMP))
            except ProhandelError:
                _drop(conn, _RESTORING)
                raise
            _refuse_while_used(conn)
            _drop(conn, warehouse.DATABASE)
            conn.execute(
                sql.SQL("alter database {} rename to {}").format(
                    sql.Identifier(_RESTORING), sql.Identifier(warehouse.DATABASE)
                )
            )
            _apply_settings(conn, manifest)
        for entry in _BESIDE_THE_DATABASE:
            say(entry)
            _replace(at / entry, folder / entry)
        warehouse.start(at)
    return manifest


def _manifest(conn: psycopg.Connection) -> Manifest:
    roles = conn.execute(
        "select rolname from pg_roles where rolname not like 'pg\\_%%' and rolname <> %s order by 1", [warehouse.USER]
    ).fetchall()
    settings = conn.execute(
        """
        select unnest(settings.setconfig)
        from pg_db_role_setting as settings
        inner join pg_database as databases on settings.setdatabase = databases.oid
        where databases.datname = current_database() and settings.setrole = 0
        """
    ).fetchall()
    return Manifest(
        format=_FORMAT,
        prohandel=__version__,
        postgres=conn.info.server_version // 10_000,
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        roles=tuple(row[0] for row in roles),
        settings=tuple(row[0] for row in settings),
    )


def _unpacked(file: Path, folder: Path) -> Manifest:
    try:
        with tarfile.open(file) as tar:
            tar.extractall(folder, filter="data")
        content: dict[str, Any] = json.loads((folder / _MANIFEST).read_text())
    except FileNotFoundError as error:
        if not file.exists():
            raise ProhandelError(
                f"There is no file {file}.", "Name the file that `prohandel db backup` wrote."
            ) from error
        raise _no_backup(file) from error
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise _no_backup(file) from error
    except OSError as error:
        raise ProhandelError(
            f"{file} cannot be read or unpacked: {error.strerror}.", "Check space and rights."
        ) from error
    if content.get("format") != _FORMAT or not (folder / _DUMP).exists():
        raise _no_backup(file)
    return Manifest(**{**content, "roles": tuple(content["roles"]), "settings": tuple(content["settings"])})


def _no_backup(file: Path) -> ProhandelError:
    return ProhandelError(
        f"{file} is no backup of a prohandel warehouse, or it is damaged.",
        "Name a file that `prohandel db backup` wrote; nothing was changed.",
    )


def _run(program: str, *arguments: str) -> None:
    """Runs a client program of the embedded PostgreSQL."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [warehouse.binary(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        full = any("No space left" in line or "could not write" in line for line in lines)
        raise ProhandelError(
            f"{program} failed: " + "\n  ".join(lines[:5]),
            "The disk is full: free space and try again." if full else "Nothing was replaced.",
        )


def _refuse_while_used(conn: psycopg.Connection) -> None:
    users = conn.execute(
        """
        select coalesce(nullif(application_name, ''), 'unnamed') || ' (process ' || pid || ')'
        from pg_stat_activity
        where datname = %s and backend_type = 'client backend'
        order by 1
        """,
        [warehouse.DATABASE],
    ).fetchall()
    if users:
        raise ProhandelError(
            f"The warehouse is in use by {', '.join(row[0] for row in users)}.",
            "Close those connections (or `prohandel db stop`, which ends them), then restore again.",
        )


def _create_roles(conn: psycopg.Connection, manifest: Manifest) -> None:
    for role in manifest.roles:
        if conn.execute("select from pg_roles where rolname = %s", [role]).fetchone() is None:
            conn.execute(sql.SQL("create role {}").format(sql.Identifier(role)))


def _drop(conn: psycopg.Connection, database: str) -> None:
    conn.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(database)))


def _apply_settings(conn: psycopg.Connection, manifest: Manifest) -> None:
    for setting in manifest.settings:
        name, value = setting.split("=", 1)
        conn.execute(
            sql.SQL("alter database {} set {} = {}").format(
                sql.Identifier(warehouse.DATABASE),
                sql.SQL(".").join(map(sql.Identifier, name.split("."))),
                sql.Literal(value),
            )
        )


def _replace(old: Path, new: Path) -> None:
    """Puts a restored file or folder in the place of the present one, which goes even where the backup has none."""
    if old.is_dir():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)
    if new.exists():
        shutil.move(new, old)
