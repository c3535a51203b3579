"""The policies that the closed loop compares. Each sees what was sold, and for how much of a day there was stock."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special

from benchmarks.replenishment_world import FIRST_DAY, Retailer
from prohandel.forecast.distribution import Demand
from prohandel.forecast.panel import Panel
from prohandel.replenishment.counts import CountDemand, Floats
from prohandel.replenishment.levels import safety_stock_normal, with_lead_time_spread
from prohandel.replenishment.optimise import Stretch, least_stock
from prohandel.replenishment.simulation import Ledger, Levels, Policy

Model = Callable[[Panel, int], Demand]

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


def normal_on_forecast(retailer: Retailer, model: Model, service_level: float) -> Policy:
    """The normal formula on our forecast's mean and variance, one service level for all pairs."""

    def decide(day: int, ledger: Ledger) -> Levels:
        _, protection = stretches(retailer, model, day, ledger)
        level = np.maximum(
            np.ceil(protection.mean + special.ndtri(service_level) * np.sqrt(protection.variance)), AT_LEAST
        )
        return Levels(level, level)

    return decide


def quantile_of_forecast(retailer: Retailer, model: Model, service_level: float) -> Policy:
    """The quantile of the forecast's own demand, one service level for all pairs."""

    def decide(day: int, ledger: Ledger) -> Levels:
        _, protection = stretches(retailer, model, day, ledger)
        level = np.maximum(protection.quantile(service_level), AT_LEAST)
        return Levels(level, level)

    return decide


def optimised(retailer: Retailer, model: Model, target: float, *, weight: str = "units", floor: float = 0.5) -> Policy:
    """The service level per pair that reaches the target of all with least stock value."""
    weights = np.ones_like(retailer.price) if weight == "units" else retailer.price

    def decide(day: int, ledger: Ledger) -> Levels:
        lead, protection = stretches(retailer, model, day, ledger)
        review = np.full(len(weights), float(retailer.world.review_period_days))
        group = Stretch(lead, protection, review, retailer.world.lot, retailer.unit_cost, weights)
        level = least_stock(group, target, floor=floor, minimum_level=AT_LEAST).order_up_to_level
        return Levels(level, level)

    return decide


def stretches(retailer: Retailer, model: Model, day: int, ledger: Ledger) -> tuple[CountDemand, CountDemand]:
    """Demand over the lead time and over lead time and review, as forecast on the morning of a day."""
    review = retailer.world.review_period_days
    lead_days = retailer.lead_time_mean.astype(np.int64)
    demand = model(panel(retailer, day, ledger), int(lead_days.max()) + review)
    lead, protection = demand.over(0, lead_days), demand.over(0, lead_days + review)
    daily = protection.mean / (lead_days + review)
    sd = retailer.lead_time_sd
    return (
        with_lead_time_spread(CountDemand(lead.mean, lead.variance()), daily, sd),
        with_lead_time_spread(CountDemand(protection.mean, protection.variance()), daily, sd),
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
