"""The small simulated retailer with all marts, and MetricFlow beside it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from prohandel.landing.simulate import simulate
from prohandel.pipeline.target import PROJECT
from tests.python.conftest import Server
from tests.python.scenarios.harness import Warehouse

METRICFLOW = PROJECT / ".venv-semantic" / "bin" / "python"


@dataclass(frozen=True)
class MetricFlow:
    """MetricFlow's command line over a built warehouse.

    Attributes:
        warehouse: where the marts are.
        project: a folder that holds what `mf` reads of the project: dbt_project.yml and the semantic manifest.
    """

    warehouse: Warehouse
    project: Path

    def run(self, *commands: Sequence[str]) -> str:
        """Runs `mf` with each of these argument lists; returns what it printed."""
        environment = {"DBT_PROJECT_DIR": str(self.project), "DBT_PROFILES_DIR": str(self.warehouse.write_profile())}
        done = subprocess.run(
            [str(METRICFLOW), str(Path(__file__).with_name("metricflow_queries.py"))],
            input=json.dumps(commands),
            env={**os.environ, **environment, "PYTHONUTF8": "1"},
            cwd=self.project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def query(self, queries: Mapping[str, Sequence[str]]) -> dict[str, list[dict[str, Any]]]:
        """The rows of each query by its name: numbers as decimals, days as dates, null as None."""
        files = {name: self.project / f"{name}.csv" for name in queries}
        self.run(*(["query", *arguments, "--csv", str(files[name]), "--quiet"] for name, arguments in queries.items()))
        found = {}
        for name, path in files.items():
            with path.open(newline="", encoding="utf-8") as file:
                found[name] = [
                    {column: _value(column, text) for column, text in row.items()} for row in csv.DictReader(file)
                ]
        return found


def _value(column: str, text: str) -> Any:
    if text == "":
        return None
    if column.startswith("metric_time"):
        return datetime.fromisoformat(text).date() if len(text) > 10 else date.fromisoformat(text)
    if "__" in column or column in ("branch", "article"):
        return text
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


@pytest.fixture(scope="session")
def metricflow(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricFlow]:
    if not METRICFLOW.exists():
        pytest.skip("MetricFlow is not installed: make semantic")
    workdir = tmp_path_factory.mktemp("semantic")
    database = server.create_database("semantic_tests")
    warehouse = Warehouse(server.socket_dir, database.name, workdir)
    with warehouse.connect() as conn:
        simulate(
            conn,
            "prohandel",
            scale="small",
            seed=5,
            syncs=0,
            generation="declared",
            dirt=0.02,
            home=workdir / "home",
            progress=lambda _text, _share: None,
        )
    warehouse.build()
    project = workdir / "project"
    (project / "target").mkdir(parents=True)
    shutil.copy(PROJECT / "dbt_project.yml", project)
    shutil.copy(warehouse.parse() / "semantic_manifest.json", project / "target")
    yield MetricFlow(warehouse, project)
    database.drop()
