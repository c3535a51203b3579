"""The floor: what was a season ago comes again."""

from __future__ import annotations

import numpy as np
from scipy import special

from prohandel.forecast.distribution import LEVELS, Doubles, Quantiles
from prohandel.forecast.panel import SEASON_LENGTHS, Panel


def seasonal_naive(panel: Panel, horizon: int) -> Quantiles:
    """Repeats the last season; a history shorter than a season repeats its last value.

    The spread is Gaussian, with the variance of the seasonal differences times the seasons ahead (Hyndman and
    Athanasopoulos, Forecasting: Principles and Practice, 5.5), as published scores of this floor have it: low quantiles
    may be negative and are left so.

    Args:
        panel: n series.
        horizon: H periods.

    Returns:
        Quantiles of n series; values may be fractions of a unit.
    """
    season = SEASON_LENGTHS[panel.freq]
    if len(panel.periods) <= season:
        season = 1
    units = panel.units.astype(float)
    last = units[:, -season:]
    seen = np.where(np.isnan(last), np.nan_to_num(units[:, -1:]), last)
    mean = seen[:, np.arange(horizon) % season]
    ahead = np.arange(horizon) // season + 1
    spread = _spread(units, season)[:, None] * np.sqrt(ahead)
    values = mean[:, :, None] + spread[:, :, None] * special.ndtri(np.asarray(LEVELS))
    return Quantiles(mean.astype(np.float32), values.astype(np.float32))


def _spread(units: Doubles, season: int) -> Doubles:
    """(n,) root of the mean squared seasonal difference; 0 where there is none."""
    differences = units[:, season:] - units[:, :-season]
    there = ~np.isnan(differences)
    squared = np.where(there, differences, 0.0) ** 2
    spread: Doubles = np.sqrt(squared.sum(axis=1) / np.maximum(there.sum(axis=1), 1))
    return spread
