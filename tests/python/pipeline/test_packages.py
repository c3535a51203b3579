"""The resolver of dbt packages."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prohandel.errors import ProhandelError
from prohandel.pipeline import packages
from prohandel.pipeline.packages import HUB_URL_VARIABLE, Installation, Wanted, resolve
from prohandel.pipeline.target import PROJECT
from tests.python.pipeline.hub import publish, serving

NAMES = {"dbt_utils", "dbt_expectations", "elementary"}
RELEASED = {
    "dbt-labs/dbt_utils": "1.3.1",
    "metaplane/dbt_expectations": "0.10.5",
    "godatadriven/dbt_date": "0.11.0",
    "elementary-data/elementary": "0.25.1",
}
NEEDS = {"metaplane/dbt_expectations": "godatadriven/dbt_date"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "packages").mkdir(parents=True)
    shutil.copy(PROJECT / "packages.yml", folder)
    shutil.copytree(PROJECT / "packages" / "minimal", folder / "packages" / "minimal")
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / "hub"
    folder.mkdir()
    with serving(folder) as address:
        publish(folder, address, RELEASED, NEEDS)
        monkeypatch.setenv(HUB_URL_VARIABLE, address)
        yield address


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv(HUB_URL_VARIABLE, f"http://127.0.0.1:{unused.getsockname()[1]}/")


def folders(project: Path) -> set[str]:
    return {path.name for path in (project / "dbt_packages").iterdir() if path.is_dir()}


def record(project: Path) -> Path:
    return project / "dbt_packages" / ".installed.json"


def assert_nothing_left_over(project: Path) -> None:
    assert [path.name for path in (project / ".dbt_packages").iterdir()] == ["lock"]


def test_without_a_hub_the_minimal_packages_are_taken_at_once(project: Path, no_hub: None) -> None:
    started = time.monotonic()
    taken = resolve(project)
    assert time.monotonic() - started < packages.PROBE_SECONDS + 2
    assert (taken.source, taken.is_new) == ("minimal", True)
    assert "cannot be reached" in taken.note
    assert folders(project) == NAMES
    assert_nothing_left_over(project)


def test_a_hub_is_preferred_and_what_it_gave_stays(project: Path, hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = resolve(project)
    assert taken.source == "hub"
    assert taken.packages == {name.rpartition("/")[2]: version for name, version in RELEASED.items()}
    assert folders(project) == NAMES | {"dbt_date"}
    assert "dbt_utils 1.3.1" in taken.describe()
    assert_nothing_left_over(project)

    monkeypatch.setenv(HUB_URL_VARIABLE, "http://127.0.0.1:9/")
    assert resolve(project) == Installation("hub", taken.packages, False, "already installed")


def test_minimal_packages_stay_when_a_hub_appears(project: Path, hub: str) -> None:
    resolve(project, source="minimal")
    assert resolve(project).source == "minimal"


def test_changed_minimal_macros_are_installed_again(project: Path, no_hub: None) -> None:
    resolve(project)
    (project / "packages" / "minimal" / "dbt_utils" / "macros" / "more.sql").write_text(
        "{% macro more() %}{% endmacro %}"
    )
    assert resolve(project).is_new
    assert (project / "dbt_packages" / "dbt_utils" / "macros" / "more.sql").exists()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_missing_folder_is_seen(project: Path, no_hub: None, name: str) -> None:
    resolve(project)
    shutil.rmtree(project / "dbt_packages" / name)
    said: list[str] = []
    assert resolve(project, say=said.append).is_new
    assert f"{name} missing" in said[0]


def test_a_folder_of_another_name_is_seen(project: Path, no_hub: None) -> None:
    resolve(project)
    (project / "dbt_packages" / "dbt_utils").rename(project / "dbt_packages" / "dbt_utilities")
    said: list[str] = []
    assert resolve(project, say=said.append).is_new
    assert "dbt_utilities is not the package dbt_utilities" in said[0]
    assert folders(project) == NAMES


def test_a_package_that_nobody_asked_for_is_seen(project: Path, no_hub: None) -> None:
    resolve(project)
    foreign = project / "dbt_packages" / "surprise"
    foreign.mkdir()
    (foreign / "dbt_project.yml").write_text("name: surprise\n")
    assert resolve(project).is_new
    assert folders(project) == NAMES


def test_what_dbt_installed_itself_is_judged_by_its_lock_file(project: Path, no_hub: None) -> None:
    resolve(project)
    record(project).unlink()
    versions = {"dbt_utils": "1.3.1", "dbt_expectations": "0.10.5", "elementary": "0.25.1"}
    entries = "\n".join(f"  - name: {name}\n    version: {version}" for name, version in versions.items())
    (project / "package-lock.yml").write_text(f"packages:\n{entries}\n")
    assert resolve(project) == Installation(None, dict(versions), False, "already installed")

    (project / "package-lock.yml").write_text(f"packages:\n{entries.replace('1.3.1', '2.0.1')}\n")
    said: list[str] = []
    assert resolve(project, say=said.append).is_new
    assert "dbt_utils 2.0.1 is outside of >=1.3.0, <2.0.0" in said[0]


def test_packages_of_unknown_version_are_replaced(project: Path, no_hub: None) -> None:
    resolve(project)
    record(project).unlink()
    said: list[str] = []
    assert resolve(project, say=said.append).is_new
    assert "not known which version" in said[0]


@pytest.mark.parametrize("damage", ["no archive", "wrong version"])
def test_a_hub_that_fails_leaves_what_was_installed(
    project: Path, hub: str, tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(project, source="minimal")
    before = record(project).read_text()
    if damage == "no archive":
        monkeypatch.setattr(packages, "DEPS_SECONDS", 6.0)
        (tmp_path / "hub" / "dbt_date-0.11.0.tar.gz").unlink()
    else:
        publish(tmp_path / "hub", hub, {**RELEASED, "dbt-labs/dbt_utils": "2.5.0"}, NEEDS)
    with pytest.raises(ProhandelError):
        resolve(project, source="hub")
    assert record(project).read_text() == before
    assert folders(project) == NAMES
    assert_nothing_left_over(project)


def test_what_a_killed_installation_left_is_removed(project: Path, no_hub: None) -> None:
    left_over = project / ".dbt_packages" / "new-1" / "dbt_utils"
    left_over.mkdir(parents=True)
    resolve(project)
    assert_nothing_left_over(project)


def test_a_folder_of_packages_brings_what_they_need(project: Path, tmp_path: Path) -> None:
    source = tmp_path / "vendored"
    shutil.copytree(project / "packages" / "minimal", source)
    needed = source / "dbt_date"
    needed.mkdir()
    (needed / "dbt_project.yml").write_text("name: dbt_date\n")
    (source / "dbt_expectations" / "packages.yml").write_text(
        "packages: [{package: godatadriven/dbt_date, version: 1.0.0}]"
    )
    taken = resolve(project, source=str(source))
    assert taken.source == "folder"
    assert folders(project) == NAMES | {"dbt_date"}
    assert not resolve(project).is_new


def test_a_folder_without_a_package_is_refused(project: Path, tmp_path: Path) -> None:
    with pytest.raises(ProhandelError, match="no package"):
        resolve(project, source=str(tmp_path))
    with pytest.raises(ProhandelError, match="no source of dbt packages"):
        resolve(project, source="hubb")
    assert not (project / "dbt_packages").exists()


def test_a_hub_that_does_not_answer_is_an_error_only_when_it_was_asked_for(project: Path, no_hub: None) -> None:
    with pytest.raises(ProhandelError, match="does not answer") as caught:
        resolve(project, source="hub")
    assert HUB_URL_VARIABLE in caught.value.remedy


@pytest.mark.parametrize(
    ("version", "fits"),
    [("1.3.0", True), ("1.4.1", True), ("1.2.9", False), ("2.0.0", False), ("1.10.0", True), ("2.1.0", False)],
)
def test_ranges(version: str, fits: bool) -> None:
    assert Wanted("dbt-labs/dbt_utils", (">=1.3.0", "<2.0.0")).admits(version) is fits


def test_an_exact_version() -> None:
    assert Wanted("a/b", ("1.0.0",)).admits("1.0.0")
    assert not Wanted("a/b", ("1.0.0",)).admits("1.0.1")
