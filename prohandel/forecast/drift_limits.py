"""What the watch over forecasts takes for chance."""

from __future__ import annotations

from dataclasses import dataclass

LEAD_TIME = "lead_time"
"""Stands for the model in rows of `drift` about suppliers."""


@dataclass(frozen=True)
class Limits:
    """What is still taken for chance. `benchmarks.forecast_drift` shows what they find and what they raise in vain.

    Attributes:
        tracking_signal: mean absolute deviations that the errors of `window` weeks may sum up to; Brown has 4 to 8.
        window: weeks that errors are summed over at most.
        common_cv: coefficient of variation of what hits all series of a segment in a week alike, as weather does.
        smoothing: weight of a week in the smoothed size of past errors.
        wape_ratio: WAPE over its baseline.
        wape_deviations: standard deviations of past weeks' WAPE that it has to exceed its baseline by as well.
        least_units: units that WAPE needs.
        least_weeks: earlier weeks that WAPE needs.
        psi: population stability index.
    """

    tracking_signal: float = 8.0
    window: int = 4
    common_cv: float = 0.08
    smoothing: float = 0.1
    wape_ratio: float = 1.25
    wape_deviations: float = 4.0
    least_units: float = 100.0
    least_weeks: int = 6
    psi: float = 0.25


LIMITS = Limits()
