"""The scheduled batch: every series of the warehouse is forecast, and the schema is written in one transaction."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from prohandel.errors import ProhandelError
from prohandel.forecast import overrides, store
from prohandel.forecast.batch_lock import only_batch
from prohandel.forecast.distribution import LEVELS
from prohandel.forecast.drift import profiles
from prohandel.forecast.models import AUTO, CANDIDATES, best, held_out_scores, names
from prohandel.forecast.panel import future_periods
from prohandel.forecast.parts import Parts, code_version, fingerprint
from prohandel.forecast.segments import ALL, DEMAND, demand_classes
from prohandel.forecast.store import Artefact, Batch, Outcome
from prohandel.forecast.trained import Trained, Training
from prohandel.forecast.warehouse_series import SERIES, WarehouseSeries, read_series
from prohandel.forecast.watching import look, retrained, watched_segments

COLD_DAYS = 28
"""Series with less history borrow most of their level."""
_ROWS = 4_000
"""Series whose quantiles are worked out at a time."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where a batch reads and writes.

    Attributes:
        intermediate: schema of the models that `dbt build` makes.
        forecasting: schema that is written.
        kept: folder for what a batch that was killed goes on from.
    """

    intermediate: str
    forecasting: str
    kept: Path


@dataclass(frozen=True)
class Options:
    """What a batch is asked for.

    Attributes:
        model: of all series; None for the champion of each.
        horizon: days.
        seed: the same seed and data give the same rows.
        threads: of the boosting; 0 for all processors.
    """

    model: str | None = None
    horizon: int = 28
    seed: int = 0
    threads: int = 0

    @property
    def num_threads(self) -> int:
        """Threads of the boosting."""
        return self.threads or os.cpu_count() or 1


@dataclass
class Summary:
    """What a batch has done.

    Attributes:
        run_id: of the table `runs`.
        origin: last day that was observed.
        horizon: days.
        series: that were learned from.
        forecast: that are active and in range.
        by_model: how many of these by which model.
        cold_start: of these with less than COLD_DAYS of history.
        season_ended: whose season ends before the forecast does.
        overridden: that planners have changed.
        units: forecast in all.
        resumed: models whose forecasts were there from a batch that was killed.
        warnings: what was odd and was dealt with.
        fingerprint: of the data.
        code_version: of the models.
        seconds: by step.
        scored: former forecasts whose days have passed.
        drifting: segments whose forecasts no longer fit.
    """

    run_id: int
    origin: str
    horizon: int
    series: int
    forecast: int
    by_model: dict[str, int]
    cold_start: int
    season_ended: int
    overridden: int
    units: float
    resumed: list[str]
    warnings: list[str]
    fingerprint: str
    code_version: str
    seconds: dict[str, float] = field(default_factory=dict)
    scored: int = 0
    drifting: list[str] = field(default_factory=list)


class Watch:
    """How long each step took; says when it begins."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[None]:
        """Measures the block as the step of that name."""
        self._say(what)
        begun = time.monotonic()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - begun, 3)


def run_batch(conn: psycopg.Connection, place: Place, options: Options, say: Say = lambda _: None) -> Summary:
    """Forecasts all series that are active and in range, by the champion of their demand class unless a model is named.

    The same data and seed give the same rows; a batch replaces the former one of its origin. One that is killed leaves
    nothing but forecasts of whole models on disk, which the next one takes if its data are the same.

    Args:
        conn: in autocommit mode; holds the lock and writes.
        place: where to read and write.
        options: what is asked for.
        say: is told what is going on.

    Raises:
        ProhandelError: no such model, another batch is at work, or nothing can be forecast.
    """
    if options.model is not None and options.model not in names():
        raise ProhandelError(f"There is no model {options.model}.", f"One of {', '.join(names())}.")
    watch = Watch(say)
    with only_batch(conn, place.forecasting):
        with watch.step("read", "reading demand"):
            series = read_series(conn, place.intermediate)
        rows = np.flatnonzero(series.is_forecastable)
        if not len(rows):
            raise ProhandelError(
                f"None of the {len(series.keys):,} series of {place.intermediate}.{SERIES} can be forecast: "
                f"none is active and in range on {series.origin}.",
                "Is inventory landed, and are branches and articles active? See prohandel doctor.",
            )
        store.prepare(conn, place.forecasting)
        with watch.step("watch", "scoring forecasts whose days have passed"):
            judged = look(conn, place.forecasting, place.intermediate, series)
            learned = retrained(conn, place.forecasting, series, options.seed)
        parameters = {"model": options.model or "champion", "horizon": options.horizon, "seed": options.seed}
        run_id = store.begin_run(conn, place.forecasting, series.origin, options.horizon, code_version(), parameters)
        summary = _forecast(conn, place, options, watch, (series, learned), rows, run_id)
        summary.scored = judged.scored
        summary.drifting = sorted(
            {one.segment for found in judged.verdicts.values() for one in found if one.is_drifting}
        )
        return summary


def _forecast(
    conn: psycopg.Connection,
    place: Place,
    options: Options,
    watch: Watch,
    read: tuple[WarehouseSeries, WarehouseSeries],
    rows: NDArray[np.intp],
    run_id: int,
) -> Summary:
    """Forecasts these rows of the series and writes them; `read` is the series as they are and as models learn them."""
    series, learned = read
    print_of_data = fingerprint(learned.panel, series.is_forecastable.tolist(), series.season_ends_on.tolist())
    parts = Parts(place.kept, fingerprint(learned.panel, [options.horizon, options.seed, code_version()]))
    model = _models(conn, place, options, watch, series)
    trained, resumed = _trained(learned, sorted(set(model[rows])), options, parts, watch)
    with watch.step("quantiles", f"quantiles of {len(rows):,} series"):
        batch = assembled(series, rows, model, trained, options.horizon)
    ended = _end_seasons(series, rows, batch)
    with watch.step("overrides", "overrides of planners"):
        batch, overridden = _overridden(conn, place, batch)
    with watch.step("profile", "profile of the series"):
        found = profiles(series.panel, watched_segments(series))
    artefacts: dict[str, Artefact] = {}
    for each in trained.values():
        artefacts.update({artefact.name: artefact for artefact in each.artefacts})
    with watch.step("write", f"writing {len(rows):,} series"):
        outcome = Outcome(print_of_data, list(artefacts.values()), found, watch.seconds)
        store.write_batch(conn, place.forecasting, run_id, batch, outcome)
    parts.remove()
    return Summary(
        run_id=run_id,
        origin=str(series.origin),
        horizon=options.horizon,
        series=len(series.keys),
        forecast=len(rows),
        by_model=dict(sorted(Counter(batch.models).items())),
        cold_start=int(batch.is_cold_start.sum()),
        season_ended=ended,
        overridden=overridden,
        units=round(float(batch.mean.sum(dtype=float)), 1),
        resumed=resumed,
        warnings=list(series.warnings),
        fingerprint=print_of_data,
        code_version=code_version(),
        seconds=watch.seconds,
    )


def _models(
    conn: psycopg.Connection,
    place: Place,
    options: Options,
    watch: Watch,
    series: WarehouseSeries,
) -> NDArray[np.str_]:
    """(n,) name of the model that forecasts each series."""
    n = len(series.keys)
    if options.model == AUTO:
        with watch.step("choice", "choosing a model by the last horizon"):
            scores = held_out_scores(series.panel, options.horizon, options.seed, options.num_threads)
        return np.full(n, best(scores), dtype="U40")
    if options.model is not None:
        return np.full(n, options.model, dtype="U40")
    champions = store.read_champions(conn, place.forecasting)
    usual = champions.get(ALL, CANDIDATES[0])
    return np.array(
        [champions.get(DEMAND + name, usual) for name in demand_classes(series.panel).tolist()], dtype="U40"
    )


def _trained(
    series: WarehouseSeries, wanted: list[str], options: Options, parts: Parts, watch: Watch
) -> tuple[dict[str, Trained], list[str]]:
    """The forecasts of the wanted models, and which of them were there from a batch that was killed."""
    training = Training(series.panel, options.horizon, options.seed, options.num_threads)
    found: dict[str, Trained] = {}
    resumed = []
    for name in wanted:
        kept = parts.load(name)
        if kept is not None and kept.mean.shape == (len(series.keys), options.horizon):
            found[name] = kept
            resumed.append(name)
            continue
        with watch.step(name, f"training {name} on {len(series.keys):,} series"):
            found[name] = training.forecast(name)
            parts.keep(found[name])
    return found, resumed


def assembled(
    series: WarehouseSeries,
    rows: NDArray[np.intp],
    model: NDArray[np.str_],
    trained: dict[str, Trained],
    horizon: int,
) -> Batch:
    """The forecasts of some series, each by its own model.

    Args:
        series: n series.
        rows: (m,) those that are forecast.
        model: (n,) names.
        trained: forecasts of all series by these models.
        horizon: H days.
    """
    m = len(rows)
    mean = np.zeros((m, horizon), dtype=np.float32)
    quantiles = np.zeros((m, len(LEVELS), horizon), dtype=np.float32)
    dispersion, level_cv2 = np.zeros(m, dtype=np.float32), np.zeros(m, dtype=np.float32)
    for name, forecast in trained.items():
        mine = np.flatnonzero(model[rows] == name)
        mean[mine] = forecast.mean[rows[mine]]
        dispersion[mine], level_cv2[mine] = forecast.dispersion[rows[mine]], forecast.level_cv2[rows[mine]]
        for start in range(0, len(mine), _ROWS):
            block = mine[start : start + _ROWS]
            quantiles[block] = forecast.quantiles(rows[block]).transpose(0, 2, 1)
    observed = ~np.isnan(series.panel.units[rows])
    history = observed.sum(axis=1).astype(np.int32)
    censored = (observed & (series.panel.in_stock_share[rows] < 1.0)).sum(axis=1).astype(np.int32)
    return Batch(
        series.origin,
        [series.keys[row] for row in rows],
        model[rows].tolist(),
        history < COLD_DAYS,
        mean,
        quantiles,
        np.full((m, horizon), np.nan, dtype=np.float32),
        dispersion,
        level_cv2,
        history,
        censored,
    )


def _end_seasons(series: WarehouseSeries, rows: NDArray[np.intp], batch: Batch) -> int:
    """Sets forecasts to zero after the last day of a series' season; how many series that has changed."""
    ends = series.season_ends_on[rows]
    past = future_periods(series.panel, batch.mean.shape[1])[None, :] > ends[:, None]
    batch.mean[past] = 0.0
    batch.quantiles[np.broadcast_to(past[:, None, :], batch.quantiles.shape)] = 0.0
    return int(past.any(axis=1).sum())


def _overridden(conn: psycopg.Connection, place: Place, batch: Batch) -> tuple[Batch, int]:
    """The batch as planners have changed it, and how many of its series they have."""
    days = future_days(batch)
    wanted = store.read_overrides(conn, place.forecasting, days[0].item(), days[-1].item())
    if not wanted:
        return batch, 0
    mean, values, own = overrides.apply(batch.keys, batch.origin, batch.mean, batch.quantiles, wanted)
    changed: dict[str, Any] = {"mean": mean, "quantiles": values, "model_mean": own}
    return Batch(**{**vars(batch), **changed}), int((~np.isnan(own[:, 0])).sum())


def future_days(batch: Batch) -> NDArray[np.datetime64]:
    """(H,) the days that a batch forecasts."""
    return np.datetime64(batch.origin) + np.arange(1, batch.mean.shape[1] + 1)
