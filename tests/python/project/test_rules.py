"""The rules of dbt-project-evaluator hold, checked here and, where the package lies beside the project, by itself.

So do the project's own rules, which the package does not know.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from copy import copy
from typing import Any

import psycopg
import pytest
import yaml
from dbt.cli.main import dbtRunner
from psycopg import sql

from prohandel import warehouse
from prohandel.pipeline.target import PROJECT
from tests.python.conftest import Database
from tests.python.project.conftest import EVERY_TABLE
from tests.python.project.exceptions import EXCEPTIONS
from tests.python.project.graph import Graph
from tests.python.project.rules import OWN_RULES, RULES, advice_by_kind, data_tests_without_advice
from tests.python.project.vendored import vendored_packages
from tests.python.quality.documented import anchors

# What the package names a finding by, where it is not simply the resource.
_KEYS = {
    "rejoining_of_upstream_concepts": "child || ' <- ' || parent_and_child",
    "model_fanout": "parent",
    "source_fanout": "parent",
    "unused_sources": "parent",
    "duplicate_sources": "source_names",
    "root_models": "child",
    "chained_views_dependencies": "child",
    "direct_join_to_source": "child",
    "hard_coded_references": "model",
    "marts_or_intermediate_dependent_on_source": "child",
    "multiple_sources_joined": "child",
    "staging_dependent_on_marts_or_intermediate": "child",
    "staging_dependent_on_staging": "child",
    "test_directories": "model_name",
    "exposure_parents_materializations": "exposure_name",
    "exposures_dependent_on_private_models": "exposure_name",
    "undocumented_sources": "source_name",
}


@pytest.mark.parametrize("name", [*RULES, *OWN_RULES])
def test_rule(name: str, graph: Graph) -> None:
    found = {**RULES, **OWN_RULES}[name](graph)
    allowed = EXCEPTIONS.get(name, {})
    assert {resource: what for resource, what in found.items() if resource not in allowed} == {}
    assert set(allowed) - set(found) == set(), "these exceptions are no longer needed"


def test_exceptions_are_to_rules_that_exist() -> None:
    assert set(EXCEPTIONS) <= {*RULES, *OWN_RULES}


def test_every_kind_of_test_has_a_section_in_the_runbook(graph: Graph) -> None:
    sections = anchors((PROJECT / "docs" / "runbooks" / "failed_test.md").read_text(encoding="utf-8"))
    advice = advice_by_kind(graph)
    assert {of_kind["section"] for of_kind in advice.values()} <= sections
    assert all(of_kind["why"].endswith(".") for of_kind in advice.values())
    named = [name for of_kind in advice.values() for name in of_kind["tests"]]
    assert len(named) == len(set(named)), "a generic test is of two kinds"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"config": {"meta": {}}}, "its owner is no group"),
        ({"config": {"meta": {"owner": "nobody"}}}, "its owner is no group"),
        ({"test_metadata": {"name": "of_no_kind"}}, "it is of no kind, so it has no runbook"),
        (
            {"config": {"meta": {"owner": "controlling", "kind": "business_rule"}}},
            "it says nothing of its own on why it matters",
        ),
        ({"test_metadata": None}, "it says nothing of its own on why it matters"),
    ],
)
def test_a_test_without_advice_is_found(changed: dict[str, Any], said: str, graph: Graph) -> None:
    test: dict[str, Any] = {
        "resource_type": "test",
        "name": "toy",
        "test_metadata": {"name": "not_null"},
        "config": {"meta": {"owner": "controlling"}},
    }
    toy = copy(graph)
    toy.nodes = {**graph.nodes, "test.toy": {**test, **changed}}
    assert said in data_tests_without_advice(toy)["toy"]


@pytest.fixture(scope="module")
def evaluated(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[Any]]:
    """A database in which the package has evaluated a copy of the project."""
    vendored = vendored_packages()
    needed = ("dbt_project_evaluator", "dbt_utils", "dbt_expectations", "dbt_date")
    if not all((vendored / name / "dbt_project.yml").is_file() for name in needed):
        pytest.skip(f"dbt_project_evaluator and the packages that it needs do not lie in {vendored}")
    copy = tmp_path_factory.mktemp("evaluated")
    for name in ("dbt_project.yml", "packages.yml", ".dbtignore"):
        shutil.copy(PROJECT / name, copy)
    for name in ("models", "macros", "seeds", "snapshots", "analyses", "tests"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("python", "__pycache__"))
    for name in needed:
        shutil.copytree(
            vendored / name, copy / "dbt_packages" / name, ignore=shutil.ignore_patterns("integration_tests*")
        )
    shutil.copytree(PROJECT / "packages" / "minimal" / "elementary", copy / "dbt_packages" / "elementary")
    database: Database = server.create_database(f"evaluated_{os.getpid()}")
    output = {"type": "postgres", "host": server.socket_dir, "port": warehouse.PORT, "user": warehouse.USER}
    output |= {"password": "", "dbname": database.name, "schema": "analytics", "threads": 2}
    profile = {"prohandel_analytics": {"target": "embedded", "outputs": {"embedded": output}}}
    (copy / "profiles.yml").write_text(yaml.safe_dump(profile))
    database.connect().execute(
        sql.SQL("alter database {} set prohandel.hash_key = 'test key'").format(sql.Identifier(database.name))
    )
    arguments = ["build", "--quiet", "--select", "package:dbt_project_evaluator", "--exclude-resource-type", "test"]
    arguments += ["--project-dir", str(copy), "--profiles-dir", str(copy), "--log-path", str(copy / "logs")]
    arguments += ["--vars", yaml.safe_dump({**EVERY_TABLE, "max_depth_dag": 9})]
    result: Any = dbtRunner().invoke(arguments)
    assert result.success, result.exception or [node.message for node in result.result.results]
    with database.connect() as conn:
        yield conn
    database.drop()


@pytest.mark.parametrize("name", [name for name in RULES if name != "untested_models"])
def test_the_package_finds_the_same(name: str, evaluated: psycopg.Connection[Any]) -> None:
    key = _KEYS.get(name, "resource_name")
    rows = evaluated.execute(f"select distinct {key} from analytics.fct_{name}".encode()).fetchall()  # noqa: S608
    assert {found for (found,) in rows} == set(EXCEPTIONS.get(name, {}))


def test_the_package_has_no_rule_that_is_not_checked_here(evaluated: psycopg.Connection[Any]) -> None:
    rows = evaluated.execute(
        "select substring(relname from 5) from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
        " where n.nspname = 'analytics' and relname like 'fct\\_%' and relkind in ('r', 'v')"
    ).fetchall()
    measures = {"documentation_coverage", "test_coverage"}
    assert {name for (name,) in rows} - measures == set(RULES) - {"untested_models"}
