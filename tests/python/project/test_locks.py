"""The lock files hold what pyproject.toml asks for, with hashes, and agree with each other."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from prohandel.pipeline.target import PROJECT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-semantic.lock", "requirements-elementary.lock")
_PIN = re.compile(r"^(?P<name>[a-z0-9.-]+)(?:\[[a-z,]+\])?==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")


def pins(lock: str) -> dict[str, set[tuple[str, str]]]:
    """Versions and their markers by name."""
    found: dict[str, set[tuple[str, str]]] = {}
    for line in (PROJECT / lock).read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            pin = _PIN.match(line)
            assert pin, line
            found.setdefault(pin["name"], set()).add((pin["version"], pin["marker"] or ""))
    return found


def requirements(lock: str) -> list[Requirement]:
    content = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    groups = content["dependency-groups"]
    needed = [*content["project"]["dependencies"], *groups["build"]]
    wanted = {
        "requirements.lock": needed,
        "requirements-dev.lock": [*needed, *content["project"]["optional-dependencies"]["dev"]],
        "requirements-semantic.lock": groups["semantic"],
        "requirements-elementary.lock": groups["elementary"],
    }
    return [Requirement(text) for text in wanted[lock]]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_fits_what_is_asked_for(lock: str) -> None:
    locked = pins(lock)
    for requirement in requirements(lock):
        versions = locked.get(requirement.name.lower().replace("_", "-"), set())
        assert versions, f"{requirement.name} is not in {lock}: make lock"
        for version, _ in versions:
            assert requirement.specifier.contains(version, prereleases=True), f"{requirement} and {version}: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    assert [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []
    assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links", text)


def test_development_adds_to_what_a_run_needs_and_changes_nothing() -> None:
    run, development = pins(LOCKS[0]), pins(LOCKS[1])
    for name, needed in run.items():
        assert {version for version, _ in needed} == {version for version, _ in development[name]}, f"{name}: make lock"


def test_metricflow_reads_what_the_same_dbt_has_written() -> None:
    run, metricflow = pins(LOCKS[0]), pins(LOCKS[2])
    assert run["dbt-core"] == metricflow["dbt-core"], "make lock"
