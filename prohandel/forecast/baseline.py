"""The plain form of the negative binomial, which the warehouse says in SQL too.

With, for series i and period t up to the origin, y the units, s the in-stock share (0..1), h = 0.5^(age / HALF_LIFE),
age the periods from t to the origin (0 for the origin itself). Only periods since the series started count, and of them
the last WINDOW. d is the weekday (Monday to Sunday; one single d where periods are weeks or months), w the series'
group `weekday` (category x branch), c its group `category`. Sums over t and, for a group, over its series:

1. Weekday factors, shrunk to 1:
       r_w   = sum(h y) / sum(h s)                                      over the group w
       raw_wd = (sum_d(h y) + WEEKDAY_PRIOR) / (r_w sum_d(h s) + WEEKDAY_PRIOR)
       f_wd  = raw_wd / mean over the seven d of raw_wd, in steps of 1 / FACTOR_STEPS   (1 for weeks and months)
2. Level per period, shrunk to the category's:
       g_c   = sum(h y) / sum(h s f_wd)                                 over the group c; 0 without exposure
               in steps of exp(1 / LEVEL_STEPS)
       level_i = (sum(h y) + LEVEL_PRIOR) / (sum(h s f) + LEVEL_PRIOR / g_c);  0 where g_c = 0
3. Mean of a future period: level_i f_wd of its weekday.
4. Dispersion of a category, by moments, with m = level_i f_wd s:
       a_c   = sum(h ((y - m)^2 - m)) / sum(h m^2)                      held within DISPERSION_RANGE
                                                                        (its upper end where sum(h m^2) = 0),
                                                                        in hundredths
5. Error of the level:
       level_cv2_i = min(LEVEL_CV2_MOST, LEVEL_CV2_LEAST + (1 + a_c level_i) / (sum(h y) + LEVEL_PRIOR))
   The second part is the variance of a gamma posterior whose history is discounted (West and Harrison, Bayesian
   Forecasting and Dynamic Models, 10.8), widened by the dispersion.
6. Quantiles: the negative binomial's with this mean and the dispersion (1 + a_c) (1 + level_cv2_i) - 1: the smallest
   whole number whose cdf is at least the level less 1e-9.

What is pooled is rounded, to steps far smaller than its error: so a line that is corrected moves the forecasts of its
own series, and those of the others seldom.

No censored likelihood: the in-stock share is exposure, which is unbiased as long as the dispersion is small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prohandel.forecast.distribution import Demand, Doubles
from prohandel.forecast.panel import Integers, Panel, future_periods, weekdays

HALF_LIFE = {"D": 56.0, "W": 13.0, "M": 6.0}
"""Periods after which an observation counts half, by frequency."""
WINDOW = {"D": 364, "W": 104, "M": 60}
"""Periods that are looked at, by frequency."""
WEEKDAY_PRIOR = 20.0
"""Units that a weekday factor of 1 counts for."""
LEVEL_PRIOR = 0.5
"""Units that the level of the category counts for."""
FACTOR_STEPS = 50
"""Steps of the weekday factors per 1."""
LEVEL_STEPS = 50
"""Steps of the category's level per factor of e: two per cent each."""
LEVEL_CV2_LEAST = 0.02
LEVEL_CV2_MOST = 1.0
DISPERSION_RANGE = (0.0, 5.0)


@dataclass(frozen=True)
class WeekdaySums:
    """Sums over the periods of a weekday, each weighted by h: (n, 7), or (n, 1) without weekdays."""

    units: Doubles
    share: Doubles
    units_squared: Doubles
    units_by_share: Doubles
    share_squared: Doubles


def baseline(panel: Panel, horizon: int) -> Demand:
    """Forecasts by the formula above.

    Args:
        panel: n series; its groups `weekday` and `category`, each one group where it is missing.
        horizon: H, periods after the origin.

    Returns:
        Demand of n series over H periods.
    """
    sums = weekday_sums(panel.last(WINDOW[panel.freq]), HALF_LIFE[panel.freq])
    category = panel.group("category")
    factor = weekday_factors(sums, panel.group("weekday", "category"))
    units = sums.units.sum(axis=1)
    exposure = (sums.share * factor).sum(axis=1)
    of_category = _in_steps(_ratio(_by(units, category), _by(exposure, category)))[category]
    prior = LEVEL_PRIOR / np.where(of_category > 0, of_category, 1.0)
    level = np.where(of_category > 0, (units + LEVEL_PRIOR) / (exposure + prior), 0.0)
    dispersion = _dispersion(sums, level[:, None] * factor, category)
    level_cv2 = np.minimum(LEVEL_CV2_MOST, LEVEL_CV2_LEAST + (1.0 + dispersion * level) / (units + LEVEL_PRIOR))
    days = weekdays(future_periods(panel, horizon)) if panel.freq == "D" else np.zeros(horizon, dtype=np.intp)
    mean = level[:, None] * factor[:, days]
    return Demand(mean.astype(np.float32), dispersion.astype(np.float32), level_cv2.astype(np.float32))


def weekday_sums(panel: Panel, half_life: float) -> WeekdaySums:
    """The sums that the formula is made of, by chunks of series."""
    length = len(panel.periods)
    weight = 0.5 ** (np.arange(length - 1, -1, -1) / half_life)
    days = weekdays(panel.periods) if panel.freq == "D" else np.zeros(length, dtype=np.intp)
    of_day = np.zeros((length, 7 if panel.freq == "D" else 1))
    of_day[np.arange(length), days] = weight
    parts: list[list[Doubles]] = []
    for rows in panel.chunks():
        units = panel.units[rows].astype(float)
        observed = ~np.isnan(units)
        units = np.where(observed, units, 0.0)
        share = np.where(observed, panel.in_stock_share[rows], 0.0)
        parts.append([each @ of_day for each in (units, share, units**2, units * share, share**2)])
    return WeekdaySums(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def weekday_factors(sums: WeekdaySums, group: Integers) -> Doubles:
    """(n, 7) factors of the series' groups, of mean 1 over the week; (n, 1) ones without weekdays."""
    units, share = _by(sums.units, group), _by(sums.share, group)
    rate = _ratio(units.sum(axis=1), share.sum(axis=1))
    raw = (units + WEEKDAY_PRIOR) / (rate[:, None] * share + WEEKDAY_PRIOR)
    factor: Doubles = _rounded(raw / raw.mean(axis=1, keepdims=True) * FACTOR_STEPS)[group] / FACTOR_STEPS
    return factor


def _dispersion(sums: WeekdaySums, mean: Doubles, category: Integers) -> Doubles:
    """(n,) by category; mean is (n, 7), of a day with stock all day."""
    squared = mean**2 * sums.share_squared
    excess = sums.units_squared - 2.0 * mean * sums.units_by_share + squared - mean * sums.share
    below, above = _by(excess.sum(axis=1), category), _by(squared.sum(axis=1), category)
    least, most = DISPERSION_RANGE
    found = np.where(above > 0, _rounded(100.0 * np.clip(_ratio(below, above), least, most)) / 100.0, most)
    of_series: Doubles = found[category]
    return of_series


def _in_steps(level: Doubles) -> Doubles:
    """Of each positive level the nearest whole number of steps; 0 stays."""
    steps = _rounded(LEVEL_STEPS * np.log(level, out=np.zeros_like(level), where=level > 0))
    return np.where(level > 0, np.exp(steps / LEVEL_STEPS), 0.0)


def _rounded(values: Doubles) -> Doubles:
    """To whole numbers, halves up as in SQL."""
    result: Doubles = np.floor(values + 0.5)
    return result


def _by(values: Doubles, group: Integers) -> Doubles:
    """Sums of the rows of a group: (n, ...) becomes (groups, ...)."""
    result = np.zeros((int(group.max(initial=0)) + 1, *values.shape[1:]))
    np.add.at(result, group, values)
    return result


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    result: Doubles = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return result
