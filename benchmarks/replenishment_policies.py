"""The policies that the closed loop compares. Each sees what was sold, and for how much of a day there was stock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.replenishment_world import FIRST_DAY, WEATHER_CV2, Retailer
from prohandel.forecast.distribution import Demand
from prohandel.forecast.panel import Panel
from prohandel.replenishment.calibration import in_hindsight, lost_units, shortage_ratio
from prohandel.replenishment.counts import CountDemand, Floats
from prohandel.replenishment.levels import level_for_cycle_service, safety_stock_normal, with_lead_time_spread
from prohandel.replenishment.optimise import Stretch, least_stock
from prohandel.replenishment.simulation import Ledger, Levels, Policy

Model = Callable[[Panel, int], Demand]


@dataclass(frozen=True)
class Seen:
    """What is expected of each pair, (n,) unless said otherwise.

    Attributes:
        lead: demand of the lead time, with its spread.
        protection: demand of lead time and review period.
        daily: units of each day until the next review, (n, R).
        dispersion: of a day's demand at a known level.
        level_cv2: squared coefficient of variation of the level.
    """

    lead: CountDemand
    protection: CountDemand
    daily: Floats
    dispersion: Floats
    level_cv2: Floats


Sight = Callable[[int, Ledger], Seen]
"""(day, ledger) -> what is expected on the morning of that day."""

FLOOR = 0.5
"""Least cycle service of a pair that the optimised policy allows."""
SHORTAGE_RATIO, PRIOR_WEEKS, LAG_WEEKS, WINDOW_WEEKS = 1.0, 4.0, 4, 13
"""Ratio to begin with, what it counts for, weeks that are passed over, weeks that are looked back on."""
UNSEEN = 1.1
"""Units lost over units estimated: shelves run empty where the forecast was too low. Seen in the worlds 101 to 103."""
AT_LEAST = 1.0
"""Units that every policy keeps ordered of an article that is always to be there."""


def four_week_average(retailer: Retailer, cover_days: float) -> Policy:
    """Min/max: minimum = average of four weeks x (lead time + cover), maximum a review period above it.

    The average is that of days in stock, which is kinder to it than practice is.
    """
    review = retailer.world.review_period_days

    def decide(day: int, ledger: Ledger) -> Levels:
        mean, _ = _moments(ledger, day, 28)
        minimum = mean * (retailer.lead_time_mean + cover_days)
        return Levels(np.maximum(minimum, AT_LEAST), np.maximum(minimum + mean * review, AT_LEAST))

    return decide


def textbook_normal(retailer: Retailer, service_level: float, days: int = 90) -> Policy:
    """Mean and standard deviation of the days in stock of three months; safety stock by the normal formula."""
    review = retailer.world.review_period_days

    def decide(day: int, ledger: Ledger) -> Levels:
        mean, sd = _moments(ledger, day, days)
        safety = safety_stock_normal(service_level, mean, sd, retailer.lead_time_mean, review, retailer.lead_time_sd)
        level = np.maximum(np.ceil(mean * (retailer.lead_time_mean + review) + safety), AT_LEAST)
        return Levels(level, level)

    return decide


def one_level(retailer: Retailer, sees: Sight, service_level: float) -> Policy:
    """The quantile of the demand that is expected, one service level for all pairs."""

    def decide(day: int, ledger: Ledger) -> Levels:
        level = np.maximum(
            level_for_cycle_service(sees(day, ledger).protection, service_level, retailer.world.lot), AT_LEAST
        )
        return Levels(level, level)

    return decide


def optimised(
    retailer: Retailer, sees: Sight, target: float, *, weight: Floats | None = None, start: float = SHORTAGE_RATIO
) -> Policy:
    """The service level per pair that reaches the target of all with least stock value; weight: units by default.

    Each week it compares what empty shelves lost, by its own forecast of the week before, with what it had planned.
    """
    weights = np.ones_like(retailer.price) if weight is None else weight
    review = retailer.world.review_period_days
    planned: list[float] = []
    found: list[float] = []
    before: list[Seen] = []

    def decide(day: int, ledger: Ledger) -> Levels:
        seen = sees(day, ledger)
        if before:
            week = slice(day - review, day)
            share, sold = ledger.in_stock_share[:, week], ledger.sold[:, week]
            daily = in_hindsight(share, sold, before[-1].daily, retailer.category)
            lost = lost_units(share, sold, daily, before[-1].dispersion, before[-1].level_cv2)
            found.append(UNSEEN * float((weights * lost).sum()))
        # Of the first weeks stock was ordered by the policy before.
        counted = slice(max(LAG_WEEKS, len(found) - WINDOW_WEEKS), len(found))
        ratio = shortage_ratio(planned[counted], found[counted], start, PRIOR_WEEKS)
        weeks = np.full(len(weights), float(review))
        group = Stretch(seen.lead, seen.protection, weeks, retailer.world.lot, retailer.unit_cost, weights)
        plan = least_stock(group, target, floor=FLOOR, minimum_level=AT_LEAST, shortage_ratio=ratio)
        before.append(seen)
        demanded = seen.protection.mean - seen.lead.mean
        planned.append(float((weights * demanded * (1 - plan.fill_rate)).sum() / ratio))
        return Levels(plan.order_up_to_level, plan.order_up_to_level)

    return decide


def by_forecast(retailer: Retailer, model: Model) -> Sight:
    """What a model expects on the morning of a day, from sales before it."""
    review = retailer.world.review_period_days
    lead_days = retailer.lead_time_mean.astype(np.int64)

    def sees(day: int, ledger: Ledger) -> Seen:
        demand = model(panel(retailer, day, ledger), int(lead_days.max()) + review)
        lead, protection = demand.over(0, lead_days), demand.over(0, lead_days + review)
        return Seen(
            *_spread(retailer, (lead.mean, lead.variance()), (protection.mean, protection.variance())),
            demand.mean[:, :review].astype(np.float64),
            demand.dispersion.astype(np.float64),
            demand.level_cv2.astype(np.float64),
        )

    return sees


def by_process(retailer: Retailer) -> Sight:
    """What the generating process expects: the floor, below which no forecast gets."""
    days = retailer.expected.shape[1]
    zero = np.zeros((len(retailer.price), 1))
    sums = np.concatenate([zero, np.cumsum(retailer.expected, axis=1, dtype=np.float64)], axis=1)
    squares = np.concatenate([zero, np.cumsum(np.square(retailer.expected, dtype=np.float64), axis=1)], axis=1)
    rows = np.arange(len(zero))
    lead_days = retailer.lead_time_mean.astype(np.int64)

    review = retailer.world.review_period_days

    def sees(day: int, _: Ledger) -> Seen:
        found = []
        for length in (lead_days, lead_days + review):
            last = np.minimum(day + length, days)
            # Past the last day as before it.
            longer = length / (last - day)
            mean = (sums[rows, last] - sums[:, day]) * longer
            # Customers take 1 + a geometric number: E[size^2] / E[size] = 2 basket - 1.
            of_weather = WEATHER_CV2 * (squares[rows, last] - squares[:, day]) * longer
            found.append((mean, mean * (2 * retailer.basket - 1) + of_weather))
        daily = retailer.expected[:, day : day + review].astype(np.float64)
        of_baskets = 2 * (retailer.basket - 1) / np.maximum(daily.mean(axis=1), 1e-9)
        return Seen(*_spread(retailer, *found), daily, of_baskets + WEATHER_CV2, np.zeros(len(daily)))

    return sees


def _spread(
    retailer: Retailer, lead: tuple[Floats, Floats], protection: tuple[Floats, Floats]
) -> tuple[CountDemand, CountDemand]:
    """Both with the spread of the lead time."""
    daily = protection[0] / (retailer.lead_time_mean + retailer.world.review_period_days)
    sd = retailer.lead_time_sd
    return (
        with_lead_time_spread(CountDemand(*lead), daily, sd),
        with_lead_time_spread(CountDemand(*protection), daily, sd),
    )


def panel(retailer: Retailer, day: int, ledger: Ledger) -> Panel:
    """What has been seen before a day."""
    n = len(retailer.price)
    return Panel(
        series_ids=tuple(map(str, range(n))),
        periods=FIRST_DAY + np.arange(day),
        freq="D",
        units=ledger.sold[:, :day],
        in_stock_share=ledger.in_stock_share[:, :day],
        groups={
            "category": retailer.category,
            "weekday": (retailer.category * (retailer.branch.max() + 1) + retailer.branch).astype(np.int32),
        },
    )


def _moments(ledger: Ledger, day: int, days: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation of units a day over the days with stock of the last so many; 0 without such days."""
    window = slice(max(0, day - days), day)
    sold = ledger.sold[:, window].astype(np.float64)
    counted: npt.NDArray[np.bool_] = ledger.in_stock_share[:, window] > 0
    number = counted.sum(axis=1)
    mean = np.divide((sold * counted).sum(axis=1), number, out=np.zeros(len(sold)), where=number > 0)
    squares = (np.square(sold - mean[:, np.newaxis]) * counted).sum(axis=1)
    return mean, np.sqrt(np.divide(squares, number - 1, out=np.zeros(len(sold)), where=number > 1))
