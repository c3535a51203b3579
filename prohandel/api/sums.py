"""Demand of several days together, with quantiles of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from prohandel.api.forecasts import Pair, Series, extended
from prohandel.forecast.distribution import LEVEL_NAMES, LEVELS, Demand


@dataclass(frozen=True)
class Stretch:
    """Days of a series: `days` of them, the first of them `first` days after the as-of day."""

    pair: Pair
    first: int
    days: int

    @property
    def until(self) -> int:
        """Which forecast day is the last of them."""
        return self.first - 1 + self.days


def sums_of(stretches: Sequence[Stretch], found: Mapping[Pair, Series], levels: Sequence[int]) -> list[dict[str, Any]]:
    """Demand of each stretch, in their order.

    Args:
        stretches: of series that are found.
        found: the distributions.
        levels: places of the quantiles in LEVELS, ascending.
    """
    answers: dict[int, dict[str, Any]] = {}
    for first in {stretch.first for stretch in stretches}:
        places = [place for place, stretch in enumerate(stretches) if stretch.first == first]
        chosen = [stretches[place] for place in places]
        series = [found[stretch.pair] for stretch in chosen]
        length = max(stretch.until for stretch in chosen)
        demand = Demand(
            np.stack([extended(one.mean, length) for one in series]),
            np.array([one.dispersion for one in series], dtype=np.float32),
            np.array([one.level_cv2 for one in series], dtype=np.float32),
        )
        summed = demand.over(first - 1, np.array([stretch.days for stretch in chosen]))
        values = summed.quantiles([LEVELS[q] for q in levels]).astype(int).tolist()
        spreads = np.sqrt(summed.variance())
        for row, place in enumerate(places):
            answers[place] = _answer(
                chosen[row], series[row], float(summed.mean[row]), float(spreads[row]), values[row], levels
            )
    return [answers[place] for place in range(len(stretches))]


def _answer(
    stretch: Stretch, series: Series, mean: float, sd: float, values: Sequence[int], levels: Sequence[int]
) -> dict[str, Any]:
    first_day = series.first_day + timedelta(days=stretch.first - 1)
    return {
        "branch_number": stretch.pair[0],
        "article_number": stretch.pair[1],
        "model": series.model,
        "forecast_origin": series.origin,
        "is_from_batch": series.is_from_batch,
        "first_day": first_day,
        "last_day": first_day + timedelta(days=stretch.days - 1),
        "days_beyond_horizon": min(stretch.days, max(0, stretch.until - len(series.mean))),
        "mean": round(mean, 6),
        "sd": round(sd, 6),
        "quantiles": {LEVEL_NAMES[q]: value for q, value in zip(levels, values, strict=True)},
    }
