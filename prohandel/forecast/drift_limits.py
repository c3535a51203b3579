"""What the watch over forecasts takes for chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

LEAD_TIME = "lead_time"
"""Stands for the model in rows of `drift` about suppliers."""

MAD_OF_SD = math.sqrt(2.0 / math.pi)
"""Mean absolute deviation of a normal variable over its standard deviation."""


@dataclass(frozen=True)
class Limits:
    """What is still taken for chance. `benchmarks.forecast_drift` shows what they find and what they raise in vain.

    Attributes:
        chance: probability that the tracking signal of any segment is beyond its limit in a week although nothing has
            changed: once in 400 weeks. Of a control chart of three standard deviations it is once in 370 (Montgomery).
        window: weeks that errors are summed over at most.
        common_cv: coefficient of variation of what hits all series of a branch in a week alike, as weather does.
        smoothing: weight of a week in the smoothed size of past errors.
        lead_time: mean absolute deviations that the delays of four deliveries may sum up to.
        wape_ratio: WAPE over its baseline.
        wape_deviations: standard deviations of past weeks' WAPE that it has to exceed its baseline by as well.
        least_units: units that WAPE needs.
        least_weeks: earlier weeks that WAPE needs.
        psi: population stability index.
    """

    chance: float = 0.0025
    window: int = 4
    common_cv: float = 0.08
    smoothing: float = 0.1
    lead_time: float = 10.0
    wape_ratio: float = 1.25
    wape_deviations: float = 4.0
    least_units: float = 100.0
    least_weeks: int = 6
    psi: float = 0.25

    def tracking_signal(self, segments: int) -> float:
        """Mean absolute deviations that errors may sum up to where so many segments are judged at once.

        Of many segments one is always far off. By Bonferroni's inequality each is allowed its part of `chance`, on both
        sides and for each number of weeks that is summed (O. J. Dunn, Multiple comparisons among means, Journal of the
        American Statistical Association 56, 1961). One segment has the limit 8.6, 17 have 10.3, 100 have 11.3.
        """
        part = self.chance / (2 * self.window * max(segments, 1))
        return -NormalDist().inv_cdf(part) * math.sqrt(self.window) / MAD_OF_SD


LIMITS = Limits()
