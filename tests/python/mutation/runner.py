"""Plants deliberate errors in a copy of the project, one at a time, and shows which test notices each.

Run by `make mutation`. The copy, a warm server and the small retailer built without an error lie in target/mutation and
are used again. Every trial is a process of its own, forked after the imports and the parse, which cost more than most
tests do.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from prohandel import warehouse
from tests.python.mutation.listing import KINDS, PROJECT, Check, ListError, Mutation, planted, read
from tests.python.mutation.trial import BASE, COPY, PLACE, Outcome, Prepared, rounds, try_alone, try_together
from tests.python.scenarios.harness import parse
from tests.python.staging.staging import ALL_TABLES

HOME = PLACE / "home"
COPIED = (
    *("analyses", "dbt_packages", "macros", "models", "packages", "prohandel", "seeds", "snapshots", "tests"),
    *(".dbtignore", "dbt_project.yml", "packages.yml", "profiles.example.yml", "pyproject.toml", "README.md"),
)

console = Console(width=max(Console().width, 120), highlight=False)


def _copy_project() -> str:
    """Copies what dbt and the tests need; returns a digest of what the small retailer is built from."""
    digest = hashlib.sha256()
    for name in COPIED:
        source, target = PROJECT / name, COPY / name
        if target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target)
    for folder in ("macros", "models", "prohandel/landing", "seeds", "snapshots"):
        for path in sorted((COPY / folder).rglob("*")):
            if path.suffix in (".sql", ".csv", ".py"):
                digest.update(str(path.relative_to(COPY)).encode() + path.read_bytes())
    return digest.hexdigest()


def _prepare(*, needs_base: bool) -> Prepared:
    for folder in ("logs", "work"):
        (PLACE / folder).mkdir(parents=True, exist_ok=True)
    digest = _copy_project()
    os.environ["PROHANDEL_TEST_HOME"] = str(HOME)
    warehouse.start(HOME)
    with warehouse.connect(HOME, "postgres", autocommit=True) as conn:
        # Nothing here has to outlive a power cut.
        conn.execute("alter system set fsync = off")
        conn.execute("select pg_reload_conf()")
    socket_dir = warehouse.parameters(HOME)["host"]
    prepared = Prepared(parse(COPY, ALL_TABLES), socket_dir)
    marker = PLACE / "base.sha256"
    if needs_base and not (marker.exists() and marker.read_text() == digest):
        marker.unlink(missing_ok=True)
        console.print("Landing and building the small retailer ...")
        _build_base(prepared)
        marker.write_text(digest)
    return prepared


def _build_base(prepared: Prepared) -> None:
    with psycopg.connect(host=prepared.socket_dir, user=warehouse.USER, dbname="postgres", autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(BASE)))
        conn.execute(sql.SQL("create database {}").format(sql.Identifier(BASE)))
    outcome = try_alone(prepared, "base", None, [Check("pytest", "tests/python/mutation/base.py")])
    if outcome.caught_by or outcome.broken:
        raise ListError(f"The small retailer cannot be built: {outcome.message or outcome.broken}")


def _check_without_error(prepared: Prepared, mutations: Sequence[Mutation]) -> None:
    """Without an error every check has to pass: a test that always fails catches nothing."""
    checks = {check for mutation in mutations for check in mutation.checks}
    subjects = {kind: sorted({check.subject for check in checks if check.kind == kind}) for kind in KINDS}
    joined = [Check(kind, " ".join(found)) for kind, found in subjects.items() if found]
    outcome = try_alone(prepared, "without_error", None, joined)
    if outcome.caught_by or outcome.broken:
        said = f"{outcome.caught_by} {outcome.message}" if outcome.caught_by else outcome.broken
        raise ListError(f"Without any error a check fails: {said}")
    console.print(f"Without an error all {len(checks)} checks pass ({outcome.seconds:.0f} s).")


def _try_all(prepared: Prepared, mutations: Sequence[Mutation]) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}

    def note(mutation: Mutation, outcome: Outcome) -> None:
        outcomes[mutation.name] = outcome
        verdict = (
            "[green]caught [/]" if outcome.caught_by else "[red]BROKEN [/]" if outcome.broken else "[red]SLIPPED[/]"
        )
        words = (outcome.message.strip().splitlines() or [""])[0][:120]
        said = f"{outcome.caught_by}: {words}" if outcome.caught_by else outcome.broken
        number = f"{len(outcomes):3}/{len(mutations)}"
        console.print(f"{number} {verdict} {mutation.name} ({outcome.seconds:.0f} s) {escape(said)}", soft_wrap=True)

    for chosen in rounds(mutations):
        for mutation, outcome in zip(chosen, try_together(prepared, chosen), strict=True):
            if outcome.caught_by or len(mutation.checks) == 1:
                note(mutation, outcome)
    for mutation in mutations:
        if mutation.name not in outcomes:
            note(mutation, try_alone(prepared, mutation.name, mutation, mutation.checks))
    return {mutation.name: outcomes[mutation.name] for mutation in mutations}


def _as_markdown(mutations: Sequence[Mutation], outcomes: dict[str, Outcome]) -> str:
    lines = ["# Deliberate errors, and the tests that catch them", "", "Written by `make mutation`."]
    for group in dict.fromkeys(mutation.group for mutation in mutations):
        lines += ["", f"## {group.replace('_', ' ').capitalize()}", "", "| error | what it breaks | file | caught by |"]
        lines.append("|---|---|---|---|")
        for mutation in mutations:
            if mutation.group == group:
                caught = outcomes[mutation.name].caught_by
                by = f"`{caught}`" if caught else "**nothing**"
                lines.append(f"| {mutation.name} | {mutation.breaks} | `{mutation.file}` | {by} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """The command line; exit code 0 where all were caught, 1 where one was not, 2 where the list does not fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="beginnings of names, or groups, with commas")
    parser.add_argument("--trust", action="store_true", help="do not run the checks without an error first")
    parser.add_argument("--write", type=Path, help="file for the table of all errors, as Markdown")
    given = parser.parse_args()
    wanted = tuple(word for word in given.only.replace(",", " ").split())
    mutations = [one for one in read() if not wanted or one.name.startswith(wanted) or one.group in wanted]
    if not mutations:
        raise ListError(f"No error is named {given.only!r}.")
    for mutation in mutations:
        planted(mutation, (PROJECT / mutation.file).read_text())
    try:
        prepared = _prepare(needs_base=any(check.kind != "pytest" for one in mutations for check in one.checks))
        if not given.trust:
            _check_without_error(prepared, mutations)
        outcomes = _try_all(prepared, mutations)
    finally:
        warehouse.stop(HOME)

    table = Table("error", "what it breaks", "caught by", "seconds")
    for mutation in mutations:
        outcome = outcomes[mutation.name]
        missed = f"[red]{'broken: ' + escape(outcome.broken[:80]) if outcome.broken else 'slipped'}[/]"
        table.add_row(mutation.name, mutation.breaks, escape(outcome.caught_by) or missed, f"{outcome.seconds:.0f}")
    console.print(table)
    missed_names = [name for name, outcome in outcomes.items() if not outcome.caught_by]
    console.print(f"{len(outcomes) - len(missed_names)} of {len(outcomes)} caught.")
    if missed_names:
        console.print(f"Not caught: {', '.join(missed_names)}", soft_wrap=True)
    if given.write and not wanted:
        given.write.parent.mkdir(parents=True, exist_ok=True)
        given.write.write_text(_as_markdown(mutations, outcomes))
    return 1 if missed_names else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ListError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        sys.exit(2)
