"""The runbooks: a page per kind of incident, and nothing in them that is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from prohandel import cli
from prohandel.aws.alarms import NAMES as ALARMS
from prohandel.pipeline.target import PROJECT
from prohandel.quality import detect
from prohandel.quality.messages import PROOF
from prohandel.quality.symptoms import Kind
from tests.python.quality.documented import anchors, columns_by_relation, statements, unknown

FOLDER = PROJECT / "docs" / "runbooks"
PAGES = sorted(FOLDER.glob("*.md"))
KINDS = get_args(Kind)
HEADINGS = [
    "How to see it",
    "What causes it",
    "How to mend it",
    "How to prove that it is mended",
    "When to wake somebody else",
]
OF_TESTS = ["not-null", "unique", "relationships", "accepted-values", "freshness", "business-rule", "law"]
OF_COLUMNS = [name for name, *_ in detect._COLUMN_RATES] + ["mean_length"]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def columns() -> Mapping[tuple[str, str], frozenset[str]]:
    return columns_by_relation()


def test_every_kind_has_a_page() -> None:
    assert {path.stem for path in PAGES} == {*KINDS, *(f"alarm-{name}" for name in ALARMS), "README"}
    index = read(FOLDER / "README.md")
    assert [kind for kind in KINDS if f"[{kind}.md]({kind}.md)" not in index] == []


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_has_a_page_of_the_same_form(name: str) -> None:
    text = read(FOLDER / f"alarm-{name}.md")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == HEADINGS
    assert text.startswith(f"# Alarm {name}: ")
    proof = text.split("\n## How to prove that it is mended\n")[1].split("\n## ")[0]
    assert re.search(rf"`prohandel alarms` shows (?:every alarm|.*\b{name}\b)", proof)
    assert f"[{name}](alarm-{name}.md)" in read(FOLDER / "README.md")


@pytest.mark.parametrize("kind", KINDS)
def test_pages_have_the_five_headings(kind: str) -> None:
    text = read(FOLDER / f"{kind}.md")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert [heading for heading in headings if heading in HEADINGS] == HEADINGS
    assert len(text.split("\n## ")[0].splitlines()) > 2, "the page begins with what it means"
    assert PROOF in anchors(text)
    proof = text.split("\n## How to prove that it is mended\n")[1].split("\n## ")[0]
    assert "prohandel alerts list" in proof
    assert '"Over"' in proof


@pytest.mark.parametrize("rate", detect.RATES, ids=lambda rate: f"{rate.table}-{rate.metric}")
def test_every_rate_has_its_section(rate: detect._Rate) -> None:
    metric, kind, says = rate.metric, rate.kind, rate.says
    anchor = metric.replace("_", "-")
    assert anchor in anchors(read(FOLDER / f"{kind}.md"))
    rows = [line for line in read(FOLDER / "anomaly.md").splitlines() if line.startswith("|") and says in line]
    assert any(f"#{anchor})" in row for row in rows), f"no row of the table in anomaly.md leads from '{says}' to it"


@pytest.mark.parametrize("check", OF_COLUMNS)
def test_every_check_of_columns_has_its_section(check: str) -> None:
    anchor = check.replace("_", "-")
    text = read(FOLDER / "anomaly.md")
    assert anchor in anchors(text)
    assert f"(#{anchor})" in text


def test_checks_of_columns_are_found_by_their_words() -> None:
    table = [line for line in read(FOLDER / "anomaly.md").splitlines() if line.startswith("|")]
    for _, _, says, *_ in detect._COLUMN_RATES:
        assert any(says in row for row in table)


def test_tests_point_to_sections_that_are_there() -> None:
    text = read(FOLDER / "failed_test.md")
    assert [anchor for anchor in OF_TESTS if f'<a id="{anchor}"></a>' not in text] == []


def test_every_runbook_that_meta_names_is_there() -> None:
    folders = ("models", "tests", "snapshots", "seeds")
    files = [path for folder in folders for path in (PROJECT / folder).rglob("*.y*ml")]
    named = {
        name
        for path in [*files, PROJECT / "dbt_project.yml"]
        for name in re.findall(r"\brunbook:\s*['\"]?([\w./-]+(?:#[\w-]+)?)", read(path))
    }
    lacking = []
    for name in named:
        page, _, anchor = name.removeprefix("docs/runbooks/").partition("#")
        path = FOLDER / f"{page.removesuffix('.md')}.md"
        if not path.exists() or (anchor and anchor not in anchors(read(path))):
            lacking.append(name)
    assert sorted(lacking) == []


@pytest.mark.parametrize("path", [*PAGES, PROJECT / "docs" / "alerts.md"], ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([\w-]*)\)", read(path)):
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), target
        assert not anchor or anchor in anchors(read(linked)), f"{target}#{anchor}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_queries_name_what_is_there(path: Path, columns: Mapping[tuple[str, str], frozenset[str]]) -> None:
    queries = statements(read(path))
    assert queries
    assert {query: unknown(query, columns) for query in queries if unknown(query, columns)} == {}


def test_metrics_in_queries_are_measured() -> None:
    known = {"rows", *(rate.metric for rate in detect.RATES)}
    for path in PAGES:
        for query in statements(read(path)):
            for one, several in re.findall(r"metric (?:= '(\w+)'|in \(([^)]+)\))", query):
                assert {one} - {""} | set(re.findall(r"'(\w+)'", several)) <= known


def test_names_that_are_not_there_are_found(columns: Mapping[tuple[str, str], frozenset[str]]) -> None:
    assert unknown("select run_at, rowcount from quality.table_metrics where table_name = 'x'", columns) == ["rowcount"]
    assert unknown("select sum(m.rows_aded) from quality.table_metrics as m", columns) == ["rows_aded"]
    assert unknown("select count(*) from quality.table_metric", columns) == ["quality.table_metric"]
    assert unknown("select min(sample_key) as example from quality.signals group by example", columns) == []


@pytest.mark.parametrize("path", [*PAGES, PROJECT / "docs" / "alerts.md"], ids=lambda path: path.stem)
def test_commands_are_there(path: Path) -> None:
    commands = getattr(typer.main.get_command(cli.app), "commands", {})
    for first, second in re.findall(r"\bprohandel ([a-z]+)\b(?: ([a-z]+)\b)?", read(path)):
        assert first in commands, f"prohandel {first}"
        inner = getattr(commands[first], "commands", {})
        assert not inner or not second or second in inner, f"prohandel {first} {second}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_files_are_there(path: Path) -> None:
    named = re.findall(r"`((?:seeds|macros|models|analyses|prohandel|docs)/[\w./*]+)`", read(path))
    assert [name for name in named if not list(PROJECT.glob(name))] == []


def test_the_pages_know_how_long_rates_look_back() -> None:
    assert timedelta(hours=24) == detect._WINDOW
    assert "last 24 hours" in read(FOLDER / "README.md")
    assert "the last 24 hours" in read(FOLDER / "anomaly.md")
