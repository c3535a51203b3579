"""The batch against the models called by hand, and again, and interrupted."""

from __future__ import annotations

import json
import signal
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

from prohandel import warehouse
from prohandel.errors import EXIT_ANOTHER_RUN, ProhandelError
from prohandel.forecast import store
from prohandel.forecast.batch import Options, Place, run_batch
from prohandel.forecast.batch_lock import only_batch
from prohandel.forecast.commands import forecast_app
from prohandel.forecast.models import model_of
from prohandel.forecast.panel import Panel
from prohandel.pipeline import target as targets
from prohandel.pipeline.target import Target
from tests.python.conftest import Database
from tests.python.forecast_batch.world import write_case
from tests.python.forecasting_models.panels import A, random_case

HORIZON = 28
CASE = random_case(3, 200)
PLACES = {key: row for row, key in enumerate(CASE.keys)}


@pytest.fixture
def case(connected: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Ten series: the season of hats in branch c ends on the tenth day ahead, idle goods of b are not in range."""
    write_case(
        connected,
        CASE,
        {("c", "hat"): {"season_ends_on": A + timedelta(days=10)}, ("b", "idle"): {"is_forecastable": False}},
    )
    return connected


def _panel_with_lives() -> Panel:
    """The series as the warehouse has them: the hats of branch c fade, and lend levels to none but their like."""
    panel = CASE.panel()
    fades = np.array([key == ("c", "hat") for key in CASE.keys], dtype=np.int32)
    articles = np.unique([article for _, article in CASE.keys], return_inverse=True)[1].astype(np.int32)
    lent = 2 * panel.groups["category"] + fades
    return replace(panel, groups={**panel.groups, "life": fades, "article": articles, "cold_start": lent})


@pytest.mark.parametrize("name", ["negative_binomial", "baseline"])
def test_a_batch_is_what_the_model_says(case: psycopg.Connection[Any], place: Place, name: str) -> None:
    summary = run_batch(case, place, Options(name))
    stored = store.read_batch(case, "forecasting", A)
    expected: Any = model_of(name)(_panel_with_lives(), HORIZON)
    quantiles = expected.quantiles()
    assert list(stored.keys) == sorted(key for key in CASE.keys if key != ("b", "idle"))
    for row, key in enumerate(stored.keys):
        at, days = PLACES[key], 10 if key == ("c", "hat") else HORIZON
        np.testing.assert_allclose(stored.mean[row, :days], expected.mean[at, :days], rtol=1e-5)
        assert (stored.quantiles[row, :, :days] == quantiles[at, :days].T).all()
        assert not stored.mean[row, days:].any()
        assert not stored.quantiles[row, :, days:].any()
        assert stored.history_days[row] == CASE.length - CASE.starts[at]
        assert stored.censored_days[row] == (CASE.share[at, CASE.starts[at] :] < 1).sum()
        assert stored.is_cold_start[row] == (CASE.starts[at] > CASE.length - 28)
    np.testing.assert_allclose(stored.dispersion, [expected.dispersion[PLACES[key]] for key in stored.keys], rtol=1e-5)
    np.testing.assert_allclose(stored.level_cv2, [expected.level_cv2[PLACES[key]] for key in stored.keys], rtol=1e-5)
    assert set(stored.models) == {name}
    assert (summary.forecast, summary.series, summary.season_ended) == (9, 10, 1)
    assert np.isnan(stored.model_mean).all()


def test_each_series_has_the_champion_of_its_class(case: psycopg.Connection[Any], place: Place) -> None:
    store.prepare(case)
    case.execute(
        "insert into forecasting.champions values ('all', 'baseline', %s), ('demand:lumpy', 'boosted', %s)", [A, A]
    )
    run_batch(case, place, Options(threads=1))
    found = store.read_batch(case, "forecasting", A)
    lumpy = {key for key, model in zip(found.keys, found.models, strict=True) if model == "boosted"}
    # Hats sell in some numbers on some days, coats one at a time.
    assert {("b", "hat"), ("c", "hat")} <= lumpy
    assert not {("b", "coat"), ("c", "coat")} & lumpy
    assert set(found.models) == {"boosted", "baseline"}
    kept = dict(case.execute("select name, artefact from forecasting.models").fetchall())
    assert set(kept) == {"boosted", "baseline"}
    assert kept["boosted"] is None or kept["boosted"].startswith("tree")


def test_planners_are_heard_and_the_model_is_remembered(case: psycopg.Connection[Any], place: Place) -> None:
    run_batch(case, place, Options())
    before = store.read_batch(case, "forecasting", A)
    case.execute(
        "insert into forecasting.overrides (article_number, branch_number, starts_on, ends_on, factor, reason, author)"
        " values ('scarf', 'b', %s, %s, 3, 'fair', 'anna')",
        [A + timedelta(days=2), A + timedelta(days=3)],
    )
    assert run_batch(case, place, Options()).overridden == 1
    after = store.read_batch(case, "forecasting", A)
    row = list(after.keys).index(("b", "scarf"))
    assert (after.model_mean[row] == before.mean[row]).all()
    factor = np.where(np.isin(np.arange(HORIZON), (1, 2)), 3.0, 1.0)
    np.testing.assert_allclose(after.mean[row], before.mean[row] * factor, rtol=1e-6)
    np.testing.assert_allclose(after.quantiles[row], before.quantiles[row] * factor, rtol=1e-6)
    others = np.arange(len(after.keys)) != row
    assert (after.mean[others] == before.mean[others]).all()
    assert np.isnan(after.model_mean[others]).all()


def test_again_gives_the_same_rows_once(case: psycopg.Connection[Any], place: Place) -> None:
    first = run_batch(case, place, Options("combined", threads=1))
    rows = _rows(case)
    second = run_batch(case, place, Options("combined", threads=2))
    assert _rows(case) == rows
    assert first.fingerprint == second.fingerprint
    runs = case.execute("select run_id, status, n_series, data_fingerprint from forecasting.runs").fetchall()
    assert runs == [(second.run_id, "done", 9, second.fingerprint)]
    case.execute(
        "update intermediate.int_forecasting__demand_spans set demand_units = demand_units + 1 where demand_units = 7"
    )
    assert run_batch(case, place, Options()).fingerprint != first.fingerprint


def test_a_second_batch_at_once_is_refused(case: psycopg.Connection[Any], place: Place, batches: Database) -> None:
    with batches.connect() as other:
        with only_batch(other, place.forecasting), pytest.raises(ProhandelError, match="Another batch") as raised:
            run_batch(case, place, Options())
        assert raised.value.exit_code == EXIT_ANOTHER_RUN
        assert run_batch(case, place, Options()).forecast == 9


def test_a_failure_while_writing_leaves_the_former_batch(case: psycopg.Connection[Any], place: Place) -> None:
    run_batch(case, place, Options())
    rows = _rows(case)
    case.execute("alter table forecasting.models add check (name <> 'baseline')")
    with pytest.raises(psycopg.errors.CheckViolation):
        run_batch(case, place, Options("baseline"))
    assert _rows(case) == rows
    case.execute("alter table forecasting.models drop constraint models_name_check")
    assert run_batch(case, place, Options("baseline")).resumed == ["baseline"]
    assert {row[3] for row in _rows(case)} == {"baseline"}


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_a_killed_batch_changes_nothing_and_the_next_gives_the_same(
    case: psycopg.Connection[Any], place: Place, batches: Database, kills: int
) -> None:
    store.prepare(case)
    case.execute("insert into forecasting.champions values ('demand:lumpy', 'baseline', %s)", [A])
    run_batch(case, replace(place, kept=place.kept / "apart"), Options())
    expected = _rows(case)
    case.execute("truncate forecasting.forecasts")
    draw = np.random.default_rng(kills)
    for _ in range(kills):
        _kill(batches, place, int(draw.integers(1, 8)), float(draw.uniform(0, 0.02)))
        assert _rows(case) in ([], expected)
    run_batch(case, place, Options())
    assert _rows(case) == expected
    assert case.execute("select count(*), min(status) from forecasting.runs").fetchone() == (1, "done")


def _batch(address: str, place: Place, said: Connection) -> None:
    run_batch(psycopg.connect(address, autocommit=True), place, Options(), said.send)


def _kill(batches: Database, place: Place, steps: int, seconds: float) -> None:
    """Starts a batch in a process of its own and kills it within one of its steps."""
    address = psycopg.conninfo.make_conninfo(
        host=batches.server.socket_dir, port=warehouse.PORT, user=warehouse.USER, dbname=batches.name
    )
    # Not a new interpreter, which would take seconds to load what is loaded here.
    forking = get_context("fork")
    heard, said = forking.Pipe(duplex=False)
    process = forking.Process(target=_batch, args=(address, place, said))
    process.start()
    said.close()
    # What is there from the one before is not trained again: a batch may end earlier.
    with suppress(EOFError):
        for _ in range(steps):
            heard.recv()
    time.sleep(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    with batches.connect() as conn:
        # The server notices a moment later that its client is gone.
        for _ in range(200):
            row = conn.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone()
            if row == (0,):
                return
            time.sleep(0.01)


def _rows(conn: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """What is forecast, without the number of the run that wrote it."""
    return conn.execute(
        "select forecast_origin, branch_number, article_number, model, is_cold_start, demand_mean, demand_quantiles,"
        " model_mean, dispersion, level_cv2, history_days, censored_days from forecasting.forecasts order by 1, 2, 3"
    ).fetchall()


def test_the_command_says_what_it_did(
    case: psycopg.Connection[Any], batches: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    del case
    connection = {
        "host": batches.server.socket_dir, "port": str(warehouse.PORT), "user": warehouse.USER, "dbname": batches.name,
    }  # fmt: skip
    found = Target(warehouse.TARGET, place.kept, "prohandel", connection, None, place.kept)
    monkeypatch.setattr(targets, "find_target", lambda _: found)
    result = CliRunner().invoke(forecast_app, ["--json", "--horizon", "7", "--threads", "1"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["forecast"], report["horizon"], report["by_model"]) == (9, 7, {"negative_binomial": 9})
    shown = CliRunner().invoke(forecast_app, [])
    assert shown.exit_code == 0, shown.output
    assert "9 of 10 series forecast 28 days after 2026-03-29" in shown.output
    assert not any((place.kept / "forecast" / warehouse.TARGET).iterdir())
    compared = CliRunner().invoke(
        forecast_app, ["backtest", "--origins", "2", "--models", "baseline", "--horizon", "14", "--threads", "1"]
    )
    assert compared.exit_code == 0, compared.output
    assert "at 2 origins from 2026-03-08 to 2026-03-15" in compared.output
    assert "champion of all: negative_binomial" in compared.output
