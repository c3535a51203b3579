"""Plants deliberate errors in a copy of the project, one at a time, and shows which test notices each.

Run by `make mutation`. The copy, a warm server and the small retailer built without an error lie in target/mutation and are
used again. Every error is tried in a process of its own, forked after the imports and the parse, which cost more than
most tests do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients import jinja
from hypothesis import Phase, settings
from psycopg import sql
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prohandel import warehouse
from tests.python.mutation.listing import KINDS, Check, ListError, Mutation, planted, read

if TYPE_CHECKING:
    from tests.python.scenarios.harness import Warehouse

PROJECT = Path(__file__).resolve().parents[3]
PLACE = PROJECT / "target" / "mutation"
COPY = PLACE / "project"
COPIED = (
    *("analyses", "dbt_packages", "macros", "models", "packages", "prohandel", "seeds", "snapshots", "tests"),
    *(
        ".dbtignore",
        "dbt_project.yml",
        "packages.yml",
        "profiles.example.yml",
        "pyproject.toml",
        "README.md",
        "requirements.lock",
    ),
)
BASE = "mutation_base"
SECONDS = 600
# Settled by the first test that fails: the example need be neither random nor small.
EXAMPLES = "mutation"

console = Console(width=max(Console().width, 120), highlight=False, markup=True)


@dataclass
class Outcome:
    """What became of one error.

    Attributes:
        caught_by: the test that failed first; empty where none did.
        message: its last words.
        seconds: how long it took.
        broken: why the error could not be tried, e.g. SQL that does not even run; empty where it could.
    """

    caught_by: str = ""
    message: str = ""
    seconds: float = 0.0
    broken: str = ""


@dataclass
class Prepared:
    """What all errors share.

    Attributes:
        manifest: the copy as dbt parses it, without an error.
        socket_dir: the folder of the warm server's socket.
    """

    manifest: Manifest
    socket_dir: str


@dataclass(eq=False)
class Failures:
    """A pytest plugin that keeps the first failure."""

    first: tuple[str, str] | None = None

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and self.first is None:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.first = (report.nodeid, str(crash.message if crash else report.longreprtext))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)


@dataclass
class Child:
    """Runs in the forked process: its imports are those of the copy."""

    prepared: Prepared
    name: str
    modules: dict[str, Any] = field(default_factory=dict)

    def enter(self, mutation: Mutation | None) -> None:
        log = os.open(PLACE / "logs" / f"{self.name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(COPY)
        sys.path[:] = [str(COPY), *(path for path in sys.path if path and Path(path).resolve() != PROJECT)]
        for name in [name for name in sys.modules if name.split(".")[0] in ("prohandel", "tests")]:
            del sys.modules[name]
        manifest: Manifest | None = self.prepared.manifest
        if mutation is not None and manifest is not None and not _plant_in_manifest(manifest, mutation):
            manifest = None if _is_dbt(mutation.file) else manifest
        from tests.python.scenarios import harness

        harness.PARSED = manifest
        settings.register_profile(EXAMPLES, derandomize=True, phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile(EXAMPLES)

    def run(self, check: Check) -> tuple[str, str] | None:
        """The test that failed and its message."""
        runs: dict[str, Callable[[str], tuple[str, str] | None]] = {
            "unit": self._unit,
            "pytest": self._pytest,
            "build": self._build,
        }
        return runs[check.kind](check.subject)

    def _warehouse(self, name: str) -> Warehouse:
        from tests.python.scenarios.harness import Warehouse as Copied

        return Copied(self.prepared.socket_dir, name, PLACE / "work")

    def _unit(self, model: str) -> tuple[str, str] | None:
        models = " ".join(f"{name},test_type:unit" for name in model.split())
        return _first_failure(self._warehouse(BASE).dbt("test", "--select", *models.split(), must_pass=False))

    def _build(self, selection: str) -> tuple[str, str] | None:
        built = self._warehouse(BASE).clone("mutation_build")
        arguments = ("build", "--full-refresh", "--fail-fast", "--exclude-resource-type", "unit_test")
        return _first_failure(built.dbt(*arguments, "--select", *selection.split(), must_pass=False))

    def _pytest(self, nodes: str) -> tuple[str, str] | None:
        failures = Failures()
        ignored = "ignore::pytest.PytestAssertRewriteWarning"
        options = ["-q", "-x", "-W", ignored, "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={PLACE / 'tmp'}"]
        code = pytest.main([*options, *nodes.split()], plugins=[failures])
        if failures.first is None and code != pytest.ExitCode.OK:
            raise ListError(f"pytest {nodes} ended with {code!r}.")
        return failures.first


def _is_dbt(file: str) -> bool:
    return not file.endswith((".py", ".csv"))


def _plant_in_manifest(manifest: Manifest, mutation: Mutation) -> bool:
    """Plants an error in what dbt has parsed; False where it is no text that dbt keeps."""
    for macro in manifest.macros.values():
        if macro.package_name == "prohandel_analytics" and macro.original_file_path == mutation.file:
            if mutation.find in macro.macro_sql:
                macro.macro_sql = planted(mutation, macro.macro_sql)
                jinja.template_cache.clear()
                return True
    for node in manifest.nodes.values():
        code = getattr(node, "raw_code", "")
        if node.original_file_path == mutation.file and mutation.find in code:
            # What `config` says is kept apart from the text, so that a change of it has to be parsed.
            if code.find(mutation.find) < code.find(") }}") and code.lstrip().startswith("{{ config("):
                return False
            node.raw_code = planted(mutation, node.raw_code)
            return True
    return False


def _first_failure(result: Any) -> tuple[str, str] | None:
    rows = getattr(result.result, "results", None) or []
    if not rows:
        raise ListError(f"dbt has run nothing: {result.exception}")
    for row in rows:
        if str(row.status) in ("fail", "error", "runtime error"):
            is_law = any(word in str(row.message) for word in ("contract", "violates", "could not create unique index"))
            if str(row.status) != "fail" and not is_law:
                raise ListError(f"{row.node.name} does not even run: {row.message}")
            return f"{row.node.name}", str(row.message)
    if not result.success:
        raise ListError(f"dbt failed: {result.exception}")
    return None


def _in_child(prepared: Prepared, name: str, mutation: Mutation | None, checks: Iterable[Check]) -> Outcome:
    """Tries checks in a forked process until one fails."""

    def work(answer: Connection) -> None:
        outcome = Outcome()
        try:
            child = Child(prepared, name)
            child.enter(mutation)
            for check in checks:
                failure = child.run(check)
                if failure is not None:
                    if "syntax error" in failure[1]:
                        raise ListError(failure[1])
                    outcome.caught_by, outcome.message = f"{check.kind} {failure[0]}", failure[1]
                    break
        except Exception as error:
            traceback.print_exc()
            outcome.broken = f"{type(error).__name__}: {error}"
        answer.send(asdict(outcome))
        sys.stdout.flush()
        os._exit(0)

    started = time.monotonic()
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=work, args=(there,))
    process.start()
    there.close()
    try:
        outcome = Outcome(**here.recv()) if here.poll(SECONDS) else Outcome(broken=f"no answer in {SECONDS} s")
    except EOFError:
        outcome = Outcome(broken=f"ended without an answer; see {PLACE / 'logs' / f'{name}.log'}")
    process.kill()
    process.join()
    outcome.seconds = time.monotonic() - started
    return outcome


def _copy_project() -> str:
    """Copies what dbt and the tests need; returns a digest of what the base database is built from."""
    digest = hashlib.sha256()
    keep = COPY / "dbt_packages"
    for name in COPIED:
        source, target = PROJECT / name, COPY / name
        if target.is_dir() and target != keep:
            shutil.rmtree(target)
        if source.is_dir():
            shutil.copytree(
                source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.duckdb")
            )
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for folder in ("macros", "models", "prohandel/landing", "seeds", "snapshots"):
        for path in sorted((COPY / folder).rglob("*")):
            if path.suffix in (".sql", ".csv", ".py"):
                digest.update(str(path.relative_to(COPY)).encode() + path.read_bytes())
    return digest.hexdigest()


def _parse() -> Manifest:
    from tests.python.scenarios.harness import Warehouse
    from tests.python.staging.staging import ALL_TABLES

    base = Warehouse(warehouse.parameters(PLACE / "home")["host"], BASE, PLACE / "work", project=COPY)
    result = dbtRunner().invoke(
        [
            *("--quiet", "--log-level-file", "none", "parse", "--project-dir", str(COPY)),
            *("--profiles-dir", str(base.write_profile()), "--target-path", str(PLACE / "work" / "parsed")),
            *("--vars", json.dumps(ALL_TABLES)),
        ]
    )
    if not isinstance(result.result, Manifest):
        raise ListError(f"The project cannot be parsed: {result.exception}")
    return result.result


def _prepare(*, needs_base: bool) -> Prepared:
    for folder in ("logs", "work"):
        (PLACE / folder).mkdir(parents=True, exist_ok=True)
    digest = _copy_project()
    home = PLACE / "home"
    os.environ["PROHANDEL_TEST_HOME"] = str(home)
    os.environ["TMPDIR"] = str(PLACE / "work")
    warehouse.start(home)
    with warehouse.connect(home, "postgres", autocommit=True) as conn:
        # Nothing here has to outlive a power cut.
        conn.execute("alter system set fsync = off")
        conn.execute("select pg_reload_conf()")
    prepared = Prepared(_parse(), warehouse.parameters(home)["host"])
    marker = PLACE / "base.sha256"
    if needs_base and not (marker.exists() and marker.read_text() == digest):
        marker.unlink(missing_ok=True)
        console.print("Landing and building the small retailer ...")
        outcome = _in_base(prepared)
        if outcome.broken:
            raise ListError(f"The small retailer cannot be built: {outcome.broken}")
        marker.write_text(digest)
    return prepared


def _in_base(prepared: Prepared) -> Outcome:
    with psycopg.connect(host=prepared.socket_dir, user="postgres", dbname="postgres", autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(BASE)))
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(BASE)))
    return _in_child(prepared, "base", None, [Check("pytest", "tests/python/mutation/base.py")])


def _try(prepared: Prepared, mutation: Mutation) -> Outcome:
    path = COPY / mutation.file
    before = path.read_text()
    path.write_text(planted(mutation, before))
    try:
        return _in_child(prepared, mutation.name, mutation, mutation.checks)
    finally:
        path.write_text(before)


def _baseline(prepared: Prepared, mutations: list[Mutation]) -> None:
    """Without an error every check has to pass: a test that always fails catches nothing."""
    checks = {check for mutation in mutations for check in mutation.checks}
    by_kind = {kind: sorted({check.subject for check in checks if check.kind == kind}) for kind in KINDS}
    joined = [Check(kind, " ".join(subjects)) for kind, subjects in by_kind.items() if subjects]
    outcome = _in_child(prepared, "baseline", None, joined)
    if outcome.caught_by or outcome.broken:
        raise ListError(f"Without any error {outcome.caught_by or outcome.broken} fails: {outcome.message}")
    console.print(f"Without an error all {len(checks)} checks pass ({outcome.seconds:.0f} s).")


def _as_markdown(results: list[tuple[Mutation, Outcome]]) -> str:
    lines = ["# Deliberate errors, and the tests that catch them", "", "Written by `make mutation`."]
    for group in dict.fromkeys(mutation.group for mutation, _ in results):
        lines += ["", f"## {group.replace('_', ' ').capitalize()}", "", "| error | what it breaks | file | caught by |"]
        lines.append("|---|---|---|---|")
        for mutation, outcome in results:
            if mutation.group == group:
                caught = f"`{outcome.caught_by}`" if outcome.caught_by else "**nothing**"
                lines.append(
                    f"| {mutation.name} | {mutation.breaks} | `{mutation.file}` | {caught} |".replace("\n", " ")
                )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="", help="names or beginnings of names, with commas; a group counts as a name"
    )
    parser.add_argument("--no-baseline", action="store_true", help="trust that the checks pass without an error")
    parser.add_argument("--write", type=Path, help="write the table of all errors to this file")
    given = parser.parse_args()
    wanted = [word for word in given.only.replace(" ", ",").split(",") if word]
    mutations = [
        one for one in read() if not wanted or any(one.name.startswith(word) or one.group == word for word in wanted)
    ]
    if not mutations:
        console.print(f"No error is named {given.only!r}.")
        return 2
    for mutation in mutations:
        planted(mutation, (PROJECT / mutation.file).read_text())
    prepared = _prepare(needs_base=any(check.kind != "pytest" for one in mutations for check in one.checks))
    if not given.no_baseline:
        _baseline(prepared, mutations)
    results = []
    for number, mutation in enumerate(mutations, 1):
        outcome = _try(prepared, mutation)
        verdict = (
            "[green]caught [/]" if outcome.caught_by else "[red]BROKEN [/]" if outcome.broken else "[red]SLIPPED[/]"
        )
        words = outcome.message.split("\n", 1)[0][:100]
        by = escape(f"{outcome.caught_by}: {words}" if outcome.caught_by else outcome.broken)
        console.print(
            f"{number:3}/{len(mutations)} {verdict} {mutation.name} ({outcome.seconds:.0f} s) {by}", soft_wrap=True
        )
        results.append((mutation, outcome))
    table = Table("error", "what it breaks", "caught by", "seconds")
    for mutation, outcome in results:
        by = outcome.caught_by or (f"[red]broken: {outcome.broken[:80]}[/]" if outcome.broken else "[red]slipped[/]")
        table.add_row(mutation.name, mutation.breaks, by, f"{outcome.seconds:.0f}")
    console.print(table)
    slipped = [mutation.name for mutation, outcome in results if not outcome.caught_by]
    console.print(
        f"{len(results) - len(slipped)} of {len(results)} caught" + (f"; not: {', '.join(slipped)}" if slipped else "")
    )
    if given.write and not wanted:
        given.write.parent.mkdir(parents=True, exist_ok=True)
        given.write.write_text(_as_markdown(results))
    return 1 if slipped else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ListError as error:
        console.print(f"[red]{error}[/]")
        sys.exit(2)
