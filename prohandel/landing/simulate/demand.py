"""What customers would buy: the mean of every pair and day, and the counts drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from prohandel.landing.simulate.assortment import Assortment, life_curve
from prohandel.landing.simulate.calendar import easter, next_open_day, open_days, public_holidays
from prohandel.landing.simulate.catalogue import LEAVES
from prohandel.landing.simulate.config import BoolArray, FloatArray, IntArray, stream

BLOCK_DAYS = 28
"""Demand is drawn in blocks of this many days, each from a random stream of its own."""

_WEEKDAY = {
    "store": np.array([0.86, 0.82, 0.86, 0.96, 1.20, 1.72, 0.0]),
    "web": np.array([1.08, 0.98, 0.95, 0.95, 0.85, 0.92, 1.27]),
}
_MONTH = np.array([0.92, 0.82, 0.96, 1.02, 1.02, 0.98, 0.96, 0.90, 1.02, 1.08, 1.14, 1.22])
_PRICE_ELASTICITY = 1.9
_NOT_A_PROMOTION = 0.0


@dataclass(frozen=True)
class Promotion:
    """One price promotion, on one channel or both."""

    name: str
    first_day: int
    last_day: int
    channel: str
    leaf: int | None
    discount: float


@dataclass(frozen=True)
class Conditions:
    """What a day is like.

    `is_open`, `factor` (demand relative to an average open day) and `anomaly` (warmer than usual, in standard
    deviations) are (branch, day); `discount` is (channel: store 0, web 1; leaf; day).
    """

    is_open: BoolArray
    next_open: IntArray
    factor: FloatArray
    anomaly: FloatArray
    season: FloatArray
    discount: FloatArray
    promotions: tuple[Promotion, ...]


def conditions(assortment: Assortment) -> Conditions:
    """Calendar, weather and promotions over the horizon of an assortment."""
    a, days = assortment, assortment.horizon
    dates = [a.day_of(d) for d in range(days)]
    weekday = np.array([d.weekday() for d in dates])
    month = np.array([d.month for d in dates]) - 1
    day_of_year = np.array([d.timetuple().tm_yday for d in dates])
    is_open = np.ones((len(a.branches), days), dtype=bool)
    next_open = np.zeros((len(a.branches), days), dtype=np.int64)
    factor = np.ones((len(a.branches), days))
    anomaly = np.zeros((len(a.branches), days))
    weather = stream(a.seed, "weather").standard_normal((days, 17))
    mood = stream(a.seed, "mood").normal(0, 0.16, (days, len(a.branches)))
    states = sorted({b.state for b in a.branches})
    for i, branch in enumerate(a.branches):
        opens = open_days(a.begin, days, branch.state)
        next_open[i] = next_open_day(opens)
        shocks = 0.75 * weather[:, 16] + 0.66 * weather[:, states.index(branch.state)]
        anomaly[i] = _autoregressive(shocks, 0.82)
        if branch.kind == "online":
            factor[i] = _WEEKDAY["web"][weekday] * _MONTH[month] * _run_up(dates, branch.state, True)
        else:
            is_open[i] = opens
            factor[i] = _WEEKDAY["store"][weekday] * _MONTH[month] * _run_up(dates, branch.state, False) * opens
        factor[i] *= np.exp(mood[:, i] - 0.0128)
    promotions = _promotions(a)
    discount = np.full((2, len(LEAVES), days), _NOT_A_PROMOTION)
    for promotion in promotions:
        channels = {"store": [0], "web": [1], "both": [0, 1]}[promotion.channel]
        leaves = list(range(len(LEAVES))) if promotion.leaf is None else [promotion.leaf]
        window = slice(max(promotion.first_day, 0), promotion.last_day + 1)
        for channel in channels:
            for leaf in leaves:
                discount[channel, leaf, window] = np.maximum(discount[channel, leaf, window], promotion.discount)
    return Conditions(
        is_open=is_open,
        next_open=next_open,
        factor=factor,
        anomaly=anomaly,
        season=-np.cos(2 * np.pi * (day_of_year - 20) / 365.25),
        discount=discount,
        promotions=promotions,
    )


def _autoregressive(shocks: FloatArray, memory: float) -> FloatArray:
    series = np.empty_like(shocks)
    level = 0.0
    for i, shock in enumerate(shocks):
        level = memory * level + (1 - memory**2) ** 0.5 * shock
        series[i] = level
    return series


def _run_up(dates: list[date], state: str, online: bool) -> FloatArray:
    """Busier days: before public holidays, before Christmas, on Black Friday; quieter: the days between the years."""
    factor = np.ones(len(dates))
    for i, day in enumerate(dates):
        tomorrow = day + timedelta(days=1)
        if not online and tomorrow in public_holidays(tomorrow.year, state):
            factor[i] *= 1.22
        if day.month == 12 and day.day <= 23:
            factor[i] *= 1.0 + 0.35 * day.day / 23
        if day.month == 12 and day.day == 24:
            factor[i] *= 0.5
        if timedelta(0) <= easter(day.year) - day <= timedelta(days=10):
            factor[i] *= 1.12
    return factor


def _promotions(a: Assortment) -> tuple[Promotion, ...]:
    promotions: list[Promotion] = []
    rng = stream(a.seed, "promotions")
    years = range(a.begin.year, a.day_of(a.horizon).year + 1)
    for year in years:
        black_friday = date(year, 11, 29) - timedelta(days=(date(year, 11, 29).weekday() - 4) % 7)
        fixed = (
            ("Mid Season Sale Frühjahr", date(year, 4, 24), 9, "both", 0.20),
            ("Sommer-Vorteilstage", date(year, 6, 19), 3, "both", 0.15),
            ("Mid Season Sale Herbst", date(year, 10, 9), 9, "both", 0.20),
            ("Black Week", black_friday - timedelta(days=4), 7, "both", 0.20),
            ("Cyber Monday", black_friday + timedelta(days=3), 1, "web", 0.25),
            ("Adventsshopping", date(year, 12, 12), 2, "store", 0.10),
        )
        for name, first, length, channel, discount in fixed:
            day = a.day_index(first)
            if -length < day < a.horizon:
                promotions.append(Promotion(f"{name} {year}", day, day + length - 1, channel, None, discount))
    for week in range(0, a.horizon - 7, 14):
        leaf = int(rng.integers(len(LEAVES)))
        discount = float(rng.choice([0.10, 0.15, 0.20]))
        length = int(rng.integers(3, 8))
        start = week + int(rng.integers(0, 7))
        promotions.append(
            Promotion(f"{LEAVES[leaf].name}-Aktion {week // 14}", start, start + length - 1, "both", leaf, discount)
        )
    return tuple(promotions)


@dataclass(frozen=True)
class PairDays:
    """Demand of a block, one entry per pair and day with a mean above zero, sorted by day and pair."""

    day: IntArray
    pair: IntArray
    mean: FloatArray
    units: IntArray


def block_of(day: int) -> int:
    return day // BLOCK_DAYS


def draw_block(a: Assortment, c: Conditions, block: int) -> PairDays:
    """Mean and drawn demand of every pair on the days of one block.

    Counts are negative binomial: variance = mean + mean² / k, k the pair's dispersion.
    """
    days = np.arange(block * BLOCK_DAYS, min((block + 1) * BLOCK_DAYS, a.horizon))
    live = np.flatnonzero((a.pair_begin <= days[-1]) & (a.pair_end >= days[0]))
    day = np.repeat(days, len(live))
    pair = np.tile(live, len(days))
    article, branch = a.pair_article[pair], a.pair_branch[pair]
    leaf = a.leaf[article]
    age = (day - a.pair_begin[pair]).astype(float)
    tau = a.pair_tau[pair]
    life = np.where(tau == 0, 1.0, life_curve(age, tau)) * (day <= a.pair_end[pair])
    warmth = np.array([item.warmth for item in LEAVES])[leaf]
    is_web = (branch == a.web).astype(np.int64)
    discount = c.discount[is_web, leaf, day]
    label = a.label_price(article, branch, day)
    is_second_life = (a.pair_end[pair] > a.end[article] + 30) & (tau > 0)
    reference = np.where(is_second_life, label, a.price[article])
    weather = np.exp(warmth * (1.6 * c.anomaly[branch, day] + np.where(tau == 0, 4.0, 0.0) * c.season[day]))
    price_effect = np.minimum((label * (1 - discount) / reference) ** -_PRICE_ELASTICITY, 3.2)
    mean = a.pair_base[pair] * life * c.factor[branch, day] * weather * price_effect
    kept = mean > 1e-4
    day, pair, mean = day[kept], pair[kept], mean[kept]
    k = a.pair_dispersion[pair]
    units = stream(a.seed, "demand", block).negative_binomial(k, k / (k + mean))
    return PairDays(day, pair, mean, units)
