"""The rules of dbt-project-evaluator, each over the graph of a manifest, and rules of this project's own.

Each gives what breaks it: the name of the resource, and what is wrong. Limits are the package's defaults.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from tests.python.project.graph import Graph

Findings = dict[str, str]

FANOUT = 3
JOINS = 7
CHAINED_VIEWS = 5
PREFIXES = {
    "base": ("base_",),
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts": ("fct_", "dim_"),
    "other": ("rpt_",),
}


def _parents_of_kind(graph: Graph, node: dict[str, Any], kind: str) -> list[str]:
    return sorted(
        graph.name(parent)
        for parent in graph.parents[node["unique_id"]]
        if graph.nodes[parent]["resource_type"] == kind
    )


def _model_parents(graph: Graph, node: dict[str, Any], *layers: str) -> list[str]:
    return sorted(
        graph.name(parent)
        for parent in graph.parents[node["unique_id"]]
        if graph.nodes[parent]["resource_type"] == "model" and graph.layer(graph.nodes[parent]) in layers
    )


def direct_join_to_source(graph: Graph) -> Findings:
    """A model reads a source and another model."""
    return {
        node["name"]: "reads a source and other models"
        for node in graph.models
        if _parents_of_kind(graph, node, "source") and _parents_of_kind(graph, node, "model")
    }


def multiple_sources_joined(graph: Graph) -> Findings:
    """A model reads more than one source."""
    return {
        node["name"]: ", ".join(sources)
        for node in graph.models
        if len(sources := _parents_of_kind(graph, node, "source")) > 1
    }


def marts_or_intermediate_dependent_on_source(graph: Graph) -> Findings:
    """A model above staging reads a source."""
    return {
        node["name"]: ", ".join(sources)
        for node in graph.models
        if graph.layer(node) in ("intermediate", "marts") and (sources := _parents_of_kind(graph, node, "source"))
    }


def duplicate_sources(graph: Graph) -> Findings:
    """Two source tables are the same relation."""
    seen: dict[str, str] = {}
    found = {}
    for node in graph.of_kind("source"):
        relation = f"{node['database']}.{node['schema']}.{node['identifier']}"
        if relation in seen:
            found[graph.name(node["unique_id"])] = f"is {seen[relation]}"
        seen[relation] = graph.name(node["unique_id"])
    return found


def unused_sources(graph: Graph) -> Findings:
    """Nothing reads a source table."""
    return {
        graph.name(node["unique_id"]): "nothing reads it"
        for node in graph.of_kind("source")
        if not graph.children[node["unique_id"]]
    }


def source_fanout(graph: Graph) -> Findings:
    """More than one model reads a source table."""
    return {
        graph.name(node["unique_id"]): ", ".join(sorted(map(graph.name, children)))
        for node in graph.of_kind("source")
        if len(children := graph.children[node["unique_id"]]) > 1
    }


def staging_dependent_on_staging(graph: Graph) -> Findings:
    """A staging model reads another one; base models are there to be read."""
    return {
        node["name"]: ", ".join(parents)
        for node in graph.models
        if graph.layer(node) == "staging" and (parents := _model_parents(graph, node, "staging"))
    }


def staging_dependent_on_marts_or_intermediate(graph: Graph) -> Findings:
    """A base or staging model reads one above it."""
    return {
        node["name"]: ", ".join(parents)
        for node in graph.models
        if graph.layer(node) in ("base", "staging")
        and (parents := _model_parents(graph, node, "intermediate", "marts"))
    }


def root_models(graph: Graph) -> Findings:
    """A model reads nothing."""
    return {node["name"]: "reads nothing" for node in graph.models if not graph.parents[node["unique_id"]]}


def model_fanout(graph: Graph) -> Findings:
    """Several models that no other model reads, exposed or not, read the same one."""
    found = {}
    for node in graph.of_kind("model", "seed", "snapshot"):
        leaves = sorted(
            graph.name(child)
            for child in graph.children[node["unique_id"]]
            if graph.nodes[child]["resource_type"] == "model"
            and all(graph.nodes[key]["resource_type"] == "exposure" for key in graph.children[child])
        )
        if len(leaves) >= FANOUT:
            found[node["name"]] = ", ".join(leaves)
    return found


def rejoining_of_upstream_concepts(graph: Graph) -> Findings:
    """A model reads a parent and a child of that parent that nothing else reads."""
    found = {}
    for child, parents in graph.parents.items():
        if graph.nodes[child]["resource_type"] == "exposure":
            continue
        for between in parents:
            shared = graph.parents[between] & parents
            readers = [key for key in graph.children[between] if graph.nodes[key]["resource_type"] != "exposure"]
            if shared and len(readers) == 1:
                found[f"{graph.name(child)} <- {graph.name(between)}"] = ", ".join(sorted(map(graph.name, shared)))
    return found


def too_many_joins(graph: Graph) -> Findings:
    """A model reads many others."""
    return {
        node["name"]: f"reads {count}"
        for node in graph.models
        if (count := len(graph.parents[node["unique_id"]])) >= JOINS
    }


_COMMENT = re.compile(r"--.*?$|/\*.*?\*/|\{#.*?#\}", re.DOTALL | re.MULTILINE)
_NAMED_RELATION = re.compile(
    r"""\b(?:from|join)\s+(?:\(\s*)?(?:\{\{\s*var\s*\(|["\w]+\s*\.\s*["\w]+(?!\s*\()|"\w+")""", re.IGNORECASE
)
_EXTRACT = re.compile(r"\b(?:extract|trim|substring)\s*\([^()]*\bfrom\b", re.IGNORECASE)
_DISTINCT_FROM = re.compile(r"\bdistinct\s+from\b", re.IGNORECASE)


def hard_coded_references(graph: Graph) -> Findings:
    """A model names a relation instead of asking for it by ref() or source()."""
    found = {}
    for node in graph.models:
        code = _COMMENT.sub(" ", node["raw_code"])
        code = _DISTINCT_FROM.sub(" ", _EXTRACT.sub(" ", code))
        if match := _NAMED_RELATION.search(code):
            found[node["name"]] = match.group()
    return found


def chained_views_dependencies(graph: Graph) -> Findings:
    """A model stands at the end of a long chain of views."""
    lengths: dict[str, int] = {}

    def chain(unique_id: str) -> int:
        """How many views in a row end with this node."""
        if unique_id not in lengths:
            node = graph.nodes[unique_id]
            is_view = node["resource_type"] == "model" and node["config"]["materialized"] in ("view", "ephemeral")
            longest = max((chain(parent) for parent in graph.parents[unique_id]), default=0)
            lengths[unique_id] = longest + 1 if is_view else 0
        return lengths[unique_id]

    found = {}
    for node in graph.models:
        longest = max((chain(parent) for parent in graph.parents[node["unique_id"]]), default=0)
        if longest > CHAINED_VIEWS:
            found[node["name"]] = f"reads {longest} views in a row"
    return found


def exposure_parents_materializations(graph: Graph) -> Findings:
    """An exposure reads a source or a view."""
    found = {}
    for exposure in graph.of_kind("exposure"):
        for parent in graph.parents[exposure["unique_id"]]:
            node = graph.nodes[parent]
            if node["resource_type"] == "source" or node["config"]["materialized"] not in ("table", "incremental"):
                found[exposure["name"]] = graph.name(parent)
    return found


def exposures_dependent_on_private_models(graph: Graph) -> Findings:
    """An exposure reads a model that is not public."""
    return {
        exposure["name"]: graph.name(parent)
        for exposure in graph.of_kind("exposure")
        for parent in graph.parents[exposure["unique_id"]]
        if graph.nodes[parent].get("access") != "public"
    }


def public_models_without_contract(graph: Graph) -> Findings:
    """A public model has no enforced contract."""
    return {
        node["name"]: "has no enforced contract"
        for node in graph.models
        if node["access"] == "public" and not node["config"]["contract"]["enforced"]
    }


def undocumented_public_models(graph: Graph) -> Findings:
    """A public model or one of its columns is not described."""
    return {
        node["name"]: "is not described wholly"
        for node in graph.models
        if node["access"] == "public"
        and not (node["description"] and node["columns"] and all(c["description"] for c in node["columns"].values()))
    }


def undocumented_models(graph: Graph) -> Findings:
    """A model is not described."""
    return {node["name"]: "is not described" for node in graph.models if not node["description"]}


def undocumented_sources(graph: Graph) -> Findings:
    """A source is not described."""
    return {
        node["source_name"]: "is not described" for node in graph.of_kind("source") if not node["source_description"]
    }


def undocumented_source_tables(graph: Graph) -> Findings:
    """A source table is not described."""
    return {
        graph.name(node["unique_id"]): "is not described" for node in graph.of_kind("source") if not node["description"]
    }


def sources_without_freshness(graph: Graph) -> Findings:
    """A source table has no freshness."""

    def has_freshness(node: dict[str, Any]) -> bool:
        freshness = node["config"].get("freshness") or node.get("freshness") or {}
        return any((freshness.get(limit) or {}).get("count") for limit in ("warn_after", "error_after"))

    return {
        graph.name(node["unique_id"]): "has no freshness" for node in graph.of_kind("source") if not has_freshness(node)
    }


def missing_primary_key_tests(graph: Graph) -> Findings:
    """Neither unique and not null together, nor a unique combination of columns, is tested."""
    found = {}
    for node in graph.models:
        by_column: dict[str | None, set[str]] = {}
        for test in graph.tests_of(node):
            by_column.setdefault(test["column_name"], set()).add(test["test_metadata"]["name"])
            for constraint in node["columns"].get(test["column_name"], {}).get("constraints", []):
                by_column[test["column_name"]].add(constraint["type"])
        combined = any("unique_combination_of_columns" in names for names in by_column.values())
        if not combined and not any({"unique", "not_null"} <= names for names in by_column.values()):
            found[node["name"]] = "its key is not tested"
    return found


def untested_models(graph: Graph) -> Findings:
    """A model has no test at all."""
    return {node["name"]: "has no test" for node in graph.models if not any(graph.tests_of(node))}


def model_naming_conventions(graph: Graph) -> Findings:
    """A model's name does not begin as its layer's do."""
    return {
        node["name"]: f"is in {graph.layer(node)}"
        for node in graph.models
        if not node["name"].startswith(PREFIXES[graph.layer(node)])
    }


def model_directories(graph: Graph) -> Findings:
    """A model lies outside of the folder of its layer, or a staging model outside of its source's."""
    found = {}
    for node in graph.models:
        folders = PurePosixPath(node["original_file_path"]).parent.parts
        by_prefix = [layer for layer, prefixes in PREFIXES.items() if node["name"].startswith(prefixes)]
        if by_prefix and by_prefix[0] != "other" and by_prefix[0] != graph.layer(node):
            found[node["name"]] = f"lies in {'/'.join(folders)}"
        for source in _parents_of_kind(graph, node, "source"):
            if source.partition(".")[0] not in folders:
                found[node["name"]] = f"reads {source} and lies in {'/'.join(folders)}"
    return found


def source_directories(graph: Graph) -> Findings:
    """A source is described outside of the staging folder of its name."""
    return {
        graph.name(node["unique_id"]): node["original_file_path"]
        for node in graph.of_kind("source")
        if not node["original_file_path"].startswith(f"models/staging/{node['source_name']}/")
    }


def test_directories(graph: Graph) -> Findings:
    """A model's tests are written in another folder than the model."""
    found = {}
    for node in graph.models:
        folder = PurePosixPath(node["original_file_path"]).parent
        for test in graph.tests_of(node):
            if PurePosixPath(test["original_file_path"]).parent != folder:
                found[node["name"]] = test["original_file_path"]
    return found


RULES: dict[str, Callable[[Graph], Findings]] = {
    rule.__name__: rule
    for rule in (
        chained_views_dependencies,
        direct_join_to_source,
        duplicate_sources,
        exposure_parents_materializations,
        exposures_dependent_on_private_models,
        hard_coded_references,
        marts_or_intermediate_dependent_on_source,
        missing_primary_key_tests,
        model_directories,
        model_fanout,
        model_naming_conventions,
        multiple_sources_joined,
        public_models_without_contract,
        rejoining_of_upstream_concepts,
        root_models,
        source_directories,
        source_fanout,
        sources_without_freshness,
        staging_dependent_on_marts_or_intermediate,
        staging_dependent_on_staging,
        test_directories,
        too_many_joins,
        undocumented_models,
        undocumented_public_models,
        undocumented_source_tables,
        undocumented_sources,
        untested_models,
        unused_sources,
    )
}


_RETURNED = re.compile(r"return\((\{.*?\})\)\s*\}\}", re.DOTALL)
# A sentence of their kind says too little of these.
_NEEDS_ITS_OWN_WHY = ("business_rule",)


def advice_by_kind(graph: Graph) -> dict[str, dict[str, Any]]:
    """What the macro of this name returns, which writes its dictionary as Python reads it too."""
    returned = _RETURNED.search(graph.macros["macro.prohandel_analytics.advice_by_kind"]["macro_sql"])
    assert returned, "advice_by_kind returns no dictionary"
    return dict(ast.literal_eval(returned.group(1)))


def kind_of_test(test: dict[str, Any], advice: dict[str, dict[str, Any]]) -> str | None:
    """The kind of a test, as the macro of this name finds it; None for a generic test that is of no kind."""
    said: str | None = test["config"]["meta"].get("kind")
    generic = (test.get("test_metadata") or {}).get("name")
    if said or not generic:
        return said or "law"
    return next((kind for kind, of_kind in advice.items() if generic in of_kind["tests"]), None)


def data_tests_without_advice(graph: Graph) -> Findings:
    """A test does not say who looks at its failure, why that matters, or what to do."""
    advice = advice_by_kind(graph)
    owners = {model["config"]["group"] for model in graph.models} - {None}
    found = {}
    for test in graph.of_kind("test"):
        meta = test["config"]["meta"]
        kind = kind_of_test(test, advice)
        lacking = []
        if meta.get("owner") not in owners:
            lacking.append("its owner is no group")
        if kind not in advice:
            lacking.append("it is of no kind, so it has no runbook")
        elif not meta.get("why") and (kind in _NEEDS_ITS_OWN_WHY or not test.get("test_metadata")):
            lacking.append("it says nothing of its own on why it matters")
        if lacking:
            found[test["name"]] = ", ".join(lacking)
    return found


OWN_RULES: dict[str, Callable[[Graph], Findings]] = {rule.__name__: rule for rule in (data_tests_without_advice,)}
