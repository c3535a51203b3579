"""Models of statsforecast, for comparison: their point forecasts with conformal quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from prohandel.errors import ProhandelError
from prohandel.forecast.distribution import LEVELS, Doubles, Quantiles
from prohandel.forecast.panel import SEASON_LENGTHS, Panel

NAMES = ("croston_sba", "tsb", "imapa", "auto_ets")
SMOOTHING = 0.2
"""Both smoothing parameters of TSB (Teunter, Syntetos and Babai 2011 use 0.1 to 0.3)."""
_WINDOWS = 2
"""Past horizons that the errors come from."""


def challenger(name: str) -> Callable[[Panel, int], Quantiles]:
    """The model of this name.

    Raises:
        ProhandelError: statsforecast is not installed.
    """
    try:
        from statsforecast import models
    except ImportError as error:
        raise ProhandelError(
            f"The model {name} needs the package statsforecast, which is not installed.",
            "pip install statsforecast; negative_binomial and boosted do without.",
        ) from error
    makers: dict[str, Callable[[int], Any]] = {
        "croston_sba": lambda _: models.CrostonSBA(),
        "tsb": lambda _: models.TSB(alpha_d=SMOOTHING, alpha_p=SMOOTHING),
        "imapa": lambda _: models.IMAPA(),
        "auto_ets": lambda season: models.AutoETS(season_length=season),
    }

    def forecast(panel: Panel, horizon: int) -> Quantiles:
        season = SEASON_LENGTHS[panel.freq] if len(panel.periods) > 2 * SEASON_LENGTHS[panel.freq] else 1
        return _forecast(makers[name](season), panel, horizon)

    return forecast


def _forecast(model: Any, panel: Panel, horizon: int) -> Quantiles:
    """Point forecasts, and quantiles of the errors that the model made in past horizons of the same series.

    The quantile of a level is the mean plus the empirical quantile of the errors (Vovk, Gammerman and Shafer,
    Algorithmic Learning in a Random World; one-sided split conformal), not below zero.
    """
    n = len(panel.series_ids)
    mean, values = np.zeros((n, horizon)), np.zeros((n, horizon, len(LEVELS)))
    for row in range(n):
        units = panel.units[row].astype(float)
        units = units[~np.isnan(units)]
        mean[row] = np.maximum(_point(model, units, horizon), 0.0)
        values[row] = mean[row][:, None] + np.quantile(_errors(model, units, horizon), LEVELS)
    return Quantiles(mean.astype(np.float32), np.maximum(values, 0.0).astype(np.float32))


def _point(model: Any, units: Doubles, horizon: int) -> Doubles:
    # Where nothing ever sold, or hardly a period is known, there is nothing to smooth.
    if len(units) < 3 or not units.any():
        return np.full(horizon, units.mean() if len(units) else 0.0)
    return np.asarray(model.forecast(y=units, h=horizon)["mean"], dtype=float)


def _errors(model: Any, units: Doubles, horizon: int) -> Doubles:
    """Errors of past horizons; deviations from the mean where there is no history for one."""
    errors = []
    for window in range(1, _WINDOWS + 1):
        start = len(units) - window * horizon
        if start >= max(horizon, 3):
            errors.append(units[start : start + horizon] - np.maximum(_point(model, units[:start], horizon), 0.0))
    return np.concatenate(errors) if errors else units - units.mean()
