"""A retailer's never-out-of-stock articles, for the closed loop: customers who come, suppliers who are late.

The process assumes nothing that a forecast could invert: customers arrive in Poisson numbers and take one unit or
several, around a level that drifts, jumps and follows the year; shops share good and bad days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.replenishment.counts import Floats
from prohandel.replenishment.simulation import Singles, World

HISTORY_WEEKS, SETTLING_WEEKS, SCORED_WEEKS = 104, 8, 52
"""Two years of sales under a plain rule, weeks in which a policy works off what it found, weeks that count."""
FIRST_DAY = np.datetime64("2022-01-03")
"""A Monday."""
WEATHER_CV2 = 0.03
"""Squared coefficient of variation of the days that a branch's articles have in common."""
_BRANCHES, _CATEGORIES = 10, 6
_SUPPLIER_DAYS = (2, 4, 7, 7, 10, 14, 14, 21, 28)


@dataclass(frozen=True)
class Retailer:
    """A world with what is known of its pairs, each (n,).

    Attributes:
        world: demand, lead times, lots.
        category, branch: codes from 0.
        unit_cost, price: net.
        lead_time_mean, lead_time_sd: days, as a buyer knows them of the supplier.
        expected: units of each day that the process expects, (n, T). Only the floor sees it.
        basket: units that a customer takes on average.
    """

    world: World
    category: npt.NDArray[np.int32]
    branch: npt.NDArray[np.int32]
    unit_cost: Floats
    price: Floats
    lead_time_mean: Floats
    lead_time_sd: Floats
    expected: Singles
    basket: Floats


def weeks() -> int:
    """Weeks of a simulation."""
    return HISTORY_WEEKS + SETTLING_WEEKS + SCORED_WEEKS


def retailer(seed: int, articles: int = 120) -> Retailer:
    """A retailer of `articles` x 10 pairs over 164 weeks; the same seed gives the same one.

    Rates run from a unit in some months to several a day (log-normal by article, branch and pair). The last branch is
    a web shop, which sells on Sundays too.
    """
    rng = np.random.default_rng(seed)
    days = weeks() * 7
    dates = FIRST_DAY + np.arange(days)
    article = np.repeat(np.arange(articles), _BRANCHES)
    branch = np.tile(np.arange(_BRANCHES), articles)
    n = len(article)
    category_of = rng.integers(0, _CATEGORIES, articles)
    category = category_of[article]
    rate = (
        rng.lognormal(np.log(0.12), 1.2, articles)[article]
        * rng.lognormal(0, 0.5, _BRANCHES)[branch]
        * rng.lognormal(0, 0.4, n)
    )
    level = _levels(rng, article, articles, n)
    season = _seasons(rng, dates)[category]
    weekday = _weekdays(rng)[branch][:, (dates - FIRST_DAY).astype(int) % 7]
    weather = rng.gamma(1 / WEATHER_CV2, WEATHER_CV2, (_BRANCHES, days))[branch]
    basket = (1 + rng.gamma(1.0, 0.35, articles))[article]
    expected = rate[:, np.newaxis] * level * season * weekday
    customers = rng.poisson(expected * weather / basket[:, np.newaxis])
    # A customer takes one unit and a geometric number more.
    more = rng.negative_binomial(
        np.maximum(customers, 1), np.broadcast_to((1 / basket)[:, np.newaxis], customers.shape)
    )
    demand: Singles = np.where(customers > 0, customers + more, 0).astype(np.float32)
    supplier_of = rng.integers(0, len(_SUPPLIER_DAYS), articles)
    spread = rng.uniform(0.1, 0.45, len(_SUPPLIER_DAYS))
    mean = np.asarray(_SUPPLIER_DAYS, dtype=np.float64)
    sd = mean * spread
    of_suppliers = rng.gamma((mean / sd)[:, np.newaxis] ** 2, (sd**2 / mean)[:, np.newaxis], (len(mean), days))
    lead_time = np.maximum(1, np.rint(of_suppliers)).astype(np.int16)[supplier_of][article]
    cost = rng.lognormal(np.log(14), 0.7, articles)
    return Retailer(
        world=World(
            demand=demand,
            lead_time_days=lead_time,
            review_period_days=7,
            lot=rng.choice([1.0, 2.0, 3.0, 5.0], articles, p=[0.7, 0.15, 0.1, 0.05])[article],
            opening_stock=np.ceil(rate * 28),
        ),
        category=category.astype(np.int32),
        branch=branch.astype(np.int32),
        unit_cost=cost[article],
        price=(cost * rng.uniform(1.8, 3.0, articles))[article],
        lead_time_mean=mean[supplier_of][article],
        lead_time_sd=sd[supplier_of][article],
        expected=expected.astype(np.float32),
        basket=basket,
    )


def _levels(rng: np.random.Generator, article: npt.NDArray[np.intp], articles: int, n: int) -> Singles:
    """(n, days): a random walk by week per pair, a trend of every fifth article, a jump of every tenth."""
    total = weeks()
    walk = np.cumsum(rng.normal(0, 0.03, (n, total)), axis=1)
    walk -= walk.mean(axis=1, keepdims=True)
    yearly = np.where(rng.random(articles) < 0.2, rng.uniform(-0.5, 0.5, articles), 0.0)
    trend = yearly[:, np.newaxis] * (np.arange(total) - total / 2) / 52
    starts = rng.integers(20, total, articles)
    jump = np.where(rng.random(articles) < 0.1, rng.normal(0, 0.6, articles), 0.0)
    jumps = np.where(np.arange(total) >= starts[:, np.newaxis], jump[:, np.newaxis], 0.0)
    by_week = np.exp(walk + (trend + jumps)[article])
    return np.repeat(by_week, 7, axis=1).astype(np.float32)


def _seasons(rng: np.random.Generator, dates: npt.NDArray[np.datetime64]) -> Floats:
    """(categories, days): a wave over the year and a peak before Christmas, of mean about 1."""
    of_year = (dates - dates.astype("datetime64[Y]")).astype(int) / 365.25
    height = rng.uniform(0, 0.5, _CATEGORIES)[:, np.newaxis]
    phase = rng.random(_CATEGORIES)[:, np.newaxis]
    peak = rng.uniform(0, 0.8, _CATEGORIES)[:, np.newaxis]
    before_christmas = (of_year > 0.89) & (of_year < 0.98)
    return np.asarray((1 + height * np.sin(2 * np.pi * (of_year - phase))) * (1 + peak * before_christmas))


def _weekdays(rng: np.random.Generator) -> Floats:
    """(branches, 7): shares of the week times 7, Monday first; shops are closed on Sundays."""
    usual = np.array([0.8, 0.8, 0.9, 1.0, 1.4, 2.1, 0.0])
    share = rng.gamma(40, usual / 40 + 1e-12, (_BRANCHES, 7))
    share[-1] = rng.gamma(40, 1 / 40, 7)
    return np.asarray(share / share.mean(axis=1, keepdims=True))
