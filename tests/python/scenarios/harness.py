"""Builds the project on databases of the test server and compares what came out."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg import sql

PROJECT = Path(__file__).resolve().parents[3]
SIMULATED_VARS = {"using_category": True, "using_supplier": True, "using_inventory_history": True}
# Timestamps of the run itself: everything else in the marts is a function of landed rows, seeds and variables.
SCHEMAS_COMPARED = ("marts",)
# The project as dbt has parsed it, where one process runs many tests and has done so once for all of them.
PARSED: Manifest | None = None
# The same by folder and variables: parsing takes as long as many a build.
_PARSED_BY_VARIABLES: dict[tuple[Path, str], Manifest] = {}


@dataclass
class Warehouse:
    """One database of the embedded test server, with the project built in it.

    Attributes:
        socket_dir: folder of the server's unix socket.
        name: database name.
        workdir: where dbt's target, logs and profile of this database go.
        variables: dbt variables of every build.
        session: libpq options of every dbt connection, e.g. ``{"timezone": "America/Lima"}``.
        project: folder of dbt_project.yml.
    """

    socket_dir: str
    name: str
    workdir: Path
    variables: dict[str, Any] = field(default_factory=lambda: dict(SIMULATED_VARS))
    session: dict[str, str] = field(default_factory=dict)
    project: Path = PROJECT

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=self.socket_dir, user="postgres", dbname=self.name, autocommit=True)

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self.connect() as conn:
            cursor = conn.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def write_profile(self) -> Path:
        folder = self.workdir / f"profile_{self.name}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "profiles.yml").write_text(json.dumps(profile(self.socket_dir, self.name)))
        return folder

    def dbt(self, *arguments: str, variables: Mapping[str, Any] | None = None, must_pass: bool = True) -> Any:
        """Runs one dbt command in this process and returns dbt's result object."""
        given = {**self.variables, **(variables or {})}
        manifest = self.manifest(given)
        result = self._invoke(manifest, ["--no-write-json", *arguments], given)
        if must_pass and not result.success:
            failures = [
                f"{row.node.unique_id}: {row.message}"
                for row in getattr(result.result, "results", []) or []
                if str(row.status) in {"error", "fail", "runtime error"}
            ]
            raise AssertionError(f"dbt {' '.join(arguments)} failed: {result.exception or failures}")
        return result

    def parse(self) -> Path:
        """Parses the project anew; returns the folder where dbt wrote its manifests."""
        result = self._invoke(None, ["parse"], self.variables)
        assert result.success, result.exception
        return self.workdir / f"target_{self.name}"

    def manifest(self, variables: Mapping[str, Any]) -> Manifest:
        """The project as dbt understands it, its relations in this database."""
        if PARSED is not None:
            return moved(PARSED, self.name)
        # What a nightly run does otherwise is decided when a node runs.
        lasting = {name: value for name, value in variables.items() if name != "nightly"}
        key = (self.project, json.dumps(lasting, sort_keys=True))
        if key not in _PARSED_BY_VARIABLES:
            _PARSED_BY_VARIABLES[key] = parse(self.project, lasting)
        return moved(_PARSED_BY_VARIABLES[key], self.name)

    def _invoke(self, manifest: Manifest | None, arguments: list[str], variables: Mapping[str, Any]) -> Any:
        options = {"prohandel.hash_key": "test-key", **self.session}
        with environment(PGOPTIONS=" ".join(f"-c {name}={value}" for name, value in options.items())):
            return dbtRunner(manifest=manifest).invoke(
                [
                    *("--quiet", "--log-level-file", "none"),
                    *arguments,
                    *("--project-dir", str(self.project)),
                    *("--profiles-dir", str(self.write_profile())),
                    *("--target-path", str(self.workdir / f"target_{self.name}")),
                    *("--log-path", str(self.workdir / f"logs_{self.name}")),
                    *("--vars", json.dumps(variables)),
                ]
            )

    def build(self, *, full_refresh: bool = False, nightly: bool = False, tests: bool = False) -> None:
        """Seeds, snapshots and models (and tests, if asked for), as `prohandel run` builds them."""
        arguments = ["build"]
        if not tests:
            arguments += ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        if full_refresh:
            arguments.append("--full-refresh")
        self.dbt(*arguments, variables={"nightly": nightly} if nightly else None)

    def clone(self, name: str) -> Warehouse:
        """A copy of this database, state and snapshots included. Needs that nobody is connected to it."""
        with psycopg.connect(host=self.socket_dir, user="postgres", dbname="postgres", autocommit=True) as conn:
            conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            conn.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(self.name))
            )
        return Warehouse(self.socket_dir, name, self.workdir, dict(self.variables), dict(self.session), self.project)

    def rows(self, schema: str, table: str) -> list[str]:
        """All rows of a table as text, in one order."""
        with self.connect() as conn:
            conn.execute("set timezone = 'UTC'")
            conn.execute("set datestyle = 'ISO'")
            query = sql.SQL("select t::text from {} as t order by 1").format(sql.Identifier(schema, table))
            return [row[0] for row in conn.execute(query)]

    def tables(self, schema: str) -> list[str]:
        found = self.execute(
            "select table_name from information_schema.tables where table_schema = %(schema)s order by 1",
            {"schema": schema},
        )
        return [row[0] for row in found]


def differences(left: Warehouse, right: Warehouse) -> list[str]:
    """What differs between the marts of two databases, a line per mart with sample rows; empty if nothing does."""
    found = []
    for schema in SCHEMAS_COMPARED:
        assert left.tables(schema), f"{left.name} has no {schema}"
        if left.tables(schema) != right.tables(schema):
            found.append(f"{schema}: {left.tables(schema)} against {right.tables(schema)}")
        for table in left.tables(schema):
            ours, theirs = left.rows(schema, table), right.rows(schema, table)
            if ours != theirs:
                only_ours, only_theirs = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
                found.append(
                    f"{schema}.{table}: {len(ours)} rows against {len(theirs)}; "
                    f"only {left.name}: {len(only_ours)}, e.g. {only_ours[:3]}; "
                    f"only {right.name}: {len(only_theirs)}, e.g. {only_theirs[:3]}"
                )
    return found


def parse(project: Path, variables: Mapping[str, Any]) -> Manifest:
    """The project as dbt understands it, for no database in particular.

    What dbt keeps for its next parse stays in the project's target folder, where the other processes of a test session
    find it; the lock lets one of them parse while the others wait.
    """
    given = json.dumps(variables, sort_keys=True)
    folder = project / "target" / "parsed" / hashlib.sha256(given.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "profiles.yml").write_text(json.dumps(profile(host="nowhere", database="parsed")))
        result = dbtRunner().invoke(
            [
                *("--quiet", "--log-level-file", "none", "parse", "--project-dir", str(project)),
                *("--profiles-dir", str(folder), "--target-path", str(folder), "--log-path", str(folder)),
                *("--vars", given),
            ]
        )
    assert isinstance(result.result, Manifest), result.exception
    return result.result


def profile(host: str, database: str) -> dict[str, Any]:
    """The content of profiles.yml for a database of the test server."""
    output = {
        "type": "postgres",
        "host": host,
        "port": 5432,
        "user": "postgres",
        "password": "",
        "dbname": database,
        "schema": "analytics",
        "threads": 2,
    }
    return {"prohandel_analytics": {"target": "embedded", "outputs": {"embedded": output}}}


def moved(manifest: Manifest, database: str) -> Manifest:
    """The manifest itself, the relations of its nodes in another database."""
    nodes = [*manifest.nodes.values(), *manifest.sources.values()]
    if any(node.database != database for node in nodes):
        for node in nodes:
            if node.relation_name and node.database:
                node.relation_name = node.relation_name.replace(f'"{node.database}".', f'"{database}".', 1)
            node.database = database
        # What macros see as `graph`.
        manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return manifest


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Sets environment variables for the time of a block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
