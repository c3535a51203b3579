"""What a day is expected to sell in relation to others: the season of the year, and the life of articles that fade.

A series sells rate x season of the day x its category's month x life of its age. The season is common to all series
and has a factor for each of 52 weeks counted from 1 January, so that the days from Christmas on are a week of their
own; categories deviate from it by month. Articles of a group `life` above 0 are launched, sell best in their first
weeks and fade: a curve over weeks of age, common to a group of life, learned from all articles that were launched
within the history, and a slope by category and by article that says how much slower than the curve they fade.

Rates, season, months and curves are estimated in turns from sums by series and week, each given the others, which is
the maximum of a Poisson likelihood with normal priors (backfitting; Hastie and Tibshirani, Generalized Additive Models,
6.5). A new article has the curve of earlier ones until its own weeks say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.distribution import Doubles, Floats
from prohandel.forecast.panel import Integers, Panel
from prohandel.forecast.season import LEAST_MONTHS, factors_of_periods, fit_months

WEEKS = 52
"""Weeks of a year from 1 January on; the last, from 24 December on, has eight days."""
AGES = 52
"""Weeks of age that a curve has; an older article stays at its end."""
WEEK_STEP = 0.10
"""Standard deviation of the season's logarithm from a week to the next."""
BEND = 0.05
"""Standard deviation of the change of a life curve's slope from a week of age to the next."""
CATEGORY_SLOPE = 0.03
"""Standard deviation of the slopes of categories around their curve's, per week of age."""
ARTICLE_SLOPE = 0.02
"""Likewise of articles around their category's."""
_TREND = 0.5
_TURNS = 8
_NEWTON = 12


@dataclass(frozen=True)
class Cycle:
    """Factors of days, for series of a panel.

    Attributes:
        category: (n,) codes.
        week: (WEEKS,) factor of the season.
        month: (groups, 12) what categories deviate by.
        birth: (n,) first day, counted as periods are; of no meaning where life is 0.
        life: (n,) group of life; 0 does not fade.
        curve: (lives, AGES) logarithm by week of age.
        slope: (n,) added to the logarithm per week of age.
    """

    category: Integers
    week: Doubles
    month: Doubles
    birth: NDArray[np.int64]
    life: Integers
    curve: Doubles
    slope: Doubles

    def take(self, rows: slice | NDArray[np.intp]) -> Cycle:
        """That of these series."""
        return replace(
            self, category=self.category[rows], birth=self.birth[rows], life=self.life[rows], slope=self.slope[rows]
        )

    @property
    def fades(self) -> bool:
        """Whether any series has a life."""
        return bool((self.life > 0).any())

    @property
    def is_flat(self) -> bool:
        """Whether all factors are 1."""
        return not self.fades and bool((self.week == 1.0).all() and (self.month == 1.0).all())

    def season(self, periods: NDArray[np.datetime64]) -> Doubles:
        """(groups, T) factors of the season and the category's months."""
        return self.week[_week_of_year(periods)] * factors_of_periods(self.month, periods, "D")

    def by_month(self) -> Doubles:
        """(groups, 12) means of the season's factors over the days of each month."""
        days = np.arange("2026-01-01", "2027-01-01", dtype="datetime64[D]")
        month, season = days.astype("datetime64[M]").astype(np.int64) % 12, self.season(days)
        return np.stack([season[:, month == each].mean(axis=1) for each in range(12)], axis=1)

    def ages(self, periods: NDArray[np.datetime64], rows: slice | NDArray[np.intp]) -> Floats:
        """(m, T) factors of the life of these series; ones where they do not fade."""
        life = self.life[rows]
        found = np.ones((len(life), len(periods)), dtype=np.float32)
        mine = np.flatnonzero(life > 0)
        if len(mine):
            day = periods.astype("datetime64[D]").astype(np.int64)
            age = (day[None, :] - self.birth[rows][mine][:, None]) / 7.0
            found[mine] = np.exp(_at_age(self.curve, life[mine], self.slope[rows][mine], age))
        return found

    def factors(self, periods: NDArray[np.datetime64], rows: slice | NDArray[np.intp] = slice(None)) -> Floats:
        """(m, T) factors of these series."""
        found: Floats = self.ages(periods, rows) * self.season(periods)[self.category[rows]].astype(np.float32)
        return found


@dataclass(frozen=True)
class _Weeks:
    """Sums by series and week of the year: (n, B) units and days with stock, and what the weeks are: (B,)."""

    units: Floats
    share: Floats
    middle: Doubles
    of_year: NDArray[np.intp]
    month: NDArray[np.int64]


def fit_cycle(panel: Panel) -> Cycle:
    """Estimates the factors of a panel of days.

    The season stays 1 where history has fewer than LEAST_MONTHS months. A series that fades and was there on the first
    day of the panel has an unknown age, so that nothing is learned from it.
    """
    n, category = len(panel.series_ids), panel.group("category")
    weeks = _sums(panel)
    first = _first_days(panel)
    birth = panel.periods.astype("datetime64[D]").astype(np.int64)[first]
    life = panel.group("life")
    is_known = (life == 0) | (first > 0)
    fading = np.flatnonzero(life > 0)
    age = np.maximum((weeks.middle[None, :] - birth[fading, None]) / 7.0, 0.0)
    cells = np.clip(age.astype(np.intp), 0, AGES - 1)
    sold = weeks.units[fading] * is_known[fading, None]
    has_season = len(np.unique(panel.periods.astype("datetime64[M]"))) >= LEAST_MONTHS
    groups = int(category.max(initial=0)) + 1
    week, month = np.ones(WEEKS), np.ones((groups, 12))
    curve, slope = np.zeros((int(life.max(initial=0)) + 1, AGES)), np.zeros(n)
    # Days with stock, those of articles that fade times what is left of them at their age.
    lived = weeks.share
    for _ in range(_TURNS if len(fading) else 2):
        if len(fading):
            rate = _rates(weeks.units[fading], lived[fading], week, month, category[fading], weeks)
            season = _season(week, month, weeks)[category[fading]]
            expected = weeks.share[fading] * season * (rate * is_known[fading])[:, None]
            article = panel.group("article", "category")[fading]
            curve, slope[fading] = _lives(sold, expected, cells, life[fading], category[fading], article, slope[fading])
            lived = weeks.share.copy()
            lived[fading] *= np.exp(_at_age(curve, life[fading], slope[fading], age))
        if has_season:
            rate = _rates(weeks.units, lived, week, month, category, weeks) * is_known
            total = _by(weeks.units, is_known.astype(float), category, groups)
            alone = _by(lived, rate, category, groups)
            week = _fit_weeks(total.sum(axis=0), (alone * _between_months(month, weeks)).sum(axis=0), weeks)
            numbers, place = np.unique(weeks.month, return_inverse=True)
            into = np.eye(len(numbers))[place]
            month = fit_months(total @ into, (alone * week[weeks.of_year]) @ into, numbers.astype(float))
    return Cycle(category, week, month, birth, life, curve, slope)


def _first_days(panel: Panel) -> NDArray[np.int64]:
    """(n,) place of the first day of each series; the last of all for one that has none."""
    first = np.full(len(panel.series_ids), len(panel.periods) - 1, dtype=np.int64)
    for rows in panel.chunks():
        observed = ~np.isnan(panel.units[rows])
        first[rows] = np.where(observed.any(axis=1), np.argmax(observed, axis=1), first[rows])
    return first


def _season(week: Doubles, month: Doubles, weeks: _Weeks) -> Floats:
    """(groups, B) factors by category."""
    season: Floats = (week[weeks.of_year] * _between_months(month, weeks)).astype(np.float32)
    return season


def _rates(units: Floats, lived: Floats, week: Doubles, month: Doubles, category: Integers, weeks: _Weeks) -> Doubles:
    """(m,) units per day of series, without season and life."""
    season = _season(week, month, weeks)
    exposure = np.zeros(len(units))
    for code in np.unique(category):
        mine = category == code
        exposure[mine] = lived[mine] @ season[code]
    return _ratio(units.sum(axis=1, dtype=float), exposure)


def _week_of_year(periods: NDArray[np.datetime64]) -> NDArray[np.intp]:
    start = periods.astype("datetime64[Y]").astype("datetime64[D]")
    day = (periods.astype("datetime64[D]") - start).astype(np.int64)
    # 29 February is of the week of the day before it.
    leap = (start + 59).astype("datetime64[M]").astype(np.int64) % 12 == 1
    week: NDArray[np.intp] = np.minimum((day - (leap & (day >= 59))) // 7, WEEKS - 1).astype(np.intp)
    return week


def _sums(panel: Panel) -> _Weeks:
    of_year = _week_of_year(panel.periods)
    numbers, place = np.unique(
        panel.periods.astype("datetime64[Y]").astype(np.int64) * WEEKS + of_year, return_inverse=True
    )
    into = np.zeros((len(panel.periods), len(numbers)), dtype=np.float32)
    into[np.arange(len(panel.periods)), place] = 1.0
    units = np.zeros((len(panel.series_ids), len(numbers)), dtype=np.float32)
    share = np.zeros_like(units)
    for rows in panel.chunks():
        sold = panel.units[rows]
        observed = ~np.isnan(sold)
        units[rows] = np.where(observed, sold, 0.0) @ into
        share[rows] = np.where(observed, panel.in_stock_share[rows], 0.0) @ into
    day = panel.periods.astype("datetime64[D]").astype(np.int64)
    middle = (day @ into) / into.sum(axis=0)
    month = np.floor(middle).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return _Weeks(units, share, middle, numbers % WEEKS, month)


def _between_months(month: Doubles, weeks: _Weeks) -> Doubles:
    return factors_of_periods(month, np.floor(weeks.middle).astype("datetime64[D]"), "D")


def _fit_weeks(units: Doubles, expected: Doubles, weeks: _Weeks) -> Doubles:
    """(WEEKS,) factors of mean 1: a Poisson regression on the weeks of the year and a trend.

    The priors hold a week to the next one, around the year, and the trend to none.
    """
    there = expected > 0
    place = weeks.of_year[there]
    design = np.zeros((len(place), WEEKS + 1))
    design[np.arange(len(place)), place] = 1.0
    design[:, WEEKS] = (weeks.middle[there] - weeks.middle[there].mean()) / 365.25
    step = np.eye(WEEKS) - np.roll(np.eye(WEEKS), 1, axis=1)
    prior = np.zeros((WEEKS + 1, WEEKS + 1))
    prior[:WEEKS, :WEEKS] = step.T @ step / WEEK_STEP**2 + np.eye(WEEKS) * 1e-3
    prior[WEEKS, WEEKS] = _TREND**-2
    effect = _poisson(design, units[there], expected[there], prior)
    factor = np.exp(effect[:WEEKS])
    normed: Doubles = factor / factor.mean()
    return normed


def _lives(
    units: Doubles,
    expected: Doubles,
    cells: NDArray[np.intp],
    life: Integers,
    category: Integers,
    article: Integers,
    slope: Doubles,
) -> tuple[Doubles, Doubles]:
    """Curves (lives, AGES) and slopes (m,) of series that fade.

    Args:
        units, expected: (m, B), expected without any life.
        cells: (m, B) weeks of age.
        slope: (m,) as found before.
    """
    centre = _centre(np.arange(AGES, dtype=float))
    tilt = np.exp(slope[:, None] * centre[cells])
    found = np.zeros((int(life.max()) + 1, AGES))
    for code in np.unique(life):
        mine = life == code
        sold = np.bincount(cells[mine].ravel(), units[mine].ravel(), AGES).astype(float)
        base = np.bincount(cells[mine].ravel(), (expected[mine] * tilt[mine]).ravel(), AGES).astype(float)
        found[code] = _fit_curve(sold, base)
    lived = expected * np.exp(found[life[:, None], cells])
    of_category = _slopes(units, lived, cells, category, centre, CATEGORY_SLOPE)
    tilted = lived * np.exp(of_category[:, None] * centre[cells])
    of_article = _slopes(units, tilted, cells, article, centre, ARTICLE_SLOPE)
    return found, of_category + of_article


def _centre(age: Doubles) -> Doubles:
    """Weeks of age that a slope multiplies; what is older stays where it is."""
    held: Doubles = np.minimum(age, float(AGES - 1)) - 8.0
    return held


def _at_age(curve: Doubles, life: Integers, slope: Doubles, age: Doubles) -> Doubles:
    """(m, T) logarithms at ages in weeks, between the middles of two."""
    held = np.clip(age, 0.0, AGES - 0.5)
    position = np.clip(held - 0.5, 0.0, AGES - 1.0)
    below = np.minimum(position.astype(np.intp), AGES - 2)
    part = position - below
    flat = curve.ravel()
    at = life.astype(np.intp)[:, None] * AGES + below
    logs: Doubles = flat[at] * (1 - part) + flat[at + 1] * part + slope[:, None] * _centre(position)
    return np.clip(logs, -8.0, 4.0)


def _fit_curve(units: Doubles, expected: Doubles) -> Doubles:
    """(AGES,) logarithms: a Poisson regression by week of age whose slope changes little from week to week."""
    bend = np.diff(np.eye(AGES), 2, axis=0)
    # The first weeks may rise steeply before the fall.
    loose = np.full(AGES - 2, BEND**-2)
    loose[:2] = 1.0
    prior = bend.T @ (bend * loose[:, None]) + np.eye(AGES) * 1e-4
    there = expected > 0
    if not there.any() or not units.sum() > 0:
        return np.zeros(AGES)
    scaled = np.where(there, expected * units.sum() / expected.sum(), 0.0)
    effect = _poisson(np.eye(AGES)[there], units[there], scaled[there], prior)
    # A level that the rates of the series have as well.
    level = np.log(float((scaled * np.exp(effect)).sum() / scaled.sum()))
    normed: Doubles = effect - level
    return normed


def _slopes(
    units: Doubles, expected: Doubles, cells: NDArray[np.intp], group: Integers, centre: Doubles, spread: float
) -> Doubles:
    """(m,) slopes of groups, each with a level of its own, shrunk to none: Newton's method for all groups at once."""
    _, code = np.unique(group, return_inverse=True)
    count = int(code.max()) + 1
    place = (code[:, None] * AGES + cells).ravel()
    sold = np.bincount(place, units.ravel(), count * AGES).reshape(count, AGES)
    base = np.bincount(place, expected.ravel(), count * AGES).reshape(count, AGES)
    slope = np.zeros(count)
    total, moment = sold.sum(axis=1), sold @ centre
    for _ in range(_NEWTON):
        tilted = base * np.exp(np.clip(slope[:, None] * centre, -8, 8))
        weight = tilted.sum(axis=1)
        mean = _ratio(tilted @ centre, weight)
        variance = _ratio(tilted @ centre**2, weight) - mean**2
        gradient = moment - total * mean - slope / spread**2
        slope = np.clip(slope + gradient / (total * variance + spread**-2), -0.3, 0.3)
    of_series: Doubles = slope[code]
    return of_series


def _poisson(design: Doubles, units: Doubles, expected: Doubles, prior: Doubles) -> Doubles:
    """Effects of a Poisson regression with a normal prior, the variance inflated by Pearson's chi-squared."""
    count = len(units)
    effect = np.zeros(design.shape[1])
    inflation = 1.0
    for _ in range(30):
        mean = np.clip(expected * np.exp(np.clip(design @ effect, -8, 8)), 1e-9, None)
        weighted = design.T @ (design * (mean / inflation)[:, None])
        gradient = design.T @ ((units - mean) / inflation) - prior @ effect
        step = np.linalg.solve(weighted + prior, gradient)
        effect = effect + np.clip(step, -1, 1)
        used = np.trace(np.linalg.solve(weighted + prior, weighted))
        inflation = max(1.0, float(np.sum((units - mean) ** 2 / mean) / max(1.0, count - used)))
        if np.abs(step).max() < 1e-8:
            break
    return effect


def _by(values: Floats, weight: Doubles, group: Integers, groups: int) -> Doubles:
    """Weighted sums of the rows of a group: (n, B) becomes (groups, B)."""
    return np.stack([weight[group == code] @ values[group == code] for code in range(groups)])


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    result: Doubles = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return result
