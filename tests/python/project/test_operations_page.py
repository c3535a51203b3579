"""docs/operations.md: its commands, links, figures and roles are there."""

from __future__ import annotations

import re

import typer.main

from prohandel import cli
from prohandel.pipeline.target import PROJECT
from prohandel.roles.wanted import KINDS
from tests.python.project.test_schedules import make_targets
from tests.python.quality.documented import anchors

PAGE = PROJECT / "docs" / "operations.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_commands_are_there() -> None:
    commands = getattr(typer.main.get_command(cli.app), "commands", {})
    lacking = []
    for line in re.findall(r"(?<!-Hu )(?<!-g )\bprohandel ([a-z][a-z -]*)", TEXT):
        words = line.split()
        here = commands
        for word in words:
            if word.startswith("-") or not here:
                break
            if word not in here:
                lacking.append(f"prohandel {line}")
                break
            here = getattr(here[word], "commands", {})
    assert lacking == []


def test_targets_of_make_are_there() -> None:
    assert set(re.findall(r"`make ([a-z-]+)`", TEXT)) <= make_targets()


def test_links_lead_somewhere() -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([\w-]*)\)", TEXT):
        linked = (PAGE.parent / target).resolve() if target else PAGE
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked.read_text(encoding="utf-8")), f"{target}#{anchor}"


def test_all_roles_are_explained() -> None:
    assert [kind for kind in KINDS if f"| `prohandel_{kind}` |" not in TEXT] == []


def test_all_figures_are_explained() -> None:
    source = (PROJECT / "prohandel" / "pipeline" / "metrics_file.py").read_text(encoding="utf-8")
    # started, ended and last good share a row.
    names = set(re.findall(r'gauge\(\s*"(\w+)"', source)) - {
        "run_ended_timestamp_seconds", "run_last_good_timestamp_seconds",
    }  # fmt: skip
    assert len(names) > 7
    assert [name for name in names if f"`prohandel_{name}" not in TEXT] == []


def test_every_step_says_what_it_proves() -> None:
    steps = re.split(r"^## ", TEXT.split("\n## Daily work")[0], flags=re.MULTILINE)[1:]
    assert [step.splitlines()[0] for step in steps if "*Proves that " not in step] == []
    assert [step.split(". ")[0] for step in steps] == [str(number) for number in range(1, len(steps) + 1)]
