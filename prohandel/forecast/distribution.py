"""Distributions of demand: the negative binomial, its sums over a lead time, and plain quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LEVELS = (0.05, 0.10, 0.20, 0.25, 0.30, 0.40, 0.50, 0.60, 0.70, 0.75, 0.80, 0.90, 0.95, 0.99)
LEVEL_NAMES = tuple(f"p{round(level * 100):02d}" for level in LEVELS)
TOLERANCE = 1e-9
"""A quantile is the smallest whole number whose cdf is at least its level less this: two languages then agree."""
_LARGE = 64.0
"""Means above go through scipy's inverse, those below through the recursion of the probabilities."""
_CELLS = 100_000
"""Distributions worked out at a time: few enough for the processor's cache, enough for NumPy's overhead."""
_POISSON = 1e-8
"""Dispersions below are taken for zero: the negative binomial is then the Poisson distribution."""


@dataclass(frozen=True)
class Demand:
    """Negative binomial demand of n series over H periods, with an error of the level that periods share.

    Given the level error G (mean 1, squared coefficient of variation `level_cv2`), periods are independent, each
    negative binomial with mean `mean * G` and var = mean + dispersion * mean^2 (NB2; Cameron and Trivedi, Regression
    Analysis of Count Data, 3.3). What is quoted of one period or of a sum is the negative binomial of the same mean and
    variance, which is exact where one of both sources of spread is zero.

    Attributes:
        mean: (n, H) units per period.
        dispersion: (n,) of a period, without unit.
        level_cv2: (n,) squared coefficient of variation of the level's error.
    """

    mean: Floats
    dispersion: Floats
    level_cv2: Floats

    def period_dispersion(self) -> Doubles:
        """(n,) dispersion of one period with the level's error in it: (1 + dispersion) (1 + level_cv2) - 1."""
        return (1.0 + self.dispersion.astype(float)) * (1.0 + self.level_cv2) - 1.0

    def quantiles(self, levels: Sequence[float] = LEVELS) -> Floats:
        """(n, H, Q) whole units: the smallest number whose cdf reaches the level."""
        n, horizon = self.mean.shape
        # Days of the same weekday often have the same means: each distinct column is worked out once.
        distinct: dict[bytes, int] = {}
        place = np.array([distinct.setdefault(self.mean[:, h].tobytes(), len(distinct)) for h in range(horizon)])
        first = [int(np.argmax(place == each)) for each in range(len(distinct))]
        mean, dispersion = self.mean[:, first], np.repeat(self.period_dispersion(), len(first))
        return quantiles(mean.ravel(), dispersion, levels).reshape(n, len(first), len(levels))[:, place]

    def over(self, first: int, periods: int | NDArray[np.integer]) -> SumDemand:
        """The demand of consecutive periods together, as over a lead time.

        Args:
            first: place of the first period, 0 for the one after the origin.
            periods: how many, one number for all series or (n,); at least 0.

        Raises:
            ValueError: periods past the horizon.
        """
        n, horizon = self.mean.shape
        count = np.broadcast_to(np.asarray(periods), (n,))
        if first < 0 or np.any(count < 0) or np.any(first + count > horizon):
            raise ValueError(
                f"periods {first} to {first + count.max(initial=0)} were asked for, the horizon is {horizon}"
            )
        mean = self.mean.astype(float)
        zero = np.zeros((n, 1))
        sums = np.concatenate([zero, np.cumsum(mean, axis=1)], axis=1)
        squares = np.concatenate([zero, np.cumsum(mean**2, axis=1)], axis=1)
        rows, last = np.arange(n), first + count
        total = sums[rows, last] - sums[:, first]
        squared = squares[rows, last] - squares[:, first]
        level = self.level_cv2.astype(float)
        of_periods = self.dispersion * (1.0 + level) * squared / np.where(total > 0, total, 1.0) ** 2
        return SumDemand(total, np.where(total > 0, level + of_periods, 0.0))


@dataclass(frozen=True)
class SumDemand:
    """Demand of several periods together: negative binomial with var = mean + dispersion * mean^2.

    With S the sum of the means m_h, a the dispersion of a period and c the level's squared coefficient of variation,
    var = S + c S^2 + a (1 + c) sum(m_h^2): the law of total variance.

    Attributes:
        mean: (n,) units.
        dispersion: (n,).
    """

    mean: Doubles
    dispersion: Doubles

    def quantiles(self, levels: Sequence[float] = LEVELS) -> Floats:
        """(n, Q) whole units."""
        return quantiles(self.mean, self.dispersion, levels)

    def quantile(self, level: ArrayLike) -> Floats:
        """(n,) whole units at a level for each series."""
        levels = np.broadcast_to(np.asarray(level, dtype=float), self.mean.shape)
        result = np.empty(self.mean.shape, dtype=np.float32)
        for one in np.unique(levels):
            rows = levels == one
            result[rows] = quantiles(self.mean[rows], self.dispersion[rows], (float(one),))[:, 0]
        return result

    def cdf(self, units: ArrayLike) -> Doubles:
        """(n,) probability that demand is at most so many units."""
        return cdf(units, self.mean, self.dispersion)

    def variance(self) -> Doubles:
        """(n,) units squared."""
        return self.mean + self.dispersion * self.mean**2


@dataclass(frozen=True)
class Quantiles:
    """Forecasts whose spread is not negative binomial.

    Attributes:
        mean: (n, H) units.
        values: (n, H, Q) units, not falling along the levels.
        levels: the Q levels.
    """

    mean: Floats
    values: Floats
    levels: tuple[float, ...] = LEVELS


def cdf(units: ArrayLike, mean: ArrayLike, dispersion: ArrayLike) -> Doubles:
    """P(demand <= units) of the negative binomial, by the regularised incomplete beta function.

    Args:
        units: k; the probability is 0 below zero.
        mean: of the distribution, at least 0.
        dispersion: var = mean + dispersion * mean^2; below 1e-8 the Poisson distribution.
    """
    k, m, a = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in (units, mean, dispersion)))
    k = np.floor(k)
    result = np.where(k >= 0, special.pdtr(np.maximum(k, 0), m), 0.0)
    spread = (a > _POISSON) & (k >= 0) & (m > 0)
    size = 1.0 / a[spread]
    result[spread] = special.betainc(size, k[spread] + 1.0, 1.0 / (1.0 + a[spread] * m[spread]))
    return result


def quantiles(mean: ArrayLike, dispersion: ArrayLike, levels: Sequence[float] = LEVELS) -> Floats:
    """The smallest whole numbers whose cdf is at least the levels, less TOLERANCE.

    Args:
        mean: (N,) at least 0.
        dispersion: (N,) at least 0.
        levels: Q numbers between 0 and 1, ascending.

    Returns:
        (N, Q) units.
    """
    if not all(0 < level < 1 for level in levels) or list(levels) != sorted(levels):
        raise ValueError("levels are to lie between 0 and 1, in ascending order")
    m = np.asarray(mean, dtype=float)
    a = np.broadcast_to(np.asarray(dispersion, dtype=float), m.shape)
    wanted = np.asarray(levels) - TOLERANCE
    result = np.zeros((*m.shape, len(levels)), dtype=np.float32)
    for start in range(0, len(m), _CELLS):
        block = slice(start, start + _CELLS)
        result[block] = _of_block(m[block], a[block], wanted)
    return result


def _of_block(m: Doubles, a: Doubles, wanted: Doubles) -> Floats:
    result = np.zeros((len(m), len(wanted)), dtype=np.float32)
    large = m > _LARGE
    if large.any():
        result[large] = _by_inverse(m[large], a[large], wanted)
    small = np.flatnonzero(~large & (m > 0))
    result[small] = _by_recursion(m[small], a[small], wanted)
    return result


def _by_recursion(m: Doubles, a: Doubles, wanted: Doubles) -> Floats:
    """Adds p(0), p(1), ...; p(k + 1) = p(k) * (1 + a k) / (k + 1) * m / (1 + a m), which holds for a = 0 as well.

    A quantile is how many k have a cdf below its level. For each k it is enough to note how many levels are reached:
    all behind are open, so that the running sum over levels counts them.
    """
    opened = np.zeros((len(m), len(wanted) + 1), dtype=np.int32)
    active = np.arange(len(m))
    poisson = a <= _POISSON
    a = np.where(poisson, 0.0, a)
    probability = np.exp(-np.where(poisson, m, np.log1p(a * m) / np.where(poisson, 1.0, a)))
    total = probability.copy()
    ratio = m / (1.0 + a * m)
    k = 0
    while len(active):
        reached = np.searchsorted(wanted, total, side="right")
        opened[active, reached] += 1
        going = reached < len(wanted)
        if not going.all():
            active, a, ratio = active[going], a[going], ratio[going]
            probability, total = probability[going], total[going]
        probability = probability * ((1.0 + a * k) / (k + 1.0)) * ratio
        total = total + probability
        k += 1
    return np.cumsum(opened[:, :-1], axis=1).astype(np.float32)


def _by_inverse(m: Doubles, a: Doubles, wanted: Doubles) -> Floats:
    size = 1.0 / np.maximum(a, _POISSON)[:, None]
    with np.errstate(all="ignore"):
        spread = stats.nbinom.ppf(wanted, size, size / (size + m[:, None]))
    found: Floats = np.where(a[:, None] > _POISSON, spread, stats.poisson.ppf(wanted, m[:, None])).astype(np.float32)
    return found
