"""Demand in whole units: the negative binomial by mean and variance, its quantiles and its loss functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from prohandel.errors import ProhandelError

Floats = npt.NDArray[np.float64]

_POISSON = 1e-9
"""Below this excess of the variance, relative to the mean, the negative binomial is taken for its limit."""


@dataclass(frozen=True)
class CountDemand:
    """Demand of n pairs over one stretch of time each.

    A negative binomial with these two moments. Where the variance does not exceed the mean it is a Poisson.

    Attributes:
        mean: expected units, (n,), at least 0.
        variance: in units squared, (n,).
    """

    mean: Floats
    variance: Floats

    def __post_init__(self) -> None:
        for name in ("mean", "variance"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, values)
            if not np.all(np.isfinite(values)) or np.any(values < 0):
                raise ProhandelError(
                    f"The {name} of demand is negative or not a number.", "Leave out pairs without a forecast."
                )

    def exceeds(self, units: npt.ArrayLike) -> Floats:
        """P(X > units), units of any real number, broadcast against (n,)."""
        return self._tail(_whole(units), 0)

    def quantile(self, level: npt.ArrayLike) -> Floats:
        """Smallest whole number of units with P(X <= units) >= level; level in [0, 1), broadcast against (n,).

        Halves the interval up to Cantelli's bound, mean + sd * sqrt(level / (1 - level)), on whole numbers.
        """
        levels = np.broadcast_to(np.asarray(level, dtype=np.float64), np.shape(self.mean))
        if np.any(levels < 0) or np.any(levels >= 1):
            raise ProhandelError("A service level is below 0 or not below 1.", "Give it as a share, e.g. 0.95.")
        top = np.maximum(self.mean, self.variance)
        bound = np.ceil(self.mean + np.sqrt(top * levels / (1 - levels))) + 1
        return smallest(lambda units: self.exceeds(units) <= 1 - levels, bound)

    def loss(self, units: npt.ArrayLike) -> Floats:
        """Expected units beyond a level, E[(X - units)+], broadcast against (n,).

        Since j f(j; r) = mean f(j - 1; r + 1), E[X; X > k] = mean P(Y >= k) for Y with r + 1 (Zipkin, Foundations of
        Inventory Management, C.2.3.8).
        """
        level = np.asarray(units, dtype=np.float64)
        whole = _whole(level)
        beyond = self.mean * self._tail(whole - 1, 1) - level * self._tail(whole, 0)
        return np.where(level <= 0, self.mean - level, np.maximum(0.0, beyond))

    def second_loss(self, units: npt.ArrayLike) -> Floats:
        """Half of E[(X - k)+ (X - k - 1)+] for whole k, which is the sum of the losses at k + 1, k + 2, ..."""
        k = _whole(units)
        factorial = self.mean**2 * (1 + self._inverse_size()) * self._tail(k - 2, 2)
        beyond = 0.5 * (factorial - 2 * k * self.mean * self._tail(k - 1, 1) + k * (k + 1) * self._tail(k, 0))
        return np.maximum(0.0, beyond)

    def mean_loss(self, level: npt.ArrayLike, lot: npt.ArrayLike) -> Floats:
        """Mean of the losses at level, level + 1, ..., level + lot - 1; level and lot broadcast against (n,).

        A stock position that is filled up by whole lots is uniform on these (Hadley and Whitin, 1963). Between whole
        levels a line, as of a single loss.
        """
        lots, at, mean, variance = np.broadcast_arrays(
            np.maximum(1.0, lot), np.asarray(level, dtype=np.float64), self.mean, self.variance
        )
        result = self.loss(at)
        several = lots > 1
        if np.any(several):
            some, size = CountDemand(mean[several], variance[several]), lots[several]
            whole = np.floor(at[several])
            low = (some.second_loss(whole - 1) - some.second_loss(whole - 1 + size)) / size
            fall = (some.loss(whole) - some.loss(whole + size)) / size
            result[several] = low - (at[several] - whole) * fall
        return result

    def losses_up_to(self, most: int) -> Floats:
        """The losses at 0, 1, ..., most, (n, most + 1), by adding up probabilities: quick where `most` is small.

        p(k + 1) = p(k) (r + k) / (k + 1) times the odds, from p(0) = (1 + mean / r)^-r.
        """
        inverse = self._inverse_size()
        counted = inverse > 0
        log_none = np.where(counted, np.log1p(self.mean * inverse) / np.where(counted, inverse, 1.0), self.mean)
        odds = self.mean / (1 + self.mean * inverse)
        probability = np.exp(-log_none)
        beyond = 1 - probability
        losses = np.empty((len(self.mean), most + 1))
        losses[:, 0] = self.mean
        for k in range(most):
            losses[:, k + 1] = losses[:, k] - beyond
            probability = probability * (odds * (1 + inverse * k) / (k + 1))
            beyond = beyond - probability
        return np.asarray(np.maximum(losses, 0.0))

    def _inverse_size(self) -> Floats:
        """1 / r of the negative binomial; 0 for a Poisson."""
        excess = self.variance - self.mean
        counted = (self.mean > 0) & (excess > _POISSON * self.mean)
        return np.divide(excess, self.mean**2, out=np.zeros_like(excess), where=counted)

    def _tail(self, whole: Floats, more: int) -> Floats:
        """P(Y > whole) of the negative binomial with size r + more and the same odds."""
        inverse = self._inverse_size()
        counted = inverse > 0
        size = np.divide(1.0, inverse, out=np.ones_like(inverse), where=counted)
        share = np.divide(self.mean, size + self.mean)
        k = np.maximum(whole, 0.0)
        above = special.betainc(k + 1, size + more, share)
        if not np.all(counted):
            above = np.where(counted, above, special.gammainc(k + 1, self.mean))
        return np.where(whole < 0, 1.0, above)


def _whole(units: npt.ArrayLike) -> Floats:
    # Half a billionth, because a sum of floats may fall short of the whole number that it is.
    return np.asarray(np.floor(np.asarray(units, dtype=np.float64) + 5e-10))


def smallest(holds: Callable[[Floats], npt.NDArray[np.bool_]], bound: Floats) -> Floats:
    """The smallest whole numbers from 0 to bound for which a condition that stays true once true holds.

    Args:
        holds: the condition, on (n,) candidates.
        bound: (n,) numbers that are large enough.
    """
    low = np.full(np.shape(bound), -1.0)
    high = np.asarray(bound, dtype=np.float64).copy()
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        good = holds(np.maximum(middle, 0.0)) & (middle >= 0)
        open_ = high - low > 1
        high = np.where(open_ & good, middle, high)
        low = np.where(open_ & ~good, middle, low)
    return high
