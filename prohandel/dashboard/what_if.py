"""What another service level or lead time would ask for, from the stored distribution of one pair's demand.

The formulas are those of `reorder_recommendations`: demand of lead time plus review period, days beyond the horizon
like the mean of its last week, the lead time's own spread added to the variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from prohandel.forecast.distribution import Demand
from prohandel.replenishment.counts import CountDemand, Floats
from prohandel.replenishment.levels import (
    level_for_cycle_service,
    level_for_fill_rate,
    stock_on_hand,
    with_lead_time_spread,
)

_WEEK = 7


@dataclass(frozen=True)
class Pair:
    """How one article is replenished in one branch.

    Attributes:
        days: demand_mean, dispersion and level_cv2 of the days after the as-of date, one row each.
        review_period_days: from one order to the next.
        lead_time_sd_days: standard deviation of the lead time.
        is_fill_rate: the service level is a share of units; else the chance that stock lasts until the next delivery.
        position: units on hand, on order and coming by transfer.
        pack_units: that are ordered together.
        unit_cost: EUR net; nan where it is not known.
    """

    days: pd.DataFrame
    review_period_days: int
    lead_time_sd_days: float
    is_fill_rate: bool
    position: float
    pack_units: float
    unit_cost: float


@dataclass(frozen=True)
class Outcome:
    """What a service level and a lead time ask for.

    Attributes:
        expected_demand: units over lead time and review period.
        reorder_point: units that serve this demand at the service level.
        safety_stock: reorder_point less expected_demand.
        order_units: from the position to the reorder point, in whole packs; sizes and floors apart.
        order_value_cost: at cost, EUR net.
        stock_value_cost: mean stock on the shelf at cost, EUR net.
    """

    expected_demand: float
    reorder_point: float
    safety_stock: float
    order_units: float
    order_value_cost: float
    stock_value_cost: float


def demand_of(pair: Pair, days: int) -> CountDemand:
    """Demand of the first days together, for a lead time of certain length."""
    means = pair.days["demand_mean"].to_numpy(dtype=np.float64)
    beyond = np.full(max(0, days - len(means)), means[-_WEEK:].mean())
    whole = Demand(
        np.concatenate([means, beyond])[None, :].astype(np.float32),
        pair.days["dispersion"].to_numpy(dtype=np.float32)[:1],
        pair.days["level_cv2"].to_numpy(dtype=np.float32)[:1],
    )
    summed = whole.over(0, days)
    return CountDemand(summed.mean, summed.variance())


def levels(pair: Pair, service_levels: Sequence[float], lead_time_days: int) -> Floats:
    """Reorder points in units, one for each service level of [0, 1)."""
    lead, protection = _stretches(pair, lead_time_days)
    return np.array([float(_level(pair, lead, protection, wanted)[0]) for wanted in service_levels])


def outcome(pair: Pair, service_level: float, lead_time_days: int) -> Outcome:
    """What one service level of [0, 1) and one lead time ask for."""
    lead, protection = _stretches(pair, lead_time_days)
    level = _level(pair, lead, protection, service_level)
    point, mean = float(level[0]), float(protection.mean[0])
    missing = max(0.0, point - pair.position)
    units = math.ceil(missing / pair.pack_units - 1e-9) * pair.pack_units
    return Outcome(
        expected_demand=mean,
        reorder_point=point,
        safety_stock=point - mean,
        order_units=units,
        order_value_cost=units * pair.unit_cost,
        stock_value_cost=float(stock_on_hand(lead, protection, level)[0]) * pair.unit_cost,
    )


def quantiles_of(mean: Floats, variance: Floats, level: float) -> Floats:
    """Units that demand of these means and variances does not exceed with a chance."""
    return CountDemand(mean, np.maximum(variance, mean)).quantile(level)


def _stretches(pair: Pair, lead_time_days: int) -> tuple[CountDemand, CountDemand]:
    lead, protection = (
        with_lead_time_spread(demand, demand.mean / max(days, 1), pair.lead_time_sd_days if days else 0.0)
        for days in (lead_time_days, lead_time_days + pair.review_period_days)
        for demand in (demand_of(pair, days),)
    )
    return lead, protection


def _level(pair: Pair, lead: CountDemand, protection: CountDemand, service_level: float) -> Floats:
    if pair.is_fill_rate:
        return level_for_fill_rate(lead, protection, service_level, is_lost=False)
    return level_for_cycle_service(protection, service_level)
