"""Service as it turned out against service as it was expected, so that the next plan aims right.

A plan's shortage rests on approximations: lost sales, suppliers whose orders overtake each other, the forecast's
spread. What they are wrong by differs from retailer to retailer and is seen in the shop: a shelf that is empty loses
what would have sold there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from prohandel.replenishment.counts import Floats

LEAST, MOST = 0.1, 4.0
"""Bounds of the ratio: a plan is corrected, not replaced."""


def lost_units(
    in_stock_share: npt.ArrayLike,
    sold: npt.ArrayLike,
    expected: npt.ArrayLike,
    dispersion: npt.ArrayLike = 0.0,
    level_cv2: npt.ArrayLike = 0.0,
) -> Floats:
    """Units that empty shelves are expected to have lost in a period, (n,).

    Shelves are emptied by what sells better than was expected, on the day and over the period. Of a day of m units
    with gamma intensity, of which y sold in the share s, (1 - s) m (1 + a y) / (1 + a m s) were missed; m is corrected
    before by the posterior mean of the level that the days share, in which days of large dispersion say less.

    Args:
        in_stock_share: of each day, 0 to 1, (n, days).
        sold: units of each day, (n, days).
        expected: units a day, as forecast before these days, (n, days) or (n, 1).
        dispersion: a of a day's demand at a known level, variance = mean + a mean^2, (n,).
        level_cv2: squared coefficient of variation of the level, (n,).
    """
    share, units = np.asarray(in_stock_share, dtype=np.float64), np.asarray(sold, dtype=np.float64)
    of_day = np.broadcast_to(np.asarray(expected, dtype=np.float64), share.shape)
    rows = (share.shape[0], 1)
    daily, level = (
        np.broadcast_to(np.asarray(each, dtype=np.float64).reshape(-1, 1), rows) for each in (dispersion, level_cv2)
    )
    seen = (share * of_day).sum(axis=1, keepdims=True)
    variance = seen + daily * np.square(share * of_day).sum(axis=1, keepdims=True)
    weight = level * np.divide(seen, variance, out=np.ones_like(seen), where=variance > 0)
    corrected = of_day * (1 + weight * units.sum(axis=1, keepdims=True)) / (1 + weight * seen)
    missed = (1 - share) * corrected * (1 + daily * units) / (1 + daily * corrected * share)
    return np.asarray(missed.sum(axis=1))


def in_hindsight(
    in_stock_share: npt.ArrayLike, sold: npt.ArrayLike, expected: npt.ArrayLike, group: npt.NDArray[np.integer]
) -> Floats:
    """Expected units as they look after the period: scaled by what each group sold while there was stock, (n, days).

    A week in which everything sells better than was forecast, as before Christmas, empties more shelves than others.

    Args:
        in_stock_share, sold, expected: as of `lost_units`.
        group: codes from 0, e.g. of categories, (n,).
    """
    share, of_day = np.asarray(in_stock_share, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    seen = np.bincount(group, (share * of_day).sum(axis=1))
    units = np.bincount(group, np.asarray(sold, dtype=np.float64).sum(axis=1))
    factor = np.divide(units, seen, out=np.ones_like(units), where=seen > 0)
    return np.asarray(np.broadcast_to(of_day, share.shape) * factor[group][:, np.newaxis])


def shortage_ratio(planned: Sequence[float], found: Sequence[float], start: float = 1.0, weight: float = 0.0) -> float:
    """Units lost over units that plans expected to lose, within [0.1, 4].

    A plan divides by it, and 1 / x is convex: weeks that differ would make plans lose too much on average. The ratio is
    therefore raised by its squared relative standard error, that of a ratio of sums (Cochran, Sampling Techniques,
    6.4).

    Args:
        planned: expected by each plan for the review period that follows it, before any correction.
        found: lost in the same periods, by `lost_units`.
        start: ratio to begin with.
        weight: what the start counts for, in review periods of the mean planned shortage.
    """
    number, expected = len(planned), float(np.sum(planned))
    if expected <= 0:
        return float(np.clip(start, LEAST, MOST))
    prior = weight * expected / number
    total = float(np.sum(found)) + start * prior
    ratio = total / (expected + prior)
    deviations = np.asarray(found, dtype=np.float64) - ratio * np.asarray(planned, dtype=np.float64)
    error = float(np.square(deviations).sum()) / total**2 if total > 0 else 0.0
    return float(np.clip(ratio * (1 + error), LEAST, MOST))
