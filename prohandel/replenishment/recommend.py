"""What to order of n pairs: levels from the forecast, limits from the assortment, units from the stock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.errors import ProhandelError
from prohandel.replenishment.assortment import (
    Days,
    Range,
    most_until_season_end,
    presentation_level,
    what_may_be_ordered,
)
from prohandel.replenishment.counts import CountDemand, Floats
from prohandel.replenishment.levels import (
    level_for_cycle_service,
    level_for_fill_rate,
    safety_stock_normal,
    with_lead_time_spread,
)
from prohandel.replenishment.purchase import Orders, Terms, orders


@dataclass(frozen=True)
class Policies:
    """How n pairs are replenished, each (n,).

    Attributes:
        lead_time_days, lead_time_sd: from an order to the goods on the shelf.
        review_period_days: from one look to the next.
        service_level: of the measure, in [0, 1).
        is_fill_rate: the level is a share of demand served; else the chance that stock lasts until the next delivery.
        pack_units, minimum_units: of an order line.
        order_units: S - s of (R, s, S), e.g. an economic order quantity; 0 orders every gap.
        presentation_minimum: units to be shown, nan for none.
        core_sizes: number of core sizes.
    """

    lead_time_days: Floats
    lead_time_sd: Floats
    review_period_days: Floats
    service_level: Floats
    is_fill_rate: npt.NDArray[np.bool_]
    pack_units: Floats
    minimum_units: Floats
    order_units: Floats
    presentation_minimum: Floats
    core_sizes: Floats


@dataclass(frozen=True)
class Expected:
    """The forecast of n pairs.

    Attributes:
        lead: demand over the expected lead time.
        protection: demand over expected lead time and review period.
        daily_sd: standard deviation of a day's demand, (n,); for the textbook figure alone.
        until_season_end: expected units to the end of the season, (n,); any number without a season.
    """

    lead: CountDemand
    protection: CountDemand
    daily_sd: Floats
    until_season_end: Floats


@dataclass(frozen=True)
class Stock:
    """Units of n pairs: on the shelf, on order, and coming by transfer, each (n,)."""

    on_hand: Floats
    on_order: Floats
    inbound: Floats


@dataclass(frozen=True)
class Recommendations:
    """What to order, each (n,).

    Attributes:
        expected_demand: over lead time and review period, units.
        safety_stock: level of the service asked for less expected_demand: the one used.
        safety_stock_normal: the textbook figure.
        reorder_point: below it something is ordered.
        orders: units, level with presentation, what binds.
        ordering: `Ordering`.
        value_cost: of the units.
        urgency: chance that what is there and on its way runs out before what is ordered at the next look arrives.
        safe_until: last day that the service level speaks of, if what is recommended is ordered.
    """

    expected_demand: Floats
    safety_stock: Floats
    safety_stock_normal: Floats
    reorder_point: Floats
    orders: Orders
    ordering: npt.NDArray[np.int8]
    value_cost: Floats
    urgency: Floats
    safe_until: Days


def recommend(
    range_: Range, policies: Policies, expected: Expected, stock: Stock, unit_cost: Floats, as_of: np.datetime64
) -> Recommendations:
    """What to order at the end of the as-of day.

    Args:
        range_: what may be ordered.
        policies: how.
        expected: the forecast, independent of the lead time's spread, which is added here.
        stock: what is there and on its way.
        unit_cost: net, nan where it is not known: the value is then nan.
        as_of: the day of the decision.

    Raises:
        ProhandelError: arrays of different lengths.
    """
    _check_lengths(len(unit_cost), range_, policies, expected, stock)
    days = policies.lead_time_days + policies.review_period_days
    daily = np.divide(expected.protection.mean, days, out=np.zeros(len(days)), where=days > 0)
    lead = with_lead_time_spread(expected.lead, daily, policies.lead_time_sd)
    protection = with_lead_time_spread(expected.protection, daily, policies.lead_time_sd)
    level = np.where(
        policies.is_fill_rate,
        level_for_fill_rate(lead, protection, policies.service_level, policies.pack_units),
        level_for_cycle_service(protection, policies.service_level, policies.pack_units),
    )
    shown = presentation_level(policies.presentation_minimum, policies.core_sizes, range_.season_ends_on, as_of)
    ordering = what_may_be_ordered(range_, as_of, policies.lead_time_days)
    position = stock.on_hand + stock.on_order + stock.inbound
    terms = Terms(
        pack_units=policies.pack_units,
        minimum_units=policies.minimum_units,
        presentation=shown,
        most_units=most_until_season_end(expected.until_season_end, range_.season_ends_on, position),
    )
    ordered = orders(level + policies.order_units, level, stock.on_hand, stock.on_order, stock.inbound, ordering, terms)
    return Recommendations(
        expected_demand=protection.mean,
        safety_stock=level - protection.mean,
        safety_stock_normal=safety_stock_normal(
            policies.service_level,
            daily,
            expected.daily_sd,
            policies.lead_time_days,
            policies.review_period_days,
            policies.lead_time_sd,
        ),
        reorder_point=np.maximum(level, shown),
        orders=ordered,
        ordering=ordering,
        value_cost=ordered.units * unit_cost,
        urgency=protection.exceeds(position),
        safe_until=as_of.astype("datetime64[D]") + np.ceil(days).astype("timedelta64[D]"),
    )


def _check_lengths(n: int, *groups: object) -> None:
    for group in groups:
        for name, values in vars(group).items():
            length = len(values.mean if isinstance(values, CountDemand) else values)
            if length != n:
                raise ProhandelError(
                    f"{type(group).__name__}.{name} has {length} values, unit_cost has {n}.", "Give one per pair."
                )
