"""The commands of the workflows do what they are there for, one after the other as GitHub runs them.

They are taken from the workflows themselves. GitHub, its actions and its command line are stood in for; programs,
profile, landing, production and the role of pull requests are real.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from prohandel import warehouse
from prohandel.landing.simulate import simulate
from prohandel.landing.state import note_landing
from prohandel.pipeline.target import PROJECT
from tests.python.conftest import Database, Server
from tests.python.project.copies import copy_project
from tests.python.project.schedules import Command, commands_of, workflow

pytestmark = pytest.mark.slow

# Both work in the whole checkout for minutes, and have tests of their own.
TESTED_ELSEWHERE = (
    Command("make", ("lint",)),
    Command("make", ("elementary-report", "TARGET=prod")),
)
TOUCHED = "int_inventory__pair_windows"
CI_ROLE = f"prohandel_ci_{os.getpid()}"
# One good hourly run, whose artifacts lie in $GH_ARTIFACTS; none where that folder is not there.
GH = """#!/bin/sh
set -e
case "$1 $2" in
    "run list") if [ -d "$GH_ARTIFACTS" ]; then echo 1; fi ;;
    "run download") mkdir -p "$7" && cp "$GH_ARTIFACTS/$5"/* "$7" ;;
    *) echo "gh $1 $2 is not stood in for" >&2; exit 2 ;;
esac
"""


@dataclass
class Checkout:
    """A copy of the project, and the jobs that GitHub would run in it.

    Attributes:
        folder: of the copy.
        values: of the expressions in workflows, by name: `vars.…`, `secrets.…`, `github.…`.
        environment: of every step, beside what the workflow sets.
        artifacts: where uploaded files go, in a folder for each artifact.
        said: what the steps have printed.
    """

    folder: Path
    values: Mapping[str, str]
    environment: Mapping[str, str]
    artifacts: Path
    said: list[str] = field(default_factory=list)

    def run(self, name: str) -> dict[str, str]:
        """Runs all jobs of a workflow; returns their results."""
        results: dict[str, str] = {}
        for job in workflow(self.folder / ".github" / "workflows" / f"{name}.yml")["jobs"]:
            results[job] = self.job(name, job, results)
        return results

    def job(self, name: str, job: str, results: Mapping[str, str]) -> str:
        """Runs one job, given the results of those before it; returns its own: success, failure or skipped."""
        content = workflow(self.folder / ".github" / "workflows" / f"{name}.yml")
        definition = content["jobs"][job]
        values = {**self.values, **{f"needs.{needed}.result": result for needed, result in results.items()}}
        needs = definition.get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        if not holds(definition.get("if"), values, has_failed=any(results[needed] != "success" for needed in needs)):
            return "skipped"
        has_failed = False
        for step in definition["steps"]:
            outcome = "skipped"
            if holds(step.get("if"), values, has_failed=has_failed):
                given = content.get("env", {}) | definition.get("env", {}) | step.get("env", {})
                outcome = self._step(step, {name: filled(str(value), values) for name, value in given.items()})
            if "id" in step:
                values[f"steps.{step['id']}.outcome"] = outcome
            has_failed = has_failed or (outcome == "failure" and not step.get("continue-on-error"))
        return "failure" if has_failed else "success"

    def _step(self, step: Mapping[str, Any], given: Mapping[str, str]) -> str:
        if "uses" in step:
            if "upload-artifact" in step["uses"]:
                self._upload(step["with"])
            return "success"
        if any(command in TESTED_ELSEWHERE for command in commands_of(step["run"])):
            return "success"
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", step["run"]],
            cwd=self.folder,
            env={**self.environment, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
        )
        self.said.append(f"$ {step['run'].strip()}\n{done.stdout}\nexit code {done.returncode}")
        return "failure" if done.returncode else "success"

    def _upload(self, asked: Mapping[str, str]) -> None:
        for name in asked["path"].split():
            if (self.folder / name).is_file():
                (self.artifacts / asked["name"]).mkdir(parents=True, exist_ok=True)
                shutil.copy(self.folder / name, self.artifacts / asked["name"])

    @property
    def log(self) -> str:
        """The end of what each step printed."""
        return "\n\n".join(text[-3000:] for text in self.said)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its expressions filled in."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: values[match[1]], text)


def holds(condition: str | None, values: Mapping[str, str], *, has_failed: bool) -> bool:
    """Does the `if:` of a job or step hold? Knows calls of status functions, comparisons, and && between them."""
    functions = {"always()": True, "success()": not has_failed, "failure()": has_failed, "cancelled()": False}
    terms = (condition or "success()").removeprefix("${{").removesuffix("}}").strip().split(" && ")
    # Without a call of a status function, a condition only counts as long as nothing has failed.
    if not any(term.removeprefix("!") in functions for term in terms):
        terms.append("success()")
    return all(_term_holds(term, functions, values) for term in terms)


def _term_holds(term: str, functions: Mapping[str, bool], values: Mapping[str, str]) -> bool:
    if term.removeprefix("!") in functions:
        return functions[term.removeprefix("!")] != term.startswith("!")
    match = re.match(r"^(\S+) (==|!=) (\S+)$", term)
    assert match, f"a condition that this test does not know: {term}"
    left, right = (side.strip("'") if side.startswith("'") else values[side] for side in (match[1], match[3]))
    return (left == right) == (match[2] == "==")


def test_conditions() -> None:
    values = {"steps.a.outcome": "failure", "x": "y"}
    assert holds(None, values, has_failed=False)
    assert not holds(None, values, has_failed=True)
    assert holds("steps.a.outcome != 'success'", values, has_failed=False)
    assert not holds("steps.a.outcome != 'success'", values, has_failed=True)
    assert holds("always() && x == 'y'", values, has_failed=True)
    assert not holds("always() && x != 'y'", values, has_failed=True)
    assert holds("${{ !cancelled() }}", values, has_failed=True)


@dataclass(frozen=True)
class Production:
    """Production after its first hourly run.

    Attributes:
        main: the checkout that it runs from.
        database: what it builds in.
        variables: what fits the landing, as a user has them in dbt_project.yml.
        results: of the jobs of the first run.
    """

    main: Checkout
    database: Database
    variables: Mapping[str, Any]
    results: Mapping[str, str]

    def schemas(self, beginning: str) -> set[str]:
        """The schemas whose names begin so."""
        with self.database.connect() as conn:
            found = conn.execute("select nspname from pg_namespace where starts_with(nspname, %s)", [beginning])
            return {name for (name,) in found}

    def lines(self) -> int:
        """The rows of a mart that people read."""
        with self.database.connect() as conn:
            row = conn.execute("select count(*) from marts.fct_sale_lines").fetchone()
            return int(row[0]) if row else 0

    def branch(self, folder: Path, number: int) -> Checkout:
        """A checkout of a pull request, with nothing changed yet."""
        copy_project(folder, self.variables)
        values = {**self.main.values, "github.event.number": str(number)}
        environment = {**self.main.environment, "PYTHONPATH": str(folder)}
        return Checkout(folder, values, environment, self.main.artifacts)


@pytest.fixture(scope="module")
def production(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    place = tmp_path_factory.mktemp("schedules")
    database = server.create_database(f"scheduled_{os.getpid()}")
    (place / "home").mkdir()
    with database.connect() as conn:
        simulate(conn, "prohandel", scale="small", seed=1, dirt=0.001, home=place / "home")
        variables = note_landing(conn, "prohandel", place / "home")
    copy_project(place / "main", variables)
    (place / "bin").mkdir()
    (place / "bin" / "gh").write_text(GH)
    (place / "bin" / "gh").chmod(0o755)
    programs = os.pathsep.join([str(place / "bin"), os.environ["PATH"], str(warehouse.binary("psql").parent)])
    repository = "retailer/analytics"
    values = {
        "vars.PROHANDEL_DB_HOST": server.socket_dir,
        "vars.PROHANDEL_DB_NAME": database.name,
        "vars.PROHANDEL_DB_USER": warehouse.USER,
        "vars.PROHANDEL_CI_USER": CI_ROLE,
        "secrets.PROHANDEL_DB_PASSWORD": "nobody asks for it",
        "secrets.PROHANDEL_CI_PASSWORD": "nobody asks for it",
        "secrets.PROHANDEL_HASH_KEY": "test-key",
        "secrets.PROHANDEL_ALERTS_ON_CALL": "",
        "github.ref": "refs/heads/main",
        "github.repository": repository,
        "github.event.pull_request.head.repo.full_name": repository,
        "github.token": "none",
    }
    environment = {
        "PATH": programs,
        "HOME": str(place / "home"),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "PYTHONPATH": str(place / "main"),
        "DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/",
        "GH_ARTIFACTS": str(place / "artifacts"),
    }
    main = Checkout(place / "main", values, environment, place / "artifacts")
    create_ci_role(database, programs)
    yield Production(main, database, variables, main.run("hourly"))
    database.drop()
    with server.connect() as conn:
        conn.execute(f"drop role {CI_ROLE}".encode())


def create_ci_role(database: Database, programs: str) -> None:
    """Creates the role of pull requests with the script that users are given."""
    psql = shutil.which("psql", path=programs)
    assert psql
    subprocess.run(
        [
            *(psql, "--no-psqlrc", "--host", database.server.socket_dir, "--username", warehouse.USER),
            *("--dbname", database.name, "--set", "ON_ERROR_STOP=1", "--set", f"role={CI_ROLE}"),
            *("--file", str(PROJECT / "deploy" / "github" / "ci_role.sql")),
        ],
        check=True,
        capture_output=True,
    )


def read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def built_models(folder: Path) -> set[str]:
    """The models that the last dbt command of a checkout has built, by name."""
    results = read_json(folder / "target" / "run_results.json")["results"]
    return {result["unique_id"].split(".")[-1] for result in results if result["unique_id"].startswith("model.")}


def with_descendants(folder: Path, model: str) -> set[str]:
    """A model and all models that are built from it, by name."""
    children = read_json(folder / "target" / "manifest.json")["child_map"]
    found, waiting = set[str](), [f"model.prohandel_analytics.{model}"]
    while waiting:
        unique_id = waiting.pop()
        if unique_id.startswith("model.") and unique_id not in found:
            found.add(unique_id)
            waiting += children[unique_id]
    return {unique_id.split(".")[-1] for unique_id in found}


def touch(folder: Path, model: str, line: str) -> None:
    """Adds a line to a model."""
    (path,) = (folder / "models").rglob(f"{model}.sql")
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def test_the_hourly_run_builds_and_leaves_its_manifest(production: Production) -> None:
    assert production.results == {"run": "success"}, production.main.log
    assert production.lines() > 0
    uploaded = {path.name for path in (production.main.artifacts / "production-manifest").iterdir()}
    assert uploaded == {"manifest.json", "run_results.json"}


@pytest.mark.parametrize("name", ["freshness", "nightly"])
def test_the_other_schedules(production: Production, name: str) -> None:
    production.main.said.clear()
    assert set(production.main.run(name).values()) == {"success"}, production.main.log
    assert production.main.said


def test_a_pull_request_builds_what_it_changes_and_leaves_nothing(production: Production, tmp_path: Path) -> None:
    before = production.lines()
    branch = production.branch(tmp_path / "branch", 12)
    touch(branch.folder, TOUCHED, "-- touched")
    results = {"build": branch.job("pull_request", "build", {})}
    assert results == {"build": "success"}, branch.log

    expected = with_descendants(branch.folder, TOUCHED)
    assert len(expected) > 1
    # The macros of windows read the as-of date from it.
    assert built_models(branch.folder) == expected | {"int_as_of"}
    made = production.schemas("ci_")
    assert "ci_pr_12_intermediate" in made
    assert {name for name in made if not name.startswith("ci_pr_12_")} == set()

    # Another pull request, which builds at the same time, keeps its schemas.
    with production.database.connect() as conn:
        conn.execute("create schema ci_pr_123_marts")
        conn.execute(f"alter schema ci_pr_123_marts owner to {CI_ROLE}".encode())
    assert branch.job("pull_request", "drop", results) == "success", branch.log
    assert production.schemas("ci_") == {"ci_pr_123_marts"}
    with production.database.connect() as conn:
        conn.execute("drop schema ci_pr_123_marts")
    assert production.lines() == before


def test_a_pull_request_that_fails_leaves_nothing_either(production: Production, tmp_path: Path) -> None:
    branch = production.branch(tmp_path / "branch", 13)
    touch(branch.folder, TOUCHED, "where no_such_column")
    results = {"build": branch.job("pull_request", "build", {})}
    assert results == {"build": "failure"}
    assert "no_such_column" in branch.log
    assert production.schemas("ci_pr_13_")
    assert branch.job("pull_request", "drop", results) == "success", branch.log
    assert production.schemas("ci_pr_13_") == set()
    assert production.lines() > 0


def test_without_a_manifest_a_pull_request_builds_everything(production: Production, tmp_path: Path) -> None:
    branch = production.branch(tmp_path / "branch", 14)
    branch.environment = {**branch.environment, "GH_ARTIFACTS": str(tmp_path / "none")}
    assert branch.run("pull_request") == {"lint": "success", "build": "success", "drop": "success"}, branch.log
    assert {TOUCHED, "fct_sale_lines", "sales_performance"} <= built_models(branch.folder)
    assert (branch.folder / "target" / "production").exists() is False
    assert production.schemas("ci_pr_14_") == set()


def test_a_pull_request_from_a_fork_is_not_built(production: Production, tmp_path: Path) -> None:
    of_event = {"github.event.number": "13", "github.event.pull_request.head.repo.full_name": "somebody/else"}
    values = {**production.main.values, **of_event}
    fork = Checkout(production.main.folder, values, production.main.environment, tmp_path)
    assert fork.run("pull_request") == {"lint": "success", "build": "skipped", "drop": "skipped"}
