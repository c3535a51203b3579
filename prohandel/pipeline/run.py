"""What production schedules: freshness, snapshots, build, summary, one run at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from dbt.contracts.graph.manifest import Manifest
from rich.console import Console

from prohandel import warehouse
from prohandel.errors import (
    EXIT_CONFIGURATION,
    EXIT_FAULT,
    EXIT_GOOD,
    EXIT_SOURCE_STALE,
    EXIT_TESTS_FAILED,
    ProhandelError,
)
from prohandel.pipeline import again, metrics_file, packages
from prohandel.pipeline.dbt import Dbt, Freshness, NodeResult, Outcome
from prohandel.pipeline.explain import Finding, explain_nodes, explain_text
from prohandel.pipeline.landed import check_landing
from prohandel.pipeline.lock import Lock, only_run
from prohandel.pipeline.progress import StepProgress, showing
from prohandel.pipeline.state import note_as_tested
from prohandel.pipeline.summary import Summary, summarise
from prohandel.pipeline.target import PROJECT, Target, find_target
from prohandel.pipeline.variables import check_variables, parse_variables, project_variables
from prohandel.publication.gate import decide
from prohandel.publication.history import Publication
from prohandel.quality.channels import rules_of_project
from prohandel.quality.watch import Watch, look_time, watch

T = TypeVar("T")

NIGHTLY_TAG = "nightly"
# PostgreSQL writes its log in files of 16 MB.
_FULL_DISK_MEGABYTES = 16


@dataclass(frozen=True)
class RunOptions:
    """What a user asks of a run.

    Attributes:
        target: of the dbt profile; None for the embedded warehouse.
        select: dbt selectors; empty for everything.
        exclude: dbt selectors to leave out.
        full_refresh: build incremental models whole.
        nightly: find hard deletes and run the tests that look at whole tables.
        gate: build marts apart, and publish all of them at once if no model and no test fails.
        variables: `--vars`, YAML or JSON.
    """

    target: str | None = None
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    full_refresh: bool = False
    nightly: bool = False
    gate: bool = False
    variables: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a run and its wall time."""

    name: str
    seconds: float


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    Attributes:
        exit_code: 0 good, 1 a model or test failed, 2 dbt could not start, 3 a landed table is stale.
        target: its name.
        packages: which dbt packages it built with.
        steps: in order.
        freshness: by landed table.
        nodes: results of snapshots and build.
        findings: what went wrong, with remedies; the first is the cause of the exit code.
        summary: rows and figures; None where nothing could be built.
        publication: what became of the run behind the gate; None for a run without one.
        watch: what was out of the ordinary, and who was told; None for a run of a selection.
    """

    exit_code: int
    target: str
    packages: str
    steps: tuple[Step, ...]
    freshness: tuple[Freshness, ...]
    nodes: tuple[NodeResult, ...]
    findings: tuple[Finding, ...]
    summary: Summary | None
    publication: Publication | None = None
    watch: Watch | None = None

    def tests(self, *statuses: str) -> int:
        """How many tests ended in one of these statuses."""
        return sum(node.kind == "test" and node.status in statuses for node in self.nodes)


def run(options: RunOptions, console: Console | None = None) -> RunReport:
    """Freshness, snapshots, build, summary.

    A stale source does not stop the build: what has landed is built, and the exit code says that it is old.

    Args:
        options: what the user asks for.
        console: where progress goes; standard error by default.

    Raises:
        ProhandelError: the run cannot start (configuration, database, another run), or was stopped.
    """
    console = console or Console(stderr=True)
    started = time.time()
    report: RunReport | None = None
    exit_code = EXIT_FAULT
    try:
        report = _run(options, console)
        exit_code = report.exit_code
    except ProhandelError as error:
        exit_code = error.exit_code
        raise
    finally:
        _write_metrics(options, exit_code, started, report, console)
    return report


def _write_metrics(
    options: RunOptions, exit_code: int, started: float, report: RunReport | None, console: Console
) -> None:
    file = metrics_file.metrics_file()
    if file is None:
        return
    target = report.target if report else options.target or warehouse.TARGET
    try:
        metrics_file.write(file, target, exit_code, started, time.time(), report)
    except OSError as error:
        console.print(
            f"{metrics_file.VARIABLE}: {file} cannot be written: {error.strerror}", highlight=False, soft_wrap=True
        )


def _run(options: RunOptions, console: Console) -> RunReport:
    if options.gate and (options.select or options.exclude):
        raise ProhandelError(
            "A gated run publishes all marts, so it builds all of them.", "Leave out --select and --exclude, or --gate."
        )
    given = parse_variables(options.variables)
    check_variables(given, "--vars")
    check_variables(project_variables(PROJECT), "vars: in dbt_project.yml")
    steps: list[Step] = []

    started = time.monotonic()
    installed = packages.resolve(PROJECT, say=console.print)
    console.print(f"dbt packages: {installed.describe()}", highlight=False, soft_wrap=True)
    target = find_target(options.target)
    variables = run_variables(target, given, nightly=options.nightly, gate=options.gate)
    with only_run(target) as lock:
        with target.connect() as conn:
            for note in check_landing(conn, {**project_variables(PROJECT), **variables}):
                console.print(note, highlight=False, soft_wrap=True)
        with showing("prepare", console):
            manifest = Dbt(target, variables).parse()
        steps.append(Step("prepare", time.monotonic() - started))
        return _run_steps(options, target, variables, manifest, installed.describe(), steps, console, lock)


def run_variables(
    target: Target, given: Mapping[str, Any], *, nightly: bool = False, gate: bool = False
) -> dict[str, Any]:
    """The variables of a run: those of the embedded landing, then the user's, which win."""
    landed = landed_variables(target.home) if target.is_embedded else {}
    asked = {name: True for name, is_asked in (("nightly", nightly), ("gate", gate)) if is_asked}
    return {**landed, **asked, **given}


def landed_variables(home: Path) -> dict[str, Any]:
    """What landing noted for the runs after it: the optional tables that are there, and the time of the last sync."""
    state = home / "state.json"
    if not state.exists():
        return {}
    return dict(json.loads(state.read_text(encoding="utf-8")).get("vars", {}))


def _run_steps(
    options: RunOptions,
    target: Target,
    variables: Mapping[str, Any],
    manifest: Manifest,
    installed: str,
    steps: list[Step],
    console: Console,
    lock: Lock,
) -> RunReport:
    findings: list[Finding] = []
    nodes: list[NodeResult] = []
    run_at = datetime.now(UTC)

    def step(name: str, command: Callable[[Dbt], Outcome]) -> Outcome:
        with showing(name, console) as progress:
            outcome = command(Dbt(target, variables, progress, manifest))
        steps.append(Step(name, outcome.seconds))
        nodes.extend(outcome.nodes)
        if outcome.error:
            known = explain_text(outcome.error)
            findings.append(known or Finding(f"{name} stopped", "The message says why.", outcome.error))
        return outcome

    def build_step(name: str, arguments: Sequence[str]) -> Outcome:
        return step(name, lambda dbt: _build(dbt, arguments, target, lock, console))

    freshness = step("freshness", lambda dbt: dbt.freshness())
    stale = [entry for entry in freshness.freshness if entry.status in ("error", "runtime error")]
    if not options.select:
        build_step("snapshots", SNAPSHOT_ARGUMENTS)
    build = build_step("build", build_arguments(options))

    failed = [node for node in nodes if node.has_failed]
    findings.extend(explain_nodes(failed))
    findings.extend(_stale(entry) for entry in stale)
    everything = {**project_variables(PROJECT), **variables}

    def last_step(name: str, command: Callable[[StepProgress], T], what_failed: str) -> T | None:
        started = time.monotonic()
        try:
            with showing(name, console) as progress:
                return command(progress)
        except (ProhandelError, psycopg.Error) as error:
            known = error if isinstance(error, ProhandelError) else warehouse.explain(error)
            findings.append(Finding(f"{what_failed}: {known.message}", known.remedy))
            return None
        finally:
            steps.append(Step(name, time.monotonic() - started))

    publication: Publication | None = None
    is_whole = not (options.select or options.exclude)
    if options.gate:
        unfit = [node.name for node in failed] or build.error.splitlines()[:1]
        publication = last_step(
            "publish",
            lambda progress: decide(target, manifest, everything, run_at, unfit, progress.says),
            "Not published",
        )
    elif is_whole and not failed and not build.error:
        with target.connect() as conn:
            note_as_tested(conn, target.schema_of("state"))
    seen: Watch | None = None
    if is_whole:
        seen = last_step(
            "alerts",
            lambda _: watch(target, rules_of_project(), look_time(variables)),
            "Nobody was alerted",
        )
    summary = last_step("summary", lambda _: _summarise(target, everything), "No summary")
    if (failed or summary is None) and target.is_embedded:
        findings[:0] = _full_disk(target.home)
    has_stopped = bool(build.error) or summary is None or (options.gate and publication is None)
    return RunReport(
        _exit_code(has_failed=bool(failed), has_stopped=has_stopped, is_stale=bool(stale)),
        target.name,
        installed,
        tuple(steps),
        freshness.freshness,
        tuple(nodes),
        tuple(findings),
        summary,
        publication,
        seen,
    )


def _exit_code(*, has_failed: bool, has_stopped: bool, is_stale: bool) -> int:
    """What outweighs what: a failed model or test, a step that stopped, a stale source."""
    if has_failed:
        return EXIT_TESTS_FAILED
    if has_stopped:
        return EXIT_CONFIGURATION
    return EXIT_SOURCE_STALE if is_stale else EXIT_GOOD


def _build(dbt: Dbt, arguments: Sequence[str], target: Target, lock: Lock, console: Console) -> Outcome:
    """`dbt build`, and once more what the database broke off."""
    first = dbt.build(arguments)
    if not again.was_broken_off(first):
        return first
    console.print("The database broke it off; once more as soon as it answers.", highlight=False, soft_wrap=True)
    try:
        again.wait_for_database(target)
    except ProhandelError:
        return first
    # Whoever took the lock meanwhile builds what this run would have built.
    lock.hold()
    return again.together(first, dbt.build(again.arguments_of_rest(first, arguments)))


def _summarise(target: Target, variables: Mapping[str, Any]) -> Summary:
    with target.connect() as conn:
        return summarise(conn, target, variables)


def _full_disk(home: Path) -> list[Finding]:
    """A server that cannot write its log dies without a word to its clients: the disk itself is asked."""
    free = warehouse.free_megabytes(home)
    if free >= _FULL_DISK_MEGABYTES:
        return []
    return [
        Finding(
            f"the disk of {home} is full: {free} MB are free",
            "Free space, or choose another disk with PROHANDEL_HOME, then run again: what was built before is kept.",
        )
    ]


# Snapshots first, with just the models that they read and no test: a failing test elsewhere must not cost the
# observation of this hour, which never comes back.
SNAPSHOT_ARGUMENTS = (
    *("--select", "+resource_type:snapshot"),
    *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
)


def build_arguments(options: RunOptions) -> Sequence[str]:
    """Arguments of `dbt build` for what the user asks for.

    Unit tests look at no data of the warehouse and belong to `make test`. Without a selection, the models that the
    snapshot step has built are left out, but not their tests (indirect selection: empty).
    """
    arguments = ["--exclude-resource-type", "unit_test"]
    exclude = list(options.exclude)
    if options.select:
        arguments += ["--select", *options.select]
    else:
        arguments += ["--indirect-selection", "empty"]
        exclude.append("+resource_type:snapshot")
    if not options.nightly:
        exclude.append(f"tag:{NIGHTLY_TAG}")
    if exclude:
        arguments += ["--exclude", *exclude]
    if options.full_refresh:
        arguments.append("--full-refresh")
    return arguments


def _stale(entry: Freshness) -> Finding:
    if entry.age_hours is None:
        return Finding(f"{entry.table}: its age is unknown", "See the message.", entry.message)
    return Finding(
        f"{entry.table} is stale: its newest row is {entry.age_hours:.1f} hours old",
        "Look at the connection in Fivetran: is it paused, broken or rescheduled? What has landed was built.",
    )
