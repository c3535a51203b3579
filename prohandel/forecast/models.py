"""The portfolio by name, and the choice among it by the last horizon that has passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from prohandel.errors import ProhandelError
from prohandel.forecast import challengers
from prohandel.forecast.baseline import baseline
from prohandel.forecast.combine import combine
from prohandel.forecast.distribution import Demand, Quantiles
from prohandel.forecast.negative_binomial import negative_binomial
from prohandel.forecast.panel import Panel
from prohandel.forecast.score import score
from prohandel.forecast.seasonal_naive import seasonal_naive

Forecast = Demand | Quantiles
Model = Callable[[Panel, int], Forecast]

AUTO = "auto"
CANDIDATES = ("negative_binomial", "boosted", "combined", "seasonal_naive")
"""Models that `auto` chooses from, the plainest first."""
SAMPLE = 5_000
"""Series that the choice is made by, at most."""
LEAST_GAIN = 0.002
"""A later candidate has to be better by so much of the score to be chosen."""


@dataclass(frozen=True)
class Choice:
    """A forecast, the model that made it, and what the candidates scored (wQL) where there was a choice."""

    forecast: Forecast
    model: str
    scores: dict[str, float]


def names() -> tuple[str, ...]:
    """All models that can be asked for."""
    return (AUTO, "baseline", *CANDIDATES, *challengers.NAMES)


def model_of(name: str, *, seed: int = 0, num_threads: int = 1) -> Model:
    """The model of a name.

    Raises:
        ProhandelError: no such model, or its package is missing.
    """

    def boost(panel: Panel, horizon: int) -> Demand:
        # LightGBM takes a second to load, which the other models need not wait for.
        from prohandel.forecast.boosted import boosted

        return boosted(panel, horizon, seed=seed, num_threads=num_threads)

    def combined(panel: Panel, horizon: int) -> Demand:
        return combine([negative_binomial(panel, horizon), boost(panel, horizon)])

    own: dict[str, Model] = {
        "baseline": baseline,
        "negative_binomial": negative_binomial,
        "boosted": boost,
        "combined": combined,
        "seasonal_naive": seasonal_naive,
    }
    if name in own:
        return own[name]
    if name in challengers.NAMES:
        return challengers.challenger(name)
    raise ProhandelError(f"There is no model {name}.", f"One of {', '.join(names())}.")


def forecast_by(name: str, panel: Panel, horizon: int, *, seed: int = 0, num_threads: int = 1) -> Choice:
    """Forecasts by a model, or by the one that was best over the last horizon of the history if it is `auto`."""
    scores: dict[str, float] = {}
    if name == AUTO:
        scores = held_out_scores(panel, horizon, seed, num_threads)
        name = best(scores)
    return Choice(model_of(name, seed=seed, num_threads=num_threads)(panel, horizon), name, scores)


def best(scores: dict[str, float]) -> str:
    """The first candidate that no later one beats by more than LEAST_GAIN; the plainest without scores."""
    chosen = CANDIDATES[0]
    for name in CANDIDATES[1:]:
        if name in scores and scores[name] < scores[chosen] * (1.0 - LEAST_GAIN):
            chosen = name
    return chosen


def held_out_scores(panel: Panel, horizon: int, seed: int, num_threads: int) -> dict[str, float]:
    """wQL of the candidates over the last horizon, trained on what came before; none where history is short.

    Periods with less than full stock are not scored, because what was demanded in them is unknown.
    """
    length = len(panel.periods) - horizon
    if length < horizon:
        return {}
    started = np.flatnonzero(~np.isnan(panel.units[:, length - 1]))
    if not len(started):
        return {}
    rng = np.random.default_rng(seed)
    some = panel.take(np.sort(rng.choice(started, min(SAMPLE, len(started)), replace=False)))
    actual = np.where(some.in_stock_share[:, length:] >= 1.0, some.units[:, length:], np.nan).astype(np.float32)
    if not np.nansum(actual) > 0:
        return {}
    scores = {}
    for name in CANDIDATES:
        made = model_of(name, seed=seed, num_threads=num_threads)(some.until(length), horizon)
        values = made.values if isinstance(made, Quantiles) else made.quantiles()
        scores[name] = score(actual, made.mean, values, freq=panel.freq).wql
    return scores
