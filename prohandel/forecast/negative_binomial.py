"""The project's own model: negative binomial demand, of which only the part with stock is seen.

Demand of series i in period t is negative binomial with mean m = level_i x weekday factor x cycle factor and
var = m + a m^2: Poisson with a gamma intensity of the period. Goods are in stock for a share s of the period; what
sells in it are y units; how many more would have sold is unknown. As the moment of the last sale ends the share, (y, s)
has the likelihood of y arrivals in an exposure s (a stopping time does not change a likelihood; Berger and Wolpert, The
Likelihood Principle, 4.2). The EM algorithm replaces the unseen demand by its expectation

    E[demand | y, s] = y + (1 - s) m (1 + a y) / (1 + a m s)

and takes the recency-weighted mean of the result. Its fixed point solves sum(h u (y - m s)) = 0 with
u = (1 + a m) / (1 + a m s), which is found directly here: level = (sum(h u y) + v) / (sum(h u s x factors) + v / g), h
the recency weight. A day without any stock has no say. The dispersion is the moment of the completed demand,
(E[demand] - m)^2 + Var[demand | y, s].

v units of the group's level g are a gamma prior; v is worked out from how much the levels of a group differ, so that a
new series starts from its group's level and outweighs it as its own history grows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.distribution import Demand, Doubles
from prohandel.forecast.life_cycle import Cycle, fit_cycle
from prohandel.forecast.panel import Integers, Panel, future_periods, weekdays
from prohandel.forecast.season import factors_of_periods, month_factors

LEAST_SHARE = 1 / 24
"""In-stock share of a period that sold something although it is said to have had no stock."""


@dataclass(frozen=True)
class Settings:
    """What the model does not estimate.

    Attributes:
        half_life: periods after which an observation counts half.
        window: periods that are looked at for levels and factors.
        weekday_prior: units that a group's weekday factor of 1 counts for.
        own_weekday_prior: units that the group's factor counts for against the series' own.
        dispersion_spread: standard deviation of series' dispersions around their category's, as a share of it.
        level_cv2_least: squared coefficient of variation of the level that is left at the longest history.
        use_season: whether months, and weeks of the year where periods are days, have factors.
        fading_half_life: as half_life, of series that fade (`life_cycle.py`), none at quite the pace of its curve.
    """

    half_life: float
    window: int
    weekday_prior: float = 20.0
    own_weekday_prior: float = 100.0
    dispersion_spread: float = 0.5
    level_cv2_least: float = 0.005
    use_season: bool = True
    fading_half_life: float = 42.0


SETTINGS = {
    "D": Settings(half_life=84.0, window=728),
    "W": Settings(half_life=13.0, window=156),
    "M": Settings(half_life=6.0, window=72, dispersion_spread=1.0),
}
LEVEL_CV2_MOST = 2.0
MOST_DISPERSION = 10.0
_ROUNDS = 12
_CONVERGED = 1e-9
"""Largest change of a level, against the largest level, that ends the rounds early."""


@dataclass(frozen=True)
class Fit:
    """What the model has found out, for forecasts and for explaining them.

    Attributes:
        level: (n,) units per period at the origin, without factors.
        group_level: (n,) that of the series' group.
        prior_units: (n,) v, units that the group's level counts for.
        weekday_factor: (n, 7), or (n, 1) for weeks and months.
        month_factor: (n, 12); where periods are days, the mean of the cycle's season in the month.
        cycle: season and life by day; None for weeks and months.
        dispersion: (n,).
        level_cv2: (n,).
        effective_units: (n,) recency-weighted units seen.
        censored_periods: (n,) periods with less than full stock.
    """

    level: Doubles
    group_level: Doubles
    prior_units: Doubles
    weekday_factor: Doubles
    month_factor: Doubles
    cycle: Cycle | None
    dispersion: Doubles
    level_cv2: Doubles
    effective_units: Doubles
    censored_periods: NDArray[np.int64]


@dataclass(frozen=True)
class Shared:
    """What series of a group have in common in one round of the fit.

    Attributes:
        level: (groups that lend a level,) units per period.
        prior_units: as many, units that the level counts for.
        weekday_factor: (groups of weekdays, 7), or one column for weeks and months.
        dispersion: (categories,).
    """

    level: Doubles
    prior_units: Doubles
    weekday_factor: Doubles
    dispersion: Doubles


@dataclass(frozen=True)
class Pooled:
    """What a fit takes from all series together: with it, a part of them is fitted as it would be among all.

    Attributes:
        month_factor: (categories, 12).
        cycle: of days, of series without a life; None else.
        rounds: of the fit, one after the other.
    """

    month_factor: Doubles
    cycle: Cycle | None
    rounds: tuple[Shared, ...]

    def cycle_of(self, category: Integers) -> Cycle | None:
        """That of series of these categories."""
        if self.cycle is None:
            return None
        n = len(category)
        birth, life = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int32)
        return replace(self.cycle, category=category, birth=birth, life=life, slope=np.zeros(n))


def negative_binomial(panel: Panel, horizon: int, settings: Settings | None = None) -> Demand:
    """Forecasts by the model above; settings by frequency unless given."""
    return predict(fit(panel, settings), panel, horizon)


def predict(found: Fit, panel: Panel, horizon: int) -> Demand:
    """The demand of the H periods after the panel's origin."""
    periods = future_periods(panel, horizon)
    days = weekdays(periods) if panel.freq == "D" else np.zeros(horizon, dtype=np.intp)
    if found.cycle:
        factors = found.cycle.factors(periods).astype(float)
    else:
        factors = factors_of_periods(found.month_factor, periods, panel.freq)
    mean = found.level[:, None] * found.weekday_factor[:, days] * factors
    return Demand(mean.astype(np.float32), found.dispersion.astype(np.float32), found.level_cv2.astype(np.float32))


def cycle_of(panel: Panel, settings: Settings | None = None) -> Cycle | None:
    """Season and life of the series, of days alone."""
    settings = settings or SETTINGS[panel.freq]
    return fit_cycle(panel.last(settings.window)) if settings.use_season and panel.freq == "D" else None


def fit(
    panel: Panel, settings: Settings | None = None, cycle: Cycle | None = None, pooled: Pooled | None = None
) -> Fit:
    """Estimates level, factors and dispersion of every series.

    Args:
        panel: the series.
        settings: by frequency unless given.
        cycle: of `cycle_of`; found here unless it is given.
        pooled: what was found over more series than these, by the same codes of groups; else these are all.
    """
    return _fit(panel, settings or SETTINGS[panel.freq], cycle, pooled)[0]


def pool(panel: Panel, settings: Settings | None = None) -> Pooled:
    """What a fit of these series takes from all of them together; none of them may have a life."""
    return _fit(panel, settings or SETTINGS[panel.freq], None, None)[1]


def _fit(panel: Panel, settings: Settings, cycle: Cycle | None, pooled: Pooled | None) -> tuple[Fit, Pooled]:
    panel = panel.last(settings.window)
    category = panel.group("category")
    borrowed = panel.group("cold_start", "category")
    weekly = panel.group("weekday", "category")
    cycle = pooled.cycle_of(category) if pooled else cycle or cycle_of(panel, settings)
    if cycle:
        by_month = cycle.by_month()
    else:
        by_month = pooled.month_factor if pooled else _month_factors(panel, category, settings)
    by_period = cycle.season(panel.periods) if cycle else factors_of_periods(by_month, panel.periods, panel.freq)
    seen = _observe(panel, by_period, cycle, category, settings)
    n, kinds = seen.full_units.shape
    factor = np.ones((n, kinds))
    dispersion = np.full(n, 0.5)
    level = _ratio(seen.units(), seen.exposure())
    prior, group_level = np.zeros(n), level
    rounds: list[Shared] = []
    for turn in range(len(pooled.rounds) if pooled else _ROUNDS):
        before = level
        given = pooled.rounds[turn] if pooled else None
        units, exposure = seen.weighted(level[:, None] * factor, dispersion)
        sold, exposed = units.sum(axis=1), (exposure * factor).sum(axis=1)
        lent, counts = (given.level, given.prior_units) if given else _prior(sold, exposed, level, dispersion, borrowed)
        group_level, prior = lent[borrowed], counts[borrowed]
        level = _posterior(sold, exposed, group_level, prior)
        of_week = np.ones((int(weekly.max(initial=0)) + 1, 1))
        if kinds > 1:
            expected = exposure * level[:, None]
            of_week = given.weekday_factor if given else _group_weekdays(units, expected, weekly, settings)
            factor = _weekday_factors(units, expected, of_week[weekly], settings)
        mean = level[:, None] * factor
        excess, squared = _moments(seen, mean, dispersion)
        common = given.dispersion if given else _pooled_dispersion(excess, squared, category)
        dispersion = _shrunk_dispersion(excess, squared, mean, common[category], settings.dispersion_spread)
        rounds.append(Shared(lent, counts, of_week, common))
        # Others may need further rounds: a part of them does as many as all together did.
        if pooled is None and np.abs(level - before).max(initial=0.0) <= _CONVERGED * level.max(initial=0.0):
            break
    units, exposure = seen.weighted(level[:, None] * factor, dispersion)
    evidence = units.sum(axis=1) + prior
    cv2 = settings.level_cv2_least + _ratio(1.0 + dispersion * level, evidence)
    found = Fit(
        level,
        group_level,
        prior,
        factor,
        by_month[category],
        cycle,
        dispersion,
        np.minimum(cv2, LEVEL_CV2_MOST),
        seen.units(),
        seen.censored,
    )
    return found, Pooled(by_month, cycle, tuple(rounds))


def _month_factors(panel: Panel, category: Integers, settings: Settings) -> Doubles:
    if settings.use_season:
        return month_factors(panel, category)
    return np.ones((int(category.max(initial=0)) + 1, 12))


@dataclass(frozen=True)
class _Seen:
    """Periods with full stock as sums per weekday, those with part of it one by one.

    `full_*` are (n, 7): sums of h m, h m^2, h y, h y m, h y^2 with m the month's factor. `part_*` are (P,): row,
    weekday, h, exposure s, month factor and units of a period with 0 < s < 1.
    """

    full_exposure: Doubles
    full_exposure_squared: Doubles
    full_units: Doubles
    full_units_by_exposure: Doubles
    full_units_squared: Doubles
    part_row: NDArray[np.int32]
    part_day: NDArray[np.int8]
    part_weight: NDArray[np.float32]
    part_share: NDArray[np.float32]
    part_season: NDArray[np.float32]
    part_units: NDArray[np.float32]
    censored: NDArray[np.int64]

    def _sum(self, values: NDArray[np.floating]) -> Doubles:
        """(P,) values to (n, 7) sums."""
        n, kinds = self.full_units.shape
        place = self.part_row.astype(np.int64) * kinds + self.part_day
        sums: Doubles = np.bincount(place, weights=values, minlength=n * kinds).reshape(n, kinds).astype(float)
        return sums

    def units(self) -> Doubles:
        """(n,) recency-weighted units sold."""
        total: Doubles = self.full_units.sum(axis=1) + self._sum(self.part_weight * self.part_units).sum(axis=1)
        return total

    def exposure(self) -> Doubles:
        """(n,) recency-weighted periods with stock."""
        part = self.part_weight * self.part_season * self.part_share
        total: Doubles = self.full_exposure.sum(axis=1) + self._sum(part).sum(axis=1)
        return total

    def part_mean(self, mean: Doubles) -> Doubles:
        """(P,) demand expected of the whole period; mean is (n, 7) without the month."""
        of_part: Doubles = mean[self.part_row, self.part_day] * self.part_season
        return of_part

    def weighted(self, mean: Doubles, dispersion: Doubles) -> tuple[Doubles, Doubles]:
        """(n, 7) sums of h u y and of h u s m: what the level is the ratio of."""
        if not len(self.part_row):
            return self.full_units, self.full_exposure
        expected, spread = self.part_mean(mean), dispersion[self.part_row]
        weight = self.part_weight * (1 + spread * expected) / (1 + spread * expected * self.part_share)
        units = self.full_units + self._sum(weight * self.part_units)
        exposure = self.full_exposure + self._sum(weight * self.part_share * self.part_season)
        return units, exposure


def _observe(panel: Panel, by_period: Doubles, cycle: Cycle | None, category: Integers, settings: Settings) -> _Seen:
    length = len(panel.periods)
    age = np.arange(length - 1, -1, -1)
    # Rows of a group share category and half-life: those that fade have groups of their own behind the categories'.
    weights = 0.5 ** (age / np.array([settings.half_life, settings.fading_half_life])[:, None])
    is_fading = (cycle.life > 0).astype(np.intp) if cycle else np.zeros(len(category), dtype=np.intp)
    kinds = 7 if panel.freq == "D" else 1
    days = weekdays(panel.periods) if kinds == 7 else np.zeros(length, dtype=np.intp)
    n = len(panel.series_ids)
    sums = [np.zeros((n, kinds)) for _ in range(5)]
    parts: list[list[NDArray[np.float32]]] = []
    censored = np.zeros(n, dtype=np.int64)
    for rows in panel.chunks():
        sold, share = panel.units[rows], panel.in_stock_share[rows]
        observed = ~np.isnan(sold)
        is_full = observed & (share >= 1.0)
        full, units = is_full.astype(float), np.where(is_full, sold, 0.0).astype(float)
        lived = cycle.ages(panel.periods, rows) if cycle and cycle.fades else None
        here, fades = category[rows], is_fading[rows]
        for group, pace in np.unique(np.stack([here, fades], axis=1), axis=0):
            mine = np.flatnonzero((here == group) & (fades == pace))
            of_day = np.zeros((length, kinds))
            of_day[np.arange(length), days] = weights[pace]
            seasonal = of_day * by_period[group][:, None]
            squared = seasonal * by_period[group][:, None]
            there, there_squared, sales = full[mine], full[mine], units[mine]
            if lived is not None and pace:
                there, there_squared = there * lived[mine], there * lived[mine] ** 2
                by_life = (sales * lived[mine]) @ seasonal
            else:
                by_life = sales @ seasonal
            found = [there @ seasonal, there_squared @ squared, sales @ of_day, by_life, sales**2 @ of_day]
            for total, part in zip(sums, found, strict=True):
                total[rows.start + mine] = part
        row, period = np.nonzero(observed & ~is_full & ((share > 0) | (sold > 0)))
        factor_there = by_period[category[rows][row], period]
        if lived is not None:
            factor_there = factor_there * lived[row, period]
        parts.append(
            [
                (row + rows.start).astype(np.int32),
                days[period].astype(np.int8),
                weights[fades[row], period].astype(np.float32),
                np.where(share[row, period] > 0, share[row, period], LEAST_SHARE).astype(np.float32),
                factor_there.astype(np.float32),
                sold[row, period].astype(np.float32),
            ]
        )
        censored[rows] = (observed & ~is_full).sum(axis=1)
    exposure, exposure_squared, sold_full, sold_by_exposure, sold_squared = sums
    return _Seen(
        exposure,
        exposure_squared,
        sold_full,
        sold_by_exposure,
        sold_squared,
        *(np.concatenate(each) for each in (*zip(*parts, strict=True), [censored])),
    )


def _prior(
    units: Doubles, exposure: Doubles, level: Doubles, dispersion: Doubles, group: Integers
) -> tuple[Doubles, Doubles]:
    """(groups,) level of a group and units v that it counts for: 1 / v is the squared spread of its levels.

    The spread is that of the series' own ratios less what chance alone would give, each weighted by its exposure.
    """
    weight = _by(exposure, group)
    mean = _ratio(_by(units, group), weight)
    own = _ratio(units, exposure)
    noise = _ratio(level * (1.0 + dispersion * level), exposure)
    between = _ratio(_by(exposure * ((own - mean[group]) ** 2 - noise), group), weight)
    spread = np.clip(_ratio(between, mean**2), 0.05, 20.0)
    return mean, np.where(mean > 0, 1.0 / spread, 0.0)


def _posterior(units: Doubles, exposure: Doubles, group_level: Doubles, prior: Doubles) -> Doubles:
    return _ratio(units + prior, exposure + _ratio(prior, group_level))


def _group_weekdays(units: Doubles, expected: Doubles, group: Integers, settings: Settings) -> Doubles:
    """(groups, 7) factors of a group, shrunk to 1. Mean 1 over the week."""
    prior = settings.weekday_prior
    of_group = (_by(units, group) + prior) / (_by(expected, group) + prior)
    normed: Doubles = of_group / of_group.mean(axis=1, keepdims=True)
    return normed


def _weekday_factors(units: Doubles, expected: Doubles, of_group: Doubles, settings: Settings) -> Doubles:
    """(n, 7): the series' own factors, shrunk to its group's. Mean 1 over the week."""
    own_prior = settings.own_weekday_prior
    own = (units + own_prior * of_group) / (expected + own_prior)
    normed: Doubles = own / own.mean(axis=1, keepdims=True)
    return normed


def _moments(seen: _Seen, mean: Doubles, dispersion: Doubles) -> tuple[Doubles, Doubles]:
    """(n,) sums of what a series' completed demand varies beyond Poisson, and of its squared means."""
    squared = (mean**2 * seen.full_exposure_squared).sum(axis=1)
    excess = (seen.full_units_squared - 2.0 * mean * seen.full_units_by_exposure - mean * seen.full_exposure).sum(
        axis=1
    ) + squared
    if len(seen.part_row):
        m, a, s = seen.part_mean(mean), dispersion[seen.part_row], seen.part_share
        y, h = seen.part_units, seen.part_weight
        gamma = (1.0 + a * y) / (1.0 + a * m * s)
        unseen = m * (1.0 - s) * gamma
        variance = unseen + (m * (1.0 - s)) ** 2 * a * gamma / (1.0 + a * m * s)
        n = len(squared)
        excess = excess + np.bincount(seen.part_row, h * ((y + unseen - m) ** 2 + variance - m), minlength=n)
        squared = squared + np.bincount(seen.part_row, h * m**2, minlength=n)
    return excess, squared


def _pooled_dispersion(excess: Doubles, squared: Doubles, category: Integers) -> Doubles:
    """(categories,) dispersion."""
    pooled: Doubles = np.clip(_ratio(_by(excess, category), _by(squared, category)), 0.0, MOST_DISPERSION)
    return pooled


def _shrunk_dispersion(excess: Doubles, squared: Doubles, mean: Doubles, pooled: Doubles, spread: float) -> Doubles:
    """(n,) moments of the series' own, shrunk to its category's by how much each of both knows."""
    # Var[(y - m)^2 - m] is about 2 (m + a m^2)^2, so that a series' own moment has the variance 2 (1 / m + a)^2 / h.
    typical = np.maximum(mean.mean(axis=1), 1e-9)
    knows = squared / typical**2 / (2.0 * (1.0 / typical + pooled) ** 2)
    own_share = knows / (knows + 1.0 / np.maximum(spread * pooled, 1e-6) ** 2)
    own = np.clip(_ratio(excess, squared), 0.0, MOST_DISPERSION)
    shrunk: Doubles = own_share * own + (1.0 - own_share) * pooled
    return shrunk


def _by(values: Doubles, group: Integers) -> Doubles:
    result = np.zeros((int(group.max(initial=0)) + 1, *values.shape[1:]))
    np.add.at(result, group, values)
    return result


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    result: Doubles = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return result
