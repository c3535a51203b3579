"""One LightGBM model for all series, which corrects the recency-weighted mean; the spread is the negative binomial's.

A training row is a series, an origin in the past and a period after it. LightGBM starts from the logarithm of the plain
forecast (recency-weighted rate x weekday factor x season and life x share of the period with stock) and learns what to
multiply it by, under a Poisson or Tweedie likelihood. Features are those of `features.py`; none sees anything past its
origin but columns known in advance.
"""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from prohandel.forecast.distribution import Demand, Doubles, Floats
from prohandel.forecast.features import Rows, future_rows, training_rows, with_cycle
from prohandel.forecast.life_cycle import Cycle
from prohandel.forecast.negative_binomial import Settings, fit, predict
from prohandel.forecast.panel import Panel

_SPREAD_ROWS = 150_000
"""Training rows that the spread is fitted to, about."""


@dataclass(frozen=True)
class BoostSettings:
    """Parameters of the boosting; `most_rows` bounds time and memory."""

    rounds: int = 120
    learning_rate: float = 0.05
    leaves: int = 31
    least_in_leaf: int = 200
    objectives: tuple[str, ...] = ("poisson",)
    most_rows: int = 600_000
    tweedie_power: float = 1.3


def boosted(
    panel: Panel,
    horizon: int,
    *,
    settings: BoostSettings | None = None,
    plain_settings: Settings | None = None,
    seed: int = 0,
    num_threads: int = 1,
) -> Demand:
    """Trains on the panel's own past and forecasts it.

    Args:
        panel: n series; columns known in advance reach over the horizon.
        horizon: H periods.
        settings: of the boosting.
        plain_settings: of the negative binomial that the spread comes from; by frequency unless given.
        seed: the same seed gives the same forecast, whatever the number of threads.
        num_threads: of LightGBM.

    Returns:
        The mean of LightGBM with the dispersion and the level's error of the negative binomial; the negative binomial
        itself where the history is too short to train on.
    """
    plain = fit(panel, plain_settings)
    demand = predict(plain, panel, horizon)
    return boost(panel, demand, cycle=plain.cycle, settings=settings, seed=seed, num_threads=num_threads)[0]


def boost(
    panel: Panel,
    demand: Demand,
    *,
    cycle: Cycle | None = None,
    settings: BoostSettings | None = None,
    seed: int = 0,
    num_threads: int = 1,
) -> tuple[Demand, list[lgb.Booster]]:
    """The forecast of `boosted`, given forecast and cycle of the negative binomial, and what was trained for it:
    nothing where the history is too short."""
    settings = settings or BoostSettings()
    horizon = demand.mean.shape[1]
    panel = with_cycle(panel, cycle, horizon)
    rows = training_rows(panel, horizon, settings.most_rows, seed)
    if rows is None:
        return demand, []
    models = train(rows, settings, seed, num_threads)
    mean = np.empty(demand.mean.shape, dtype=np.float32)
    for part in panel.chunks():
        ahead = future_rows(panel, part, horizon)
        mean[part] = np.exp(ahead.offset + _raw(models, ahead.features, num_threads)).reshape(-1, horizon)
    some = rows.thinned(_SPREAD_ROWS)
    fitted = np.exp(some.offset + _raw(models, some.features, num_threads))
    return Demand(mean, _dispersion(demand, some, fitted), demand.level_cv2), models


def _dispersion(demand: Demand, rows: Rows, fitted: Doubles) -> Floats:
    """(n,) the negative binomial's dispersion, scaled so that it fits what the training rows deviate from their mean.

    One factor for all series, by moments: sum((y - m)^2 - m) = factor x sum(total dispersion x m^2). A total dispersion
    has the level's error in it; what is left of the scaled one without that error is the period's.
    """
    total = demand.period_dispersion()
    expected = float((total[rows.series] * fitted**2).sum())
    factor = max(0.0, float(((rows.units - fitted) ** 2 - fitted).sum())) / expected if expected > 0 else 1.0
    of_period = (1.0 + factor * total) / (1.0 + demand.level_cv2) - 1.0
    return np.maximum(of_period, 0.0).astype(np.float32)


def train(rows: Rows, settings: BoostSettings, seed: int, num_threads: int) -> list[lgb.Booster]:
    """One model per objective; the forecast is the geometric mean of theirs."""
    data = lgb.Dataset(rows.features, rows.units, init_score=rows.offset, free_raw_data=False)
    return [
        lgb.train(_parameters(settings, objective, seed, num_threads), data, num_boost_round=settings.rounds)
        for objective in settings.objectives
    ]


def _parameters(settings: BoostSettings, objective: str, seed: int, num_threads: int) -> dict[str, object]:
    return {
        "objective": objective,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.least_in_leaf,
        "tweedie_variance_power": settings.tweedie_power,
        "max_bin": 127,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": num_threads,
        "verbosity": -1,
    }


def _raw(models: list[lgb.Booster], features: Floats, num_threads: int) -> Doubles:
    raw: Doubles = np.mean(
        [model.predict(features, raw_score=True, num_threads=num_threads) for model in models], axis=0
    )
    return raw
