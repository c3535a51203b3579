"""The nodes of a manifest and how they depend on each other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

PACKAGE = "prohandel_analytics"


class Graph:
    """The project's own part of a manifest.json; packages are left out."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        everything = {**manifest["nodes"], **manifest["sources"], **manifest["exposures"]}
        self.nodes: dict[str, dict[str, Any]] = {
            key: node for key, node in everything.items() if node["package_name"] == PACKAGE
        }
        self.macros: dict[str, dict[str, Any]] = {
            key: macro for key, macro in manifest["macros"].items() if macro["package_name"] == PACKAGE
        }

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        """The nodes of these resource types."""
        return [node for node in self.nodes.values() if node["resource_type"] in kinds]

    @property
    def models(self) -> list[dict[str, Any]]:
        return self.of_kind("model")

    @cached_property
    def parents(self) -> dict[str, set[str]]:
        """Direct parents by unique id; tests, unit tests and analyses are left out."""
        return {
            key: {parent for parent in node.get("depends_on", {}).get("nodes", []) if parent in self.nodes}
            for key, node in self.nodes.items()
            if node["resource_type"] not in ("test", "analysis")
        }

    @cached_property
    def children(self) -> dict[str, set[str]]:
        """Direct children by unique id; tests, unit tests and analyses are left out."""
        found: dict[str, set[str]] = {key: set() for key in self.parents}
        for child, parents in self.parents.items():
            for parent in parents:
                found[parent].add(child)
        return found

    def tests_of(self, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The data tests that are attached to a node."""
        for test in self.of_kind("test"):
            if test.get("attached_node") == node["unique_id"]:
                yield test

    def name(self, unique_id: str) -> str:
        """A node's name; with its source's for a source table."""
        node = self.nodes[unique_id]
        return f"{node['source_name']}.{node['name']}" if node["resource_type"] == "source" else str(node["name"])

    def layer(self, node: dict[str, Any]) -> str:
        """The kind of a model by its folder: base, staging, intermediate, marts or other."""
        folders = PurePosixPath(node["original_file_path"]).parent.parts
        for layer in ("base", "staging", "intermediate", "marts"):
            if layer in folders:
                return layer
        return "other"
