"""The file for node_exporter: figures of the last run, replaced at once."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError
from prohandel.pipeline import metrics_file
from prohandel.pipeline import run as run_module
from prohandel.pipeline.dbt import Freshness, NodeResult
from prohandel.pipeline.metrics_file import VARIABLE, write
from prohandel.pipeline.run import RunOptions, RunReport, Step, run
from prohandel.pipeline.summary import Summary, TableRows
from tests.python.pipeline.conftest import Toy

REPORT = RunReport(
    exit_code=1,
    target="prod",
    packages="",
    steps=(Step("prepare", 1.5), Step("build", 60.25)),
    freshness=(
        Freshness("prohandel.sale", "pass", datetime(2026, 3, 1, tzinfo=UTC), 1.5, ""),
        Freshness("prohandel.shop", "runtime error", None, None, "gone"),
    ),
    nodes=(
        NodeResult("model.p.a", "success", 1, None, "", ""),
        NodeResult("model.p.b", "error", 1, None, "", ""),
        NodeResult("test.p.c", "fail", 1, 2, "", ""),
        NodeResult("test.p.d", "pass", 1, 0, "", ""),
        NodeResult("test.p.e", "skipped", 1, None, "", ""),
    ),
    findings=(),
    summary=Summary((TableRows("sale", 10, 7, 2, 1),), (), ""),
)


def figures(file: Path) -> dict[tuple[str, ...], float]:
    """Figures by name and labels, as Prometheus reads the file."""
    return {
        (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "target")): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }


def test_all_figures(tmp_path: Path) -> None:
    file = tmp_path / "prohandel.prom"
    write(file, "prod", 1, 1000.0, 1061.75, REPORT)
    assert figures(file) == {
        ("prohandel_run_exit_code",): 1,
        ("prohandel_run_started_timestamp_seconds",): 1000,
        ("prohandel_run_ended_timestamp_seconds",): 1061.75,
        ("prohandel_run_step_seconds", "prepare"): 1.5,
        ("prohandel_run_step_seconds", "build"): 60.25,
        ("prohandel_run_tests", "passed"): 1,
        ("prohandel_run_tests", "warned"): 0,
        ("prohandel_run_tests", "failed"): 1,
        ("prohandel_run_tests", "skipped"): 1,
        ("prohandel_run_models_failed",): 1,
        ("prohandel_source_age_seconds", "prohandel.sale"): 5400,
        ("prohandel_table_rows", "landed", "sale"): 10,
        ("prohandel_table_rows", "staged", "sale"): 7,
        ("prohandel_table_rows", "rejected", "sale"): 2,
        ("prohandel_table_rows", "superseded", "sale"): 1,
    }
    assert stat.S_IMODE(file.stat().st_mode) & 0o044 == 0o044, "node_exporter is another user"
    assert [path.name for path in tmp_path.iterdir()] == ["prohandel.prom"]


def test_the_last_good_run_outlives_bad_ones(tmp_path: Path) -> None:
    file, name = tmp_path / "prohandel.prom", ("prohandel_run_last_good_timestamp_seconds",)
    write(file, "prod", 2, 900.0, 901.0, None)
    assert name not in figures(file)
    write(file, "prod", 0, 1000.0, 1700000061.75, REPORT)
    assert figures(file)[name] == 1700000061.75
    for code in (1, 3, 2):
        write(file, "prod", code, 2000.0, 2001.0, None)
        assert figures(file)[name] == 1700000061.75
        assert figures(file)["prohandel_run_exit_code",] == code


def test_a_run_beside_another_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "prohandel.prom", "prod", EXIT_ANOTHER_RUN, 1.0, 2.0, None)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prohandel.prom"
    monkeypatch.setenv(VARIABLE, str(file))
    with pytest.raises(ProhandelError):
        run(RunOptions(gate=True, select=("x",), target="prod"))
    assert figures(file)["prohandel_run_exit_code",] == 2


def test_a_run_that_nobody_foresaw_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "prohandel.prom"
    monkeypatch.setenv(VARIABLE, str(file))

    def broken(*_: object) -> RunReport:
        raise ValueError

    monkeypatch.setattr(run_module, "_run", broken)
    with pytest.raises(ValueError):  # noqa: PT011
        run(RunOptions())
    assert figures(file)["prohandel_run_exit_code",] == 70


def test_a_real_run_writes_it(toy: Toy, tmp_path: Path) -> None:
    file = tmp_path / "prohandel.prom"
    toy.report(code=0, **{VARIABLE: str(file)})
    found = figures(file)
    assert found["prohandel_run_exit_code",] == 0
    assert found["prohandel_table_rows", "landed", "sale"] == 2


def test_a_file_that_cannot_be_written_fails_no_run(toy: Toy, tmp_path: Path) -> None:
    done = toy.run(**{VARIABLE: str(tmp_path / "no" / "prohandel.prom")})
    assert done.code == 0
    assert "cannot be written" in done.err


def test_without_the_variable_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert metrics_file.metrics_file() is None
