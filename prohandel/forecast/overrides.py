"""What planners know better: their overrides, applied to forecasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.distribution import Floats, quantiles

Key = tuple[str, str]
"""Branch number and article number."""


@dataclass(frozen=True)
class Override:
    """A planner's word on the demand of one article in one branch.

    Attributes:
        override_id: the higher, the newer.
        branch_number: of the branch.
        article_number: of the article.
        starts_on: first day.
        ends_on: last day, itself included.
        factor: what the forecast is multiplied by; None where units are given.
        units: expected over all of these days together; None where a factor is given.
    """

    override_id: int
    branch_number: str
    article_number: str
    starts_on: date
    ends_on: date
    factor: float | None
    units: float | None


def apply(
    panel_keys: Sequence[Key], origin: date, mean: Floats, quantiles: Floats, overrides: Iterable[Override]
) -> tuple[Floats, Floats, Floats]:
    """Forecasts as planners have changed them.

    A factor multiplies mean and quantiles of its days. Units give them the factor units / sum of the model's means, so
    that the spread stays the same in relation to the mean. Of an override that reaches beyond the forecast days, before
    or after, units count by the share of its days that are forecast. Where the model expects nothing at all, units are
    spread evenly, with the quantiles of the Poisson distribution. Where several overrides meet on a day, the newest has
    it; the factor of units is that of all days of the override nonetheless.

    Args:
        panel_keys: n pairs of branch and article.
        origin: last day that was observed; the first forecast is for the day after.
        mean: (n, H) units per day.
        quantiles: (n, Q, H) units at the levels of `prohandel.forecast.distribution.LEVELS`.
        overrides: those of other pairs or days are left out.

    Returns:
        mean (n, H), quantiles (n, Q, H), and the model's own mean (n, H): nan in rows that no override has changed.
    """
    place = {key: row for row, key in enumerate(panel_keys)}
    used_mean, used_quantiles = mean.copy(), quantiles.copy()
    model_mean = np.full_like(mean, np.nan)
    days = np.datetime64(origin) + np.arange(1, mean.shape[1] + 1)
    for override in sorted(overrides, key=lambda one: one.override_id):
        row = place.get((override.branch_number, override.article_number))
        here = (days >= np.datetime64(override.starts_on)) & (days <= np.datetime64(override.ends_on))
        if row is None or not here.any():
            continue
        model_mean[row] = mean[row]
        used_mean[row, here], used_quantiles[row][:, here] = _changed(
            override, mean[row, here], quantiles[row][:, here]
        )
    return used_mean, used_quantiles, model_mean


def _changed(override: Override, mean: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Mean (D,) and quantiles (Q, D) of the override's days, from the model's own."""
    if override.factor is not None:
        return _scaled(mean, values, override.factor)
    length = (override.ends_on - override.starts_on) // timedelta(days=1) + 1
    units = float(override.units or 0.0) * len(mean) / length
    expected = float(mean.sum(dtype=float))
    if expected > 0:
        return _scaled(mean, values, units / expected)
    even = np.full(len(mean), units / len(mean), dtype=np.float32)
    return even, quantiles(even, 0.0).T


def _scaled(mean: NDArray[np.float32], values: NDArray[np.float32], factor: float) -> tuple[Floats, Floats]:
    return (mean * factor).astype(np.float32), (values * factor).astype(np.float32)
