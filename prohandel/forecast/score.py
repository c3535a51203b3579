"""Scores of forecasts, by the conventions of gift-eval (GluonTS), so that figures compare with published ones.

Errors of the point forecast are those of the mean (RMSE, RMSSE, WAPE, bias) or of the median (MASE), as in gift-eval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prohandel.forecast.distribution import LEVELS, Doubles, Floats, cdf
from prohandel.forecast.panel import SEASON_LENGTHS

WQL_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Levels that gift-eval averages the weighted quantile loss over."""


@dataclass(frozen=True)
class Scores:
    """What a forecast is judged by; nan where it cannot be said.

    Attributes:
        n_series: series scored.
        n_points: periods scored.
        wape: sum |actual - mean| / sum actual.
        bias: sum (mean - actual) / sum actual; positive is too much.
        rmse: units.
        mase: mean over series of the median's absolute error / seasonal naive's in the history; series without any
            error there are left out.
        rmsse: mean over series of sqrt(mean squared error / that of the naive forecast in the history) (M5 guide).
        wql: weighted quantile loss, mean over 0.1 to 0.9: 1.0 for a forecast of zeros.
        scaled_pinball: mean over series and levels of the quantile loss / the naive forecast's mean absolute error (M5
            uncertainty guide, SPL).
        q90_loss: weighted quantile loss at 0.9 alone.
        coverage: by name of level, the share of actuals below the quantile; ties count as far as the distribution says,
            so that a true forecast of whole units covers its level.
        at_or_below: by name of level, the plain share of actuals at or below the quantile; more, for whole units.
    """

    n_series: int
    n_points: int
    wape: float
    bias: float
    rmse: float
    mase: float
    rmsse: float
    wql: float
    scaled_pinball: float
    q90_loss: float
    coverage: dict[str, float]
    at_or_below: dict[str, float]


def score(
    actual: Floats,
    mean: Floats,
    values: Floats,
    history: Floats | None = None,
    *,
    freq: str = "D",
    levels: Sequence[float] = LEVELS,
    covered: Sequence[float] = (0.8, 0.95),
) -> Scores:
    """Scores forecasts of n series over H periods.

    Args:
        actual: (n, H) units; nan where a period is not to be scored.
        mean: (n, H) forecast.
        values: (n, H, Q) quantiles.
        history: (n, T) units before the forecast, nan before a series starts; without it the scaled scores are nan.
        freq: D, W or M, for the length of the season that MASE is scaled by.
        levels: of the quantiles; 0.1 to 0.9 and 0.5 among them.
        covered: levels that coverage is stated of.

    Raises:
        ValueError: a level that a score needs is missing.
    """
    missing = [level for level in (*WQL_LEVELS, *covered) if level not in levels]
    if missing:
        raise ValueError(f"quantiles of the levels {', '.join(map(str, missing))} are missing")
    there = ~np.isnan(actual)
    y, f = np.where(there, actual, 0.0).astype(float), np.where(there, mean, 0.0).astype(float)
    total, points = float(y.sum()), int(there.sum())
    error = f - y

    def per_series(loss: Doubles) -> Doubles:
        return _ratio(np.where(there, loss, 0.0).sum(axis=1), there.sum(axis=1))

    def quantile(level: float) -> Doubles:
        return values[..., list(levels).index(level)].astype(float)

    weighted = {
        level: _over(float(np.where(there, pinball(y, quantile(level), level), 0.0).sum()), total)
        for level in WQL_LEVELS
    }
    mase = rmsse = scaled = np.nan
    if history is not None:
        season = seasonal_error(history, SEASON_LENGTHS[freq])
        mase = _mean_ratio(per_series(np.abs(y - quantile(0.5))), season)
        step, squared = naive_errors(history)
        rmsse = _mean_ratio(per_series(error**2), squared, root=True)
        losses = np.mean([per_series(pinball(y, quantile(level), level)) / 2.0 for level in levels], axis=0)
        scaled = _mean_ratio(losses, step)
    return Scores(
        n_series=int(there.any(axis=1).sum()),
        n_points=points,
        wape=_over(float(np.abs(error).sum()), total),
        bias=_over(float(error.sum()), total),
        rmse=float(np.sqrt(_over(float((error**2).sum()), points))),
        mase=float(mase),
        rmsse=float(rmsse),
        wql=float(np.mean(list(weighted.values()))),
        scaled_pinball=float(scaled),
        q90_loss=weighted[0.9],
        coverage={_name(level): coverage(y[there], values[there], level, levels) for level in covered},
        at_or_below={_name(level): _over(float((y <= quantile(level))[there].sum()), points) for level in covered},
    )


def pinball(actual: Doubles, forecast: Doubles, level: float) -> Doubles:
    """Twice the quantile loss, units: 2 |(y - q) (1[y <= q] - level)|; at 0.5 the absolute error."""
    loss: Doubles = 2.0 * np.abs((actual - forecast) * ((actual <= forecast) - level))
    return loss


def coverage(actual: Doubles, values: Floats, level: float, levels: Sequence[float] = LEVELS) -> float:
    """Share of actuals below a quantile of whole units: the mean of `covered`; nan without any."""
    return float(covered(actual, values, level, levels).mean()) if len(actual) else float("nan")


def covered(actual: Doubles, values: Floats, level: float, levels: Sequence[float] = LEVELS) -> Doubles:
    """(N,) whether an actual is below a quantile of whole units, 0..1: ties count as far as the distribution says.

    The mean of the non-randomised probability integral transform (Czado, Gneiting and Held, Biometrics 2009) at the
    level: an actual y counts (level - F(y - 1)) / (F(y) - F(y - 1)), held within 0 and 1. F is known at the levels only
    and taken half way between two of them.

    Args:
        actual: (N,) units.
        values: (N, Q) quantiles.
        level: whose coverage it is.
        levels: of the quantiles.
    """
    edges = np.array([0.0, *levels, 1.0])
    middle = (edges[:-1] + edges[1:]) / 2.0
    at = middle[(values <= actual[:, None]).sum(axis=1)]
    below = middle[(values <= actual[:, None] - 1.0).sum(axis=1)]
    below = np.where(actual < 1.0, 0.0, below)
    part = np.where(at > below, (level - below) / np.where(at > below, at - below, 1.0), (level > at).astype(float))
    inside: Doubles = np.clip(part, 0.0, 1.0)
    return inside


def exact_coverage(actual: ArrayLike, mean: ArrayLike, dispersion: ArrayLike, level: float) -> float:
    """As `coverage`, of negative binomial forecasts whose distribution is known: the level itself for a true one.

    Args:
        actual: units.
        mean: of the forecast, in the shape of `actual` or one that broadcasts to it.
        dispersion: likewise, with the error of the level in it.
        level: whose coverage it is.
    """
    units = np.asarray(actual, dtype=float)
    at, below = cdf(units, mean, dispersion), cdf(units - 1.0, mean, dispersion)
    return float(np.clip((level - below) / np.maximum(at - below, 1e-12), 0.0, 1.0).mean())


def seasonal_error(history: Floats, season: int) -> Doubles:
    """(n,) mean |y_t - y_(t - season)| of the history, the scale of MASE; nan where it is too short."""
    length = season if history.shape[1] > season else 1
    return _nan_mean(np.abs(history[:, length:].astype(float) - history[:, :-length]))


def naive_errors(history: Floats) -> tuple[Doubles, Doubles]:
    """(n,) mean absolute and mean squared step from period to period, from the first sale on, as M5 has it."""
    values = history.astype(float)
    started = np.cumsum(np.nan_to_num(values) > 0, axis=1) > 0
    step = np.where(started[:, :-1], np.diff(values, axis=1), np.nan)
    return _nan_mean(np.abs(step)), _nan_mean(step**2)


def _nan_mean(values: Doubles) -> Doubles:
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    mean = np.where(there, values, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan)


def _mean_ratio(above: Doubles, scale: Doubles, *, root: bool = False) -> float:
    usable = (scale > 0) & ~np.isnan(above)
    if not usable.any():
        return float("nan")
    ratio = above[usable] / scale[usable]
    return float(np.sqrt(ratio).mean() if root else ratio.mean())


def _ratio(above: Doubles, below: NDArray[np.integer]) -> Doubles:
    return np.where(below > 0, above / np.maximum(below, 1), np.nan)


def _over(above: float, below: float) -> float:
    return above / below if below else float("nan")


def _name(level: float) -> str:
    return f"p{round(level * 100):02d}"
