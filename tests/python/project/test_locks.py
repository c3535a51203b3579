"""The lock files hold what pyproject.toml asks for, with hashes, and agree with each other."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from prohandel.pipeline.target import PROJECT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-semantic.lock")
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


def requirements(*extras: str) -> list[Requirement]:
    content = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    wanted = [*content["project"]["dependencies"], *content["dependency-groups"]["build"]]
    for extra in extras:
        wanted += content["project"]["optional-dependencies"][extra]
    return [Requirement(text) for text in wanted]


@pytest.mark.parametrize(("lock", "extras"), [(LOCKS[0], ()), (LOCKS[1], ("dev",)), (LOCKS[2], ("semantic",))])
def test_a_lock_fits_what_is_asked_for(lock: str, extras: tuple[str, ...]) -> None:
    locked = pins(lock)
    for requirement in requirements(*extras):
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


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_an_extra_adds_to_what_a_run_needs_and_changes_nothing(lock: str) -> None:
    run, extended = pins(LOCKS[0]), pins(lock)
    for name, versions in run.items():
        assert {version for version, _ in versions} == {version for version, _ in extended[name]}, f"{name}: make lock"
