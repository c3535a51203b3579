"""The project gives the same marts with the real dbt packages and with its own minimal ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
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
LAYERS = ("staging", "intermediate", "marts", "quality", "reference", "snapshots")


def copy_with(folder: Path, source: str) -> Path:
    """A copy of the project with these packages installed."""
    for name in ("dbt_project.yml", "packages.yml", ".dbtignore"):
        shutil.copy(PROJECT / name, folder)
    for name in ("models", "macros", "seeds", "snapshots", "analyses", "tests", "packages"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("python", "__pycache__"))
    resolve(folder, source=source)
    return folder


@pytest.fixture(scope="module")
def minimal(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A small landing, built and tested with the minimal packages; each set gets a copy of the landed rows."""
    home = tmp_path_factory.mktemp("packages")
    landed = server.create_database("packages_landed")
    with landed.connect() as conn:
        simulate(conn, "prohandel", scale="small", seed=3, dirt=0.005, home=home / "home")
    warehouse = Warehouse(server.socket_dir, "packages_landed", home).clone("packages_minimal")
    built = replace(warehouse, project=copy_with(tmp_path_factory.mktemp("minimal"), "minimal"))
    built.dbt(*BUILD)
    yield built
    for name in ("packages_landed", "packages_minimal", "packages_real"):
        server.create_database(name).drop()


def test_both_sets_give_the_same_marts(minimal: Warehouse, tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    source = str(vendored_packages())
    try:
        project = copy_with(folder, source)
    except ProhandelError as no_folder:
        try:
            project = copy_with(tmp_path, "hub")
        except ProhandelError as no_hub:
            pytest.skip(f"the real packages are out of reach: {no_folder.message} {no_hub.message}")
    landed = replace(minimal, name="packages_landed")
    real = replace(landed.clone("packages_real"), project=project)
    real.dbt(*BUILD)
    assert differences(minimal, real) == []


def test_unit_tests(minimal: Warehouse) -> None:
    minimal.dbt("test", "--select", "test_type:unit")


def test_every_relation_and_column_carries_its_description(minimal: Warehouse) -> None:
    undescribed = minimal.execute(
        """
        select n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') as thing
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        left join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
        where n.nspname = any(%(layers)s) and c.relkind in ('r', 'v')
            and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null)
            and a.attname not like 'dbt\\_%%'
        order by 1
        """,
        {"layers": list(LAYERS)},
    )
    assert [thing for (thing,) in undescribed] == []
