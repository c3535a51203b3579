"""A copy of the package beside a toy project, and the command run in it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from prohandel import cli, warehouse
from prohandel.pipeline import dbt, doctor, documentation, run
from prohandel.pipeline import target as target_module
from prohandel.pipeline.target import PROJECT, Target
from tests.python.conftest import Database, Server

TOY = Path(__file__).parent / "toy_project"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Toy:
    """A toy project with a landed `sale` and `article`, on a database of its own.

    Attributes:
        folder: of the project, with a copy of the package in it.
        database: what it builds in.
        environment: of every command.
    """

    folder: Path
    database: Database
    environment: dict[str, str]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts `prohandel` as a process of its own and leaves it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "prohandel", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment, **environment, "PYTHONPATH": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def prohandel(self, *arguments: str, **environment: str) -> Done:
        """Runs `prohandel` to its end, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in {**self.environment, **environment}.items():
                patch.setenv(name, value)
            for module in (dbt, doctor, documentation, run, target_module):
                patch.setattr(module, "PROJECT", self.folder)
            patch.setattr(sys, "argv", ["prohandel", *arguments])
            patch.chdir(self.folder)
            try:
                cli.main()
            except SystemExit as end:
                return Done(int(end.code or 0), out.getvalue(), err.getvalue())
        return Done(0, out.getvalue(), err.getvalue())

    def run(self, *arguments: str, **environment: str) -> Done:
        """Runs `prohandel run --target toy`."""
        return self.prohandel("run", "--target", "toy", *arguments, **environment)

    def report(self, *arguments: str, code: int = 0, **environment: str) -> dict[str, Any]:
        """The JSON that `prohandel run` reports."""
        done = self.run("--json", *arguments, **environment)
        assert done.code == code, done.err + done.out
        return dict(json.loads(done.out))

    def value(self, query: str) -> Any:
        with self.database.connect() as conn:
            row = conn.execute(query.encode()).fetchone()
            return row[0] if row else None

    def execute(self, statement: str) -> None:
        with self.database.connect() as conn:
            conn.execute(statement.encode())


@pytest.fixture(scope="module")
def toy_of_module(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Toy]:
    """One project for a module, so that dbt parses it once."""
    folder = tmp_path_factory.mktemp("toy") / "toy project"
    shutil.copytree(TOY, folder)
    shutil.copytree(PROJECT / "prohandel", folder / "prohandel", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "packages", folder / "packages")
    shutil.copy(PROJECT / "packages.yml", folder)
    content = yaml.safe_load((folder / "dbt_project.yml").read_text())
    content["vars"] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    content["vars"].update({name: False for name in content["vars"] if name.startswith("using_")})
    content["vars"].update(using_sale=True, using_article=True)
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(content))
    database = server.create_database(f"toy_{os.getpid()}")
    environment = {
        "PROHANDEL_HOME": str(folder.parent / "home"),
        "PROHANDEL_HASH_KEY": "test key",
        "DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/",
        "COLUMNS": "200",
    }
    yield Toy(folder, database, environment)
    database.drop()


@pytest.fixture
def toy(toy_of_module: Toy) -> Toy:
    """The project of the module with nothing built and two sales landed."""
    write_profile(toy_of_module.folder, toy_of_module.database)
    toy_of_module.execute(
        """
        drop schema if exists
            prohandel, prohandl, staging, marts, marts_audit, published, quality, state, snapshots cascade;
        create schema prohandel;
        create table prohandel.article (
            id text primary key, article_number text, _fivetran_synced timestamptz default now()
        );
        insert into prohandel.article values ('1', 'A1');
        create table prohandel.sale (
            id text primary key, date date, article_number text, quantity int, sale_price text,
            _fivetran_synced timestamptz default now()
        );
        insert into prohandel.sale values ('1', '2026-02-27', 'A1', 1, '10'), ('2', '2026-02-27', 'A1', 2, '32.5');
        """
    )
    return toy_of_module


def write_profile(folder: Path, database: Database, **changes: Any) -> None:
    """Writes a profiles.yml with the target `toy`."""
    output = {
        "type": "postgres",
        "host": database.server.socket_dir,
        "port": warehouse.PORT,
        "user": warehouse.USER,
        "password": "",
        "dbname": database.name,
        "schema": "analytics",
        "threads": 2,
        **changes,
    }
    profile = {"prohandel_analytics": {"target": "toy", "outputs": {"toy": output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile))


@pytest.fixture
def target(database: Database, tmp_path: Path) -> Target:
    """The target of a test database, as a module sees it."""
    return target_of(database.server, database.name, tmp_path)


def target_of(server: Server, name: str, home: Path, parameters: Mapping[str, str] | None = None) -> Target:
    """A target for a database of the test server."""
    connection = {
        "host": server.socket_dir,
        "port": str(warehouse.PORT),
        "user": warehouse.USER,
        "dbname": name,
        **(parameters or {}),
    }
    return Target("toy", home, "analytics", connection, None, home)


@pytest.fixture
def landing(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A connection to a database with the schema `prohandel`."""
    conn.execute("create schema prohandel")
    return conn
