"""The project gives the same marts with the real dbt packages and with its own minimal ones."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from prohandel.errors import ProhandelError
from prohandel.landing.simulate import simulate
from prohandel.pipeline.packages import resolve
from prohandel.pipeline.target import PROJECT
from tests.python.conftest import Server
from tests.python.project.vendored import vendored_packages
from tests.python.scenarios.harness import Warehouse, differences

# Unit tests of incremental models want their relations to be there.
BUILD = ("build", "--exclude-resource-type", "unit_test")


def copy_with(folder: Path, source: str) -> Path:
    """A copy of the project with these packages installed."""
    for name in ("dbt_project.yml", "packages.yml", ".dbtignore"):
        shutil.copy(PROJECT / name, folder)
    for name in ("models", "macros", "seeds", "snapshots", "analyses", "tests", "packages"):
        shutil.copytree(
            PROJECT / name, folder / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("python", "__pycache__")
        )
    resolve(folder, source=source)
    return folder


@pytest.mark.slow
def test_both_sets_give_the_same_marts(server: Server, tmp_path: Path) -> None:
    """A small landing, built and tested with each; each set gets a copy of the landed rows."""
    project = {"minimal": tmp_path / "minimal", "real": tmp_path / "real"}
    for folder in project.values():
        folder.mkdir()
    source = str(vendored_packages())
    try:
        copy_with(project["real"], source)
    except ProhandelError as no_folder:
        try:
            copy_with(project["real"], "hub")
        except ProhandelError as no_hub:
            pytest.skip(f"the real packages are out of reach: {no_folder.message} {no_hub.message}")
    copy_with(project["minimal"], "minimal")
    landed = server.create_database("packages_landed")
    with landed.connect() as conn:
        simulate(conn, "prohandel", scale="small", seed=3, dirt=0.005, home=tmp_path / "home")
    built = {
        name: replace(
            Warehouse(server.socket_dir, "packages_landed", tmp_path).clone(f"packages_{name}"), project=folder
        )
        for name, folder in project.items()
    }
    for warehouse in built.values():
        warehouse.dbt(*BUILD)
    assert differences(built["minimal"], built["real"]) == []
    for name in ("packages_landed", "packages_minimal", "packages_real"):
        server.create_database(name).drop()
