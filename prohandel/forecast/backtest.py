"""The rolling-origin backtest: every model scored on days that have passed, and the champions chosen by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

import numpy as np
import psycopg
from numpy.typing import NDArray

from prohandel.errors import ProhandelError
from prohandel.forecast import store
from prohandel.forecast.backtest_scores import Score, scores_of, week_sums
from prohandel.forecast.batch import Place, Say, Watch
from prohandel.forecast.batch_lock import only_batch
from prohandel.forecast.champions import RULE, Evidence, decide
from prohandel.forecast.distribution import Doubles
from prohandel.forecast.models import AUTO, CANDIDATES, names
from prohandel.forecast.negative_binomial import cycle_of
from prohandel.forecast.segments import ALL, DEMAND, demand_classes, segments
from prohandel.forecast.trained import Training
from prohandel.forecast.warehouse_series import HISTORY_DAYS, WarehouseSeries, read_series

MODELS = ("baseline", *CANDIDATES)
LEAST_HISTORY = 56
"""Days before the earliest origin."""


@dataclass(frozen=True)
class BacktestOptions:
    """What is compared.

    Attributes:
        origins: how many.
        step: days between two of them.
        models: names; the champions are compared besides.
        sample: series at most, drawn by the seed.
        horizon: days.
        seed: the same seed and data give the same scores.
        threads: of the boosting.
    """

    origins: int = 8
    step: int = 7
    models: tuple[str, ...] = MODELS
    sample: int = 5_000
    horizon: int = 28
    seed: int = 0
    threads: int = 1


@dataclass
class BacktestSummary:
    """What a backtest has found.

    Attributes:
        origins: days that forecasts were made after.
        series: how many were compared.
        scores: rows written.
        overall: by model, scores of the segment `all`, means over origins and weeks.
        champions: by segment.
        changes: evidence of each change.
        evidence: by segment, of all challengers.
    """

    origins: list[str]
    series: int
    scores: int
    overall: dict[str, dict[str, float]]
    champions: dict[str, str]
    changes: list[dict[str, object]]
    evidence: dict[str, list[dict[str, object]]]
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """Scores of all models, and losses (n, O) by model for the champions' rule."""

    origins: list[date]
    scores: list[Score]
    losses: dict[str, Doubles]
    members: dict[str, NDArray[np.bool_]]


def run_backtest(
    conn: psycopg.Connection, place: Place, options: BacktestOptions, say: Say = lambda _: None
) -> BacktestSummary:
    """Scores models at past origins, writes the scores, and lets challengers take over where the rule says so.

    Args:
        conn: in autocommit mode; holds the lock of batches and writes.
        place: where to read and write.
        options: what is compared.
        say: is told what is going on.

    Raises:
        ProhandelError: no such model, another batch is at work, or the history is too short.
    """
    unknown = [name for name in options.models if name not in names() or name == AUTO]
    if unknown:
        raise ProhandelError(
            f"There is no model {unknown[0]} to compare.", f"Of {', '.join(name for name in names() if name != AUTO)}."
        )
    watch = Watch(say)
    with only_batch(conn, place.forecasting):
        reach = options.horizon + options.step * (options.origins - 1)
        with watch.step("read", "reading demand"):
            series = read_series(conn, place.intermediate, HISTORY_DAYS + reach)
        store.prepare(conn, place.forecasting)
        champions = store.read_champions(conn, place.forecasting)
        compared = compare_models(series, options, sorted({*options.models, *champions.values()}), watch)
        with watch.step("champions", "comparing with the champions"):
            after, evidence = _decided(compared, champions, options)
        with watch.step("write", f"writing {len(compared.scores):,} scores"):
            changes = _write(conn, place.forecasting, series.origin, compared, champions, after, evidence)
    return BacktestSummary(
        [str(origin) for origin in compared.origins],
        len(next(iter(compared.losses.values()))),
        len(compared.scores),
        _overall(compared.scores),
        after,
        changes,
        {segment: [one.as_json() for one in found] for segment, found in evidence.items()},
        watch.seconds,
    )


def compare_models(series: WarehouseSeries, options: BacktestOptions, models: Sequence[str], watch: Watch) -> Compared:
    """Scores of models at each origin, the latest last.

    A series is compared at an origin if it was in range in the four weeks before: in stock or selling. Days after the
    end of its season are not scored: batches forecast nothing for them, by whatever model.

    Raises:
        ProhandelError: the history is too short.
    """
    length = series.panel.units.shape[1]
    lengths = [length - options.horizon - options.step * back for back in range(options.origins)][::-1]
    if lengths[0] < LEAST_HISTORY:
        needed = LEAST_HISTORY + options.horizon + options.step * (options.origins - 1)
        raise ProhandelError(
            f"{options.origins} origins, {options.step} days apart, need {needed} days of history; there are {length}.",
            "Ask for fewer: --origins; or let history gather.",
        )
    in_range = np.stack([_in_range(series, cut) for cut in lengths], axis=1)
    chosen = np.flatnonzero(in_range.any(axis=1))
    if not len(chosen):
        raise ProhandelError("No series was in range at any of the origins.", "Is inventory landed? prohandel doctor")
    if len(chosen) > options.sample:
        rng = np.random.default_rng(options.seed)
        chosen = np.sort(rng.choice(chosen, options.sample, replace=False))
    panel, in_range, season_ends_on = series.panel.take(chosen), in_range[chosen], series.season_ends_on[chosen]
    members = segments(
        demand_classes(panel),
        [series.abc_class[row] for row in chosen],
        [series.xyz_class[row] for row in chosen],
        [series.category[row] for row in chosen],
    )
    losses = {name: np.full(in_range.shape, np.nan) for name in models}
    scores: list[Score] = []
    origins = []
    for place, cut in enumerate(lengths):
        origin: date = panel.periods[cut - 1].item()
        origins.append(origin)
        rows = np.flatnonzero(in_range[:, place])
        past = panel.until(cut)
        # Articles of earlier seasons, in range no more, are what a life is learned from, as in a batch.
        cycle = cycle_of(series.panel.until(cut))
        training = Training(past, options.horizon, options.seed, options.threads, cycle and cycle.take(chosen))
        ahead = slice(cut, cut + options.horizon)
        judged = in_range[:, place, None] & ~(panel.periods[ahead] > season_ends_on[:, None])
        actual = np.where(judged, panel.units[:, ahead], np.nan).astype(np.float32)
        here = {name: mine[rows] for name, mine in members.items()}
        for name in models:
            with watch.step(name, f"origin {origin} ({place + 1} of {len(lengths)}): {name}"):
                sums = week_sums(actual, panel.in_stock_share[:, ahead], training.forecast(name))
                losses[name][:, place] = sums.loss()
                scores += scores_of(name, origin, sums.take(rows), past.units[rows], here)
    return Compared(origins, scores, losses, members)


def _in_range(series: WarehouseSeries, length: int) -> NDArray[np.bool_]:
    """(n,) whether a series had begun by then and was in stock or sold within the four weeks before."""
    last = slice(max(0, length - 28), length)
    units, share = series.panel.units[:, last], series.panel.in_stock_share[:, last]
    seen = ~np.isnan(units)
    result: NDArray[np.bool_] = seen[:, -1] & (seen & ((share > 0) | (units > 0))).any(axis=1)
    return result


def _decided(
    compared: Compared, champions: dict[str, str], options: BacktestOptions
) -> tuple[dict[str, str], dict[str, list[Evidence]]]:
    """Champions from now on, and the evidence, for `all` and each demand class."""
    block = -(-options.horizon // options.step)
    usual = champions.get(ALL, CANDIDATES[0])
    after, evidence = {}, {}
    for segment, mine in compared.members.items():
        if segment != ALL and not segment.startswith(DEMAND):
            continue
        before = champions.get(segment, usual)
        if before not in compared.losses:
            after[segment] = before
            continue
        losses = {name: loss[mine] for name, loss in compared.losses.items()}
        after[segment], evidence[segment] = decide(before, losses, block, options.seed, RULE)
    return {**champions, **after}, evidence


def _write(
    conn: psycopg.Connection,
    schema: str,
    origin: date,
    compared: Compared,
    before: dict[str, str],
    after: dict[str, str],
    evidence: dict[str, list[Evidence]],
) -> list[dict[str, object]]:
    """Writes scores, champions and decisions in one transaction; the changes."""
    usual = before.get(ALL, CANDIDATES[0])
    rows = [(*vars(one).values(), after.get(one.segment, after[ALL]) == one.model) for one in compared.scores]
    decisions: list[dict[str, object]] = []
    for segment, model in sorted(after.items()):
        former = before.get(segment, usual)
        if model != former:
            found = [one.as_json() for one in evidence[segment]]
            decisions.append({"segment": segment, "from": former, "to": model, "evidence": found, "rule": asdict(RULE)})
    store.write_scores(conn, schema, origin, rows, before, after, decisions)
    return decisions


def _overall(scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    measures = ("wape", "bias", "rmsse", "scaled_pinball", "coverage_p80", "coverage_p95")
    overall = [one for one in scores if one.segment == ALL]
    return {
        model: {
            measure: round(float(np.nanmean([getattr(one, measure) for one in overall if one.model == model])), 4)
            for measure in measures
        }
        for model in sorted({one.model for one in overall})
    }
