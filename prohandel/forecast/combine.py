"""Several forecasts as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prohandel.forecast.distribution import Demand, Floats, Quantiles


def combine(forecasts: Sequence[Demand], weights: Sequence[float] | None = None) -> Demand:
    """A weighted mean of negative binomial forecasts; where they disagree, the level is less certain.

    The mean is the weighted mean; the level's squared coefficient of variation is the weighted mean of theirs plus that
    of the models' totals around the common one (the variance of a mixture, by the law of total variance).

    Args:
        forecasts: of the same series and horizon.
        weights: one per forecast, adding up to 1; equal by default.
    """
    shares = _shares(len(forecasts), weights)
    mean = _weighted([each.mean for each in forecasts], shares)
    dispersion = _weighted([each.dispersion for each in forecasts], shares)
    level = _weighted([each.level_cv2 for each in forecasts], shares)
    total = mean.sum(axis=1)
    ratios = [np.divide(each.mean.sum(axis=1), total, out=np.ones_like(total), where=total > 0) for each in forecasts]
    apart = _weighted([(ratio - 1.0) ** 2 for ratio in ratios], shares)
    return Demand(mean, dispersion, level + apart)


def average_quantiles(forecasts: Sequence[Quantiles], weights: Sequence[float] | None = None) -> Quantiles:
    """The weighted mean of quantiles of the same level (Lichtendahl, Grushka-Cockayne and Winkler, Management Science
    2013), for forecasts that are not negative binomial."""
    shares = _shares(len(forecasts), weights)
    if len({each.levels for each in forecasts}) > 1:
        raise ValueError("the forecasts have quantiles of different levels")
    mean = _weighted([each.mean for each in forecasts], shares)
    return Quantiles(mean, _weighted([each.values for each in forecasts], shares), forecasts[0].levels)


def _shares(count: int, weights: Sequence[float] | None) -> list[float]:
    shares = [1.0 / count] * count if weights is None else list(weights)
    if len(shares) != count or abs(sum(shares) - 1.0) > 1e-9 or min(shares) < 0:
        raise ValueError(f"{count} weights are to add up to 1, not {shares}")
    return shares


def _weighted(values: Sequence[Floats], shares: Sequence[float]) -> Floats:
    total = np.zeros(values[0].shape)
    for share, each in zip(shares, values, strict=True):
        total += share * each
    return total.astype(np.float32)
