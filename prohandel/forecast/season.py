"""Month factors of a group of series, told apart from its trend and shrunk to 1 as far as the months disagree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.distribution import Doubles
from prohandel.forecast.panel import Integers, Panel, months

LEAST_MONTHS = 14
"""Fewer months of history cannot tell a season from a trend."""
SEASON_SPREAD = 0.3
"""Standard deviation of a month's logarithm that is expected beforehand."""
TREND_SPREAD = 0.5
"""Likewise of the trend's logarithm, per year."""
_ROUNDS = 30


def month_totals(panel: Panel, group: Integers) -> tuple[Doubles, Doubles, Doubles]:
    """Units and expected units of each group by calendar month.

    Expected is what a series sells on average over its whole life, for the time with stock: what is new or gone in a
    month does not look like a season.

    Returns:
        (groups, months) units, (groups, months) expected units, (months,) months since 1970.
    """
    month = panel.periods.astype("datetime64[M]").astype(np.int64)
    numbers, place = np.unique(month, return_inverse=True)
    into = np.zeros((len(panel.periods), len(numbers)))
    into[np.arange(len(panel.periods)), place] = 1.0
    groups = int(group.max(initial=0)) + 1
    units, expected = np.zeros((groups, len(numbers))), np.zeros((groups, len(numbers)))
    for rows in panel.chunks():
        sold = panel.units[rows].astype(float)
        observed = ~np.isnan(sold)
        sold_by = np.where(observed, sold, 0.0) @ into
        share_by = np.where(observed, panel.in_stock_share[rows], 0.0) @ into
        exposure = share_by.sum(axis=1)
        rate = np.divide(sold_by.sum(axis=1), exposure, out=np.zeros_like(exposure), where=exposure > 0)
        np.add.at(units, group[rows], sold_by)
        np.add.at(expected, group[rows], share_by * rate[:, None])
    return units, expected, numbers.astype(float)


def month_factors(panel: Panel, group: Integers) -> Doubles:
    """(groups, 12) factors of January to December with mean 1; ones where the history is short.

    A Poisson regression per group, log E[units] = log expected + a + b years + g_month, with normal priors on b and g
    and the variance inflated by Pearson's chi-squared per degree of freedom (McCullagh and Nelder, Generalized Linear
    Models, 6.2.3).
    """
    if len(np.unique(panel.periods.astype("datetime64[M]"))) < LEAST_MONTHS:
        return np.ones((int(group.max(initial=0)) + 1, 12))
    return fit_months(*month_totals(panel, group))


def fit_months(units: Doubles, expected: Doubles, numbers: Doubles) -> Doubles:
    """(groups, 12) factors of mean 1 from (groups, months) sums; ones for a group with fewer than LEAST_MONTHS."""
    groups = len(units)
    result = np.ones((groups, 12))
    for place in range(groups):
        seen = expected[place] > 0
        if seen.sum() >= LEAST_MONTHS:
            result[place] = _fit(units[place, seen], expected[place, seen], numbers[seen])
    return result


def _fit(units: Doubles, expected: Doubles, numbers: Doubles) -> Doubles:
    count = len(units)
    design = np.zeros((count, 14))
    design[:, 0] = 1.0
    design[:, 1] = (numbers - numbers.mean()) / 12.0
    design[np.arange(count), 2 + (numbers.astype(int) % 12)] = 1.0
    precision = np.array([1e-6, TREND_SPREAD**-2, *([SEASON_SPREAD**-2] * 12)])
    inflation, effect = 1.0, np.zeros(14)
    for _ in range(_ROUNDS):
        mean = np.clip(expected * np.exp(np.clip(design @ effect, -5, 5)), 1e-9, None)
        weighted = design * (mean / inflation)[:, None]
        gradient = design.T @ ((units - mean) / inflation) - precision * effect
        step = np.linalg.solve(design.T @ weighted + np.diag(precision), gradient)
        effect = effect + np.clip(step, -1, 1)
        # Fourteen parameters that share the observations: what they use up is the trace of the hat matrix.
        used = np.trace(np.linalg.solve(design.T @ weighted + np.diag(precision), design.T @ weighted))
        inflation = max(1.0, float(np.sum((units - mean) ** 2 / mean) / max(1.0, count - used)))
        if np.abs(step).max() < 1e-8:
            break
    factor = np.exp(effect[2:])
    normed: Doubles = factor / factor.mean()
    return normed


def factors_of_periods(factors: Doubles, periods: NDArray[np.datetime64], freq: str) -> Doubles:
    """(groups, T) factor of each period: the month's own for months, else between the middles of two months."""
    if freq == "M":
        return factors[:, months(periods)]
    start = periods.astype("datetime64[M]")
    day = (periods.astype("datetime64[D]") - start.astype("datetime64[D]")).astype(float)
    position = months(periods) + (day + (3.5 if freq == "W" else 0.5)) / 30.4 - 0.5
    below = np.floor(position).astype(int)
    part = position - below
    logs = np.log(np.maximum(factors, 1e-6))
    between: Doubles = np.exp(logs[:, below % 12] * (1 - part) + logs[:, (below + 1) % 12] * part)
    return between
