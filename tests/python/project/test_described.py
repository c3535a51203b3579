"""Everything has a description."""

from __future__ import annotations

import re
from typing import Any

from tests.python.project.conftest import Parsed
from tests.python.project.graph import PACKAGE, Graph


def test_nodes_and_their_columns(graph: Graph) -> None:
    missing = []
    for node in graph.of_kind("model", "seed", "snapshot", "source", "exposure", "analysis"):
        if not node["description"].strip():
            missing.append(f"{node['resource_type']} {node['name']}")
        missing += [
            f"{node['resource_type']} {node['name']}.{name}"
            for name, column in node.get("columns", {}).items()
            if not column["description"].strip()
        ]
    assert missing == []


def test_models_seeds_and_snapshots_list_their_columns(graph: Graph) -> None:
    without = [node["name"] for node in graph.of_kind("model", "seed", "source", "snapshot") if not node["columns"]]
    assert without == []


def test_groups_and_owners(graph: Graph) -> None:
    without = [node["name"] for node in graph.models if node["access"] == "public" and not node["config"]["group"]]
    assert without == []


def test_macros_and_their_arguments(graph: Graph) -> None:
    missing = []
    for macro in graph.macros.values():
        if not macro["description"].strip():
            missing.append(macro["name"])
        if macro["name"].startswith("test_"):
            continue  # dbt refuses arguments in the description of a generic test.
        described = {argument["name"] for argument in macro["arguments"] if argument["description"].strip()}
        missing += [f"{macro['name']}({name})" for name in _arguments(macro) if name not in described]
    assert missing == []


def test_singular_tests(graph: Graph) -> None:
    singular = [node for node in graph.of_kind("test") if "test_metadata" not in node or not node["test_metadata"]]
    assert [node["name"] for node in singular if not node["description"].strip()] == []


def test_metrics_and_saved_queries(parsed: Parsed) -> None:
    for described in (parsed.metrics, parsed.saved_queries):
        assert described
        assert [node["name"] for node in described if not (node["description"] or "").strip()] == []
        assert [node["name"] for node in described if not node["label"] or not node["config"]["group"]] == []


def test_semantic_models(parsed: Parsed) -> None:
    assert [node["name"] for node in parsed.semantic_models if not (node["description"] or "").strip()] == []


def test_unit_tests(parsed: Parsed) -> None:
    assert [name for name, test in parsed.unit_tests.items() if not (test["description"] or "").strip()] == []


_SIGNATURE = re.compile(
    r"\{%-?\s*(?:macro|test|data_test|materialization)\s+\w+\s*\((?P<arguments>.*?)\)\s*-?%\}", re.DOTALL
)


def _arguments(macro: dict[str, Any]) -> list[str]:
    """The names in a macro's signature."""
    signature = _SIGNATURE.search(macro["macro_sql"])
    if signature is None:
        return []
    names = re.findall(r"(?:^|,)\s*(\w+)\s*(?==|,|$)", signature["arguments"])
    # The model and column that dbt hands to every generic test.
    is_test = macro["name"].startswith("test_")
    return [name for name in names if not (is_test and name in ("model", "column_name"))]


def test_the_package_is_the_project(graph: Graph) -> None:
    assert len(graph.models) > 50
    assert {node["package_name"] for node in graph.nodes.values()} == {PACKAGE}
