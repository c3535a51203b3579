"""Demand of several days together, with quantiles of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from prohandel.api.forecasts import Pair, Series
from prohandel.forecast.distribution import LEVEL_NAMES, LEVELS


def sum_of(pair: Pair, series: Series, first: int, days: int, levels: Sequence[int]) -> dict[str, Any]:
    """Demand of `days` days, the first of them `first` days after the as-of day.

    Args:
        pair: whose.
        series: its distribution.
        first: 1 for the first forecast day.
        days: how many, at least 1.
        levels: places of the quantiles in LEVELS.
    """
    until = first - 1 + days
    summed = series.demand(until).over(first - 1, days)
    # Ascending levels, each once, whatever order they were asked for.
    values = summed.quantiles([LEVELS[q] for q in levels])[0]
    first_day = series.first_day + timedelta(days=first - 1)
    return {
        "branch_number": pair[0],
        "article_number": pair[1],
        "model": series.model,
        "forecast_origin": series.origin,
        "is_from_batch": series.is_from_batch,
        "first_day": first_day,
        "last_day": first_day + timedelta(days=days - 1),
        "days_beyond_horizon": min(days, max(0, until - len(series.mean))),
        "mean": round(float(summed.mean[0]), 6),
        "sd": round(float(summed.variance()[0] ** 0.5), 6),
        "quantiles": {LEVEL_NAMES[q]: int(value) for q, value in zip(levels, values, strict=True)},
    }
