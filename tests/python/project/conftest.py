"""The project as dbt understands it, parsed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import dbtRunner

from prohandel.landing.tables import LANDED_TABLES
from prohandel.pipeline.packages import resolve
from prohandel.pipeline.target import PROJECT
from tests.python.project.graph import Graph

EVERY_TABLE = {table.using_variable: True for table in LANDED_TABLES.values()}


class Parsed:
    """A parse of the project with every landed table in use.

    Attributes:
        graph: its nodes and their relationships.
        unit_tests: by unique id.
        semantic_models, metrics, saved_queries: what MetricFlow reads.
        complaints: everything that dbt said at level warn or above, deprecations included.
    """

    def __init__(self, folder: Path) -> None:
        resolve(PROJECT)
        output = {"type": "postgres", "host": "nowhere", "user": "nobody", "password": "", "port": 5432}
        output |= {"dbname": "warehouse", "schema": "analytics", "threads": 1}
        profile = {"prohandel_analytics": {"target": "embedded", "outputs": {"embedded": output}}}
        (folder / "profiles.yml").write_text(yaml.safe_dump(profile))
        self.complaints: list[str] = []
        arguments = ["parse", "--no-partial-parse", "--show-all-deprecations", "--quiet"]
        arguments += ["--project-dir", str(PROJECT), "--profiles-dir", str(folder)]
        arguments += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
        arguments += ["--vars", json.dumps(EVERY_TABLE)]
        result = dbtRunner(callbacks=[self._hear]).invoke(arguments)
        assert result.success, result.exception
        manifest = json.loads((folder / "target" / "manifest.json").read_text())
        self.graph = Graph(manifest)
        self.unit_tests: dict[str, dict[str, Any]] = manifest["unit_tests"]
        self.semantic_models: list[dict[str, Any]] = list(manifest["semantic_models"].values())
        self.metrics: list[dict[str, Any]] = list(manifest["metrics"].values())
        self.saved_queries: list[dict[str, Any]] = list(manifest["saved_queries"].values())

    def _hear(self, event: Any) -> None:
        if event.info.level in ("warn", "error"):
            self.complaints.append(f"{event.info.name}: {event.info.msg}")


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    return Parsed(tmp_path_factory.mktemp("parsed"))


@pytest.fixture(scope="session")
def graph(parsed: Parsed) -> Graph:
    return parsed.graph
