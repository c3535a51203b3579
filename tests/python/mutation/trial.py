"""Tries deliberate errors in forked processes, whose imports and parsed project are those of the copy."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients import jinja
from hypothesis import Phase, settings

from tests.python.mutation.listing import PROJECT, Check, ListError, Mutation, planted

if TYPE_CHECKING:
    from tests.python.scenarios.harness import Warehouse

PLACE = PROJECT / "target" / "mutation"
COPY = PLACE / "project"
BASE = "mutation_base"
_SECONDS = 900
_PACKAGE = "prohandel_analytics"
_EXAMPLES = "mutation"


@dataclass
class Outcome:
    """What became of one error.

    Attributes:
        caught_by: the test that failed first; empty where none did.
        message: its last words.
        broken: why the error could not be tried, e.g. SQL that does not even run; empty where it could.
        seconds: how long it took.
    """

    caught_by: str = ""
    message: str = ""
    broken: str = ""
    seconds: float = 0.0


@dataclass
class Prepared:
    """What all errors share.

    Attributes:
        manifest: the copy as dbt parses it, without an error.
        socket_dir: the folder of the warm server's socket.
    """

    manifest: Manifest
    socket_dir: str

    def warehouse(self, name: str) -> Warehouse:
        """A database of the warm server; imported late, because each process imports the copy's modules."""
        from tests.python.scenarios.harness import Warehouse as Copied

        return Copied(self.socket_dir, name, PLACE / "work", project=COPY)


def try_alone(prepared: Prepared, name: str, mutation: Mutation | None, checks: Iterable[Check]) -> Outcome:
    """Tries one error, or none, with one check after the other until one fails."""

    def work() -> list[Outcome]:
        for check in checks:
            outcome = _run(prepared, check)
            if outcome.caught_by or outcome.broken:
                return [outcome]
        return [Outcome()]

    return _forked(prepared, name, [mutation] if mutation else [], work)[0]


def try_together(prepared: Prepared, mutations: Sequence[Mutation]) -> list[Outcome]:
    """Tries errors in different models, each with the unit tests of its model, in one invocation of dbt."""
    models = [mutation.checks[0].subject for mutation in mutations]

    def work() -> list[Outcome]:
        rows = _unit_tests(prepared, models)
        return [_judged([row for row in rows if _tested_model(row) == model]) for model in models]

    found = _forked(prepared, "together", mutations, work)
    return found if len(found) == len(mutations) else found * len(mutations)


def rounds(mutations: Iterable[Mutation]) -> list[list[Mutation]]:
    """Errors that can be tried together: a unit test reads its own model and no other, so one error per model."""
    found: list[list[Mutation]] = []
    for mutation in mutations:
        first = mutation.checks[0]
        if first.kind != "unit" or not mutation.file.endswith(f"/{first.subject}.sql"):
            continue
        for chosen in found:
            if mutation.file not in {other.file for other in chosen}:
                chosen.append(mutation)
                break
        else:
            found.append([mutation])
    return found


def _forked(
    prepared: Prepared, name: str, mutations: Sequence[Mutation], work: Callable[[], list[Outcome]]
) -> list[Outcome]:
    """What `work` gives in a process of its own; one outcome that says why where it gives nothing."""

    def run(answer: Connection) -> None:
        try:
            _enter(prepared, name, mutations)
            found = work()
        except BaseException as error:
            traceback.print_exc()
            found = [Outcome(broken=f"{type(error).__name__}: {error}")]
        answer.send([asdict(outcome) for outcome in found])
        sys.stdout.flush()
        # Threads of dbt and buffers of the parent are nobody's business here.
        os._exit(0)

    started = time.monotonic()
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=run, args=(there,))
    with _in_the_files(mutations):
        process.start()
        there.close()
        try:
            found = here.recv() if here.poll(_SECONDS) else [{"broken": f"no answer in {_SECONDS} s"}]
        except EOFError:
            found = [{"broken": f"ended without an answer; see {PLACE / 'logs' / f'{name}.log'}"}]
        process.kill()
        process.join()
    seconds = (time.monotonic() - started) / len(found)
    return [Outcome(**{**outcome, "seconds": seconds}) for outcome in found]


@contextmanager
def _in_the_files(mutations: Sequence[Mutation]) -> Iterator[None]:
    """The files of the copy hold the errors for the time of a block."""
    before = {COPY / mutation.file: (COPY / mutation.file).read_text() for mutation in mutations}
    for mutation in mutations:
        (COPY / mutation.file).write_text(planted(mutation, before[COPY / mutation.file]))
    try:
        yield
    finally:
        for path, text in before.items():
            path.write_text(text)


def _enter(prepared: Prepared, name: str, mutations: Sequence[Mutation]) -> None:
    log = os.open(PLACE / "logs" / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(COPY)
    sys.path[:] = [str(COPY), *(path for path in sys.path if path and Path(path).resolve() != PROJECT)]
    for module in [module for module in sys.modules if module.split(".")[0] in ("prohandel", "tests")]:
        del sys.modules[module]
    manifest: Manifest | None = prepared.manifest
    for mutation in mutations:
        if mutation.file.startswith(("models", "macros", "tests/generic")) and not _plant(prepared.manifest, mutation):
            manifest = None
    from tests.python.scenarios import harness

    harness.PARSED = manifest
    # Settled by the first test that fails: its example need be neither random nor small.
    settings.register_profile(_EXAMPLES, derandomize=True, phases=[Phase.explicit, Phase.generate], database=None)
    settings.load_profile(_EXAMPLES)


def _plant(manifest: Manifest, mutation: Mutation) -> bool:
    """Plants an error in what dbt has parsed; False where the text has to be parsed to have an effect."""
    jinja.template_cache.clear()
    for macro in manifest.macros.values():
        is_here = macro.package_name == _PACKAGE and macro.original_file_path == mutation.file
        if is_here and mutation.find in macro.macro_sql:
            macro.macro_sql = planted(mutation, macro.macro_sql)
            return True
    for node in manifest.nodes.values():
        code = getattr(node, "raw_code", "")
        if node.original_file_path == mutation.file and mutation.find in code:
            # What `config` says is kept apart from the text.
            if code.startswith("{{ config(") and code.find(mutation.find) < code.find(") }}"):
                return False
            node.raw_code = planted(mutation, code)
            return True
    return False


def _run(prepared: Prepared, check: Check) -> Outcome:
    if check.kind == "unit":
        return _judged(_unit_tests(prepared, check.subject.split()))
    if check.kind == "build":
        return _build(prepared, check.subject)
    return _pytest(check.subject)


def _unit_tests(prepared: Prepared, models: Sequence[str]) -> list[Any]:
    selection = [f"{model},test_type:unit" for model in models]
    result = prepared.warehouse(BASE).dbt("test", "--select", *selection, must_pass=False)
    return _rows(result)


def _build(prepared: Prepared, selection: str) -> Outcome:
    built = prepared.warehouse(BASE).clone("mutation_build")
    # A table that is built anew takes the views upon it along: tests that look beyond what is built would miss them.
    arguments = [
        *("build", "--full-refresh", "--fail-fast", "--exclude-resource-type", "unit_test"),
        *("--indirect-selection", "buildable"),
    ]
    return _judged(_rows(built.dbt(*arguments, "--select", *selection.split(), must_pass=False)))


def _tested_model(row: Any) -> str:
    """The name of the model that a unit test is of; empty for hooks."""
    return str(getattr(row.node, "tested_node_unique_id", None) or "").rpartition(".")[2]


def _rows(result: Any) -> list[Any]:
    rows = list(getattr(result.result, "results", None) or [])
    if not rows:
        raise ListError(f"dbt has run nothing: {result.exception}")
    return rows


def _judged(rows: Sequence[Any]) -> Outcome:
    """The first test or law of the database that fails; broken where something does not even run, or nothing did."""
    if not rows:
        return Outcome(broken="there is no such test")
    for row in rows:
        message = str(row.message)
        is_law = any(words in message for words in ("contract", "violates", "could not create unique index"))
        if str(row.status) == "fail" or (str(row.status) in ("error", "runtime error") and is_law):
            return Outcome(f"{str(row.node.resource_type).replace('_', ' ')} {row.node.name}", message)
        if str(row.status) in ("error", "runtime error"):
            return Outcome(broken=f"{row.node.name} does not even run: {message}")
    return Outcome()


class _Failures:
    """A pytest plugin that keeps the first failure."""

    def __init__(self) -> None:
        self.first = Outcome()

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and not self.first.caught_by:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.first = Outcome(report.nodeid, str(crash.message if crash else report.longreprtext))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)


def _pytest(nodes: str) -> Outcome:
    failures = _Failures()
    # The parent has imported pytest's plugins already.
    options = (
        "-q",
        "-x",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        "-m",
        "",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    )
    code = pytest.main([*options, f"--basetemp={PLACE / 'tmp'}", *nodes.split()], plugins=[failures])
    first = failures.first
    if not first.caught_by and code != pytest.ExitCode.OK:
        return Outcome(broken=f"pytest {nodes} ended with {code!r}")
    if any(words in first.message for words in ("syntax error", "Cross-db references", "Compilation Error")):
        # Some errors of the list are meant to be told by the project itself: it names the table.
        return first if "The landed table '" in first.message else Outcome(broken=first.message)
    return first
