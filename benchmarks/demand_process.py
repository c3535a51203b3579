"""A process that generates demand whose true distribution is known, for judging forecasts against it.

A series has a level that drifts, weekday factors of its group, negative binomial demand, and stock that runs out at
some hour and is replenished on fixed days, so that what is sold is less than what was demanded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prohandel.forecast.distribution import Demand, Doubles
from prohandel.forecast.panel import Panel, weekdays

OPENING_HOURS = 10
_ORIGIN = np.datetime64("2026-06-30")


@dataclass(frozen=True)
class Process:
    """What the demand is made of.

    Attributes:
        series: n.
        days: T, of history.
        horizon: H, days after the origin.
        mean: of the median series, units per day.
        spread: standard deviation of the logarithm of the series' levels.
        dispersion: of a day; a series has between half and one and a half times as much, by category.
        drift: standard deviation of the logarithm of the level's daily step.
        groups: number of groups with weekday factors of their own.
        cover: days of demand that a weekly delivery fills stock up to, on average; 9.7 leave about 15 % of the days
            with less than full stock, 0 means that stock never runs out.
    """

    series: int = 2_000
    days: int = 540
    horizon: int = 28
    mean: float = 0.6
    spread: float = 1.0
    dispersion: float = 0.6
    drift: float = 0.006
    groups: int = 10
    cover: float = 9.7


@dataclass(frozen=True)
class Generated:
    """A history and what really follows it.

    Attributes:
        panel: what is seen: sales, and the in-stock share rounded to hours.
        demand: (n, T) what was demanded.
        future: (n, H) what will be demanded.
        truth: the distribution of `future` given the level at the origin and its drift: the floor of every score.
        level: (n,) at the origin, units per day.
    """

    panel: Panel
    demand: Doubles
    future: Doubles
    truth: Demand
    level: Doubles


def generate(process: Process, seed: int) -> Generated:
    """Draws one history and its future."""
    rng = np.random.default_rng(seed)
    n, total = process.series, process.days + process.horizon
    periods = (_ORIGIN + np.arange(1 - process.days, process.horizon + 1)).astype("datetime64[D]")
    group = rng.integers(process.groups, size=n).astype(np.int32)
    raw = np.exp(rng.normal(0, 0.35, (process.groups, 7))) * np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.6, 0.7])
    factor = (raw / raw.mean(axis=1, keepdims=True))[group][:, weekdays(periods)]
    steps = rng.normal(-(process.drift**2) / 2, process.drift, (n, total))
    level = process.mean * np.exp(rng.normal(0, process.spread, n))[:, None] * np.exp(np.cumsum(steps, axis=1))
    category = (group % 3).astype(np.int32)
    dispersion = process.dispersion * np.array([0.5, 1.0, 1.5])[category]
    mean = level * factor
    intensity = mean * rng.gamma(1.0 / dispersion[:, None], dispersion[:, None], (n, total))
    demand = rng.poisson(intensity).astype(float)
    past = slice(0, process.days)
    sold, share = _sell(demand[:, past], level[:, past], process.cover, rng)
    at_origin = level[:, process.days - 1]
    # The level's mean stays while its variance grows by a step a day: half of the horizon's on average.
    drift_cv2 = np.full(n, np.expm1(process.drift**2 * process.horizon / 2))
    truth = Demand(
        (at_origin[:, None] * factor[:, process.days :]).astype(np.float32),
        dispersion.astype(np.float32),
        drift_cv2.astype(np.float32),
    )
    panel = Panel(
        tuple(f"series {place:06d}" for place in range(n)),
        periods[past],
        "D",
        sold.astype(np.float32),
        share.astype(np.float32),
        groups={"weekday": group, "category": category},
    )
    return Generated(panel, demand[:, past], demand[:, process.days :], truth, at_origin)


def _sell(demand: Doubles, level: Doubles, cover: float, rng: np.random.Generator) -> tuple[Doubles, Doubles]:
    """Sales and in-stock shares under stock that is filled up once a week, on a day of the series' own.

    The stock that a series is filled up to varies from delivery to delivery around `cover` days of its demand.
    """
    n, length = demand.shape
    if not cover:
        return demand, np.ones_like(demand)
    delivery = rng.integers(7, size=n)
    stock = rng.poisson(level[:, 0] * cover).astype(float)
    sold, share = np.zeros_like(demand), np.ones_like(demand)
    for day in range(length):
        due = delivery == day % 7
        target = rng.poisson(level[:, day] * cover * rng.uniform(0.6, 1.4, n))
        stock = np.where(due, np.maximum(stock, target), stock)
        sold[:, day] = np.minimum(stock, demand[:, day])
        out = demand[:, day] >= stock
        share[:, day] = np.where(out, _hour_sold_out(stock, demand[:, day], rng) / OPENING_HOURS, 1.0)
        stock = stock - sold[:, day]
    return sold, share


def _hour_sold_out(stock: Doubles, demand: Doubles, rng: np.random.Generator) -> Doubles:
    """The hour (rounded) at which the last piece goes: the stock-th of `demand` moments spread evenly over the day."""
    has_stock = (stock > 0) & (demand >= stock)
    moment = np.zeros_like(stock)
    moment[has_stock] = rng.beta(stock[has_stock], demand[has_stock] - stock[has_stock] + 1.0)
    return np.round(moment * OPENING_HOURS)
