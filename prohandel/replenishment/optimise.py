"""Service levels per pair that reach a group's service with the least money in stock."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import CountDemand, Floats
from prohandel.replenishment.levels import cycle_service, fill_rate, served_share, stock_on_hand

CANDIDATES = 25
"""Levels looked at per pair."""
_TABULATED = 160
"""Pairs whose levels stay below are worked out from tables of all whole levels."""
_STEPS = 30
_LOG_PRICES = 60.0
"""Range of the logarithm of the price of a unit short, in money for a unit a day, halved so many times."""


@dataclass(frozen=True)
class Stretch:
    """What a group of n pairs is expected to sell.

    Attributes:
        lead: demand over L days.
        protection: demand over L + R days.
        review_period_days: R, (n,).
        lot: whole units of a pack, at least 1, (n,).
        unit_cost: net, (n,), above 0.
        weight: what a unit short counts, (n,): 1 for service by units, the net price for service by revenue.
    """

    lead: CountDemand
    protection: CountDemand
    review_period_days: Floats
    lot: Floats
    unit_cost: Floats
    weight: Floats


@dataclass(frozen=True)
class Plan:
    """Levels of a group.

    Attributes:
        order_up_to_level: (n,) whole units.
        cycle_service: chance that the level lasts until the next delivery, (n,).
        fill_rate: expected, (n,).
        group_fill_rate: expected, weighted by demand.
        stock_value: expected value on the shelf at cost.
        is_short_of_target: the budget binds, or no level reaches the target.
    """

    order_up_to_level: Floats
    cycle_service: Floats
    fill_rate: Floats
    group_fill_rate: float
    stock_value: float
    is_short_of_target: bool


def least_stock(
    group: Stretch,
    target: float,
    *,
    floor: npt.ArrayLike = 0.5,
    ceiling: npt.ArrayLike = 0.9995,
    minimum_level: npt.ArrayLike = 0.0,
    budget: float | None = None,
    shortage_ratio: float = 1.0,
) -> Plan:
    """Levels of least stock value whose expected fill rate over the group reaches a target.

    Marginal analysis (Sherbrooke, Optimal Inventory Modeling of Systems, 2nd ed., 2004, chapter 2): at one price of a
    unit short, each pair takes of its candidate levels the one of least stock value + price * weight * units short a
    day.
    The price is found by halving: the lowest that reaches the target, or the highest that the budget bears.

    Args:
        group: the pairs.
        target: fill rate of the group, in (0, 1), demand weighted by `weight`.
        floor: least cycle service of a pair, so that nothing dear is left without stock.
        ceiling: highest cycle service of a pair.
        minimum_level: least order-up-to level, e.g. what the shop has to show.
        budget: most money in stock on average. Where it binds, service falls short and the plan says so; floors hold
            in any case.
        shortage_ratio: units short as found in the past over those expected (`calibration.shortage_ratio`); expected
            shortages are multiplied by it.

    Raises:
        ProhandelError: a cost or a weight is not above 0, or the target no share.
    """
    _check(group, target)
    levels = _candidates(group.protection, floor, ceiling, minimum_level)
    served, value = _expected(group, levels)
    served = 1 - np.minimum(1.0, shortage_ratio * (1 - served))
    daily = group.weight * (group.protection.mean - group.lead.mean) / group.review_period_days
    short = daily * (1 - served)
    demanded = float(daily.sum())
    pairs = np.arange(len(daily))

    def chosen(log_price: float) -> npt.NDArray[np.intp]:
        return np.asarray(np.argmin(value + math.exp(log_price) * short, axis=0))

    def is_good(log_price: float) -> bool:
        return float(short[chosen(log_price), pairs].sum()) <= (1 - target) * demanded

    def is_too_dear(log_price: float) -> bool:
        return budget is not None and float(value[chosen(log_price), pairs].sum()) > budget

    price = _lowest(is_good)
    if is_too_dear(price):
        price = _lowest(is_too_dear) - _LOG_PRICES / 2**_STEPS
    best = chosen(price)
    missing = float(short[best, pairs].sum())
    level = levels[best, pairs]
    return Plan(
        order_up_to_level=level,
        cycle_service=cycle_service(group.protection, level, group.lot),
        fill_rate=served[best, pairs],
        group_fill_rate=1 - missing / demanded if demanded > 0 else 1.0,
        stock_value=float(value[best, pairs].sum()),
        is_short_of_target=missing > (1 - target) * demanded,
    )


def _lowest(holds: Callable[[float], bool]) -> float:
    """The lowest logarithm of a price at which something holds that goes on holding above; the highest if nowhere."""
    low, high = -_LOG_PRICES / 2, _LOG_PRICES / 2
    if holds(low):
        return low
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _candidates(
    protection: CountDemand, floor: npt.ArrayLike, ceiling: npt.ArrayLike, minimum_level: npt.ArrayLike
) -> Floats:
    """(CANDIDATES, n) whole levels between two cycle services, evenly spaced; some are there twice at slow pairs."""
    least = np.maximum(protection.quantile(floor), np.ceil(minimum_level))
    most = np.maximum(protection.quantile(ceiling), least)
    steps = np.linspace(0.0, 1.0, CANDIDATES)[:, np.newaxis]
    return np.asarray(np.ceil(least + steps * (most - least)))


def _expected(group: Stretch, levels: Floats) -> tuple[Floats, Floats]:
    """Fill rate and stock value of the candidates, (CANDIDATES, n)."""
    reach = levels.max(axis=0) + group.lead.mean + group.lot
    is_slow = reach < _TABULATED
    served, value = np.empty(levels.shape), np.empty(levels.shape)
    for rows, of in ((np.flatnonzero(is_slow), _by_table), (np.flatnonzero(~is_slow), _by_formula)):
        if len(rows):
            served[:, rows], units = of(_only(group, rows), levels[:, rows])
            value[:, rows] = group.unit_cost[rows] * units
    return served, value


def _by_formula(group: Stretch, levels: Floats) -> tuple[Floats, Floats]:
    """Fill rate and units on the shelf, (CANDIDATES, n)."""
    served = fill_rate(group.lead, group.protection, levels, group.lot)
    return served, stock_on_hand(group.lead, group.protection, levels, group.lot)


def _by_table(group: Stretch, levels: Floats) -> tuple[Floats, Floats]:
    """The same from the losses at all whole levels, which is many times quicker where these are few."""
    most = int(np.max(levels + np.ceil(group.lead.mean) + group.lot)) + 2
    lead, protection = group.lead.losses_up_to(most), group.protection.losses_up_to(most)
    lot = group.lot.astype(np.intp)
    short, missing = _over_lots(np.maximum(0.0, protection - lead), lot), _over_lots(protection + lead, lot)
    pairs = np.arange(levels.shape[1])

    def between(table: Floats, at: Floats) -> Floats:
        whole = np.floor(at).astype(np.intp)
        share = at - whole
        return np.asarray(table[pairs, whole] * (1 - share) + table[pairs, whole + 1] * share)

    served = served_share(lambda at: between(short, at), levels, group.lead.mean, group.protection.mean)
    position = levels + (group.lot - 1) / 2
    return served, position - (group.lead.mean + group.protection.mean) / 2 + between(missing, levels) / 2


def _over_lots(table: Floats, lot: npt.NDArray[np.intp]) -> Floats:
    """Means over `lot` columns from each column on; the last columns repeat the last mean."""
    sums = np.concatenate([np.zeros((len(table), 1)), np.cumsum(table, axis=1)], axis=1)
    first = np.minimum(np.arange(table.shape[1]), table.shape[1] - lot[:, np.newaxis])
    rows = np.arange(len(table))[:, np.newaxis]
    return np.asarray((sums[rows, first + lot[:, np.newaxis]] - sums[rows, first]) / lot[:, np.newaxis])


def _only(group: Stretch, rows: npt.NDArray[np.intp]) -> Stretch:
    return Stretch(
        CountDemand(group.lead.mean[rows], group.lead.variance[rows]),
        CountDemand(group.protection.mean[rows], group.protection.variance[rows]),
        group.review_period_days[rows],
        group.lot[rows],
        group.unit_cost[rows],
        group.weight[rows],
    )


def _check(group: Stretch, target: float) -> None:
    if not 0 < target < 1:
        raise ProhandelError(f"The target service {target} is no share.", "Give it between 0 and 1, e.g. 0.97.")
    if np.any(group.lot < 1) or np.any(group.lot != np.floor(group.lot)):
        raise ProhandelError("A pack is no whole number of units.", "Give pack_units of 1, 2, ... in the policy.")
    for name, values in (
        ("cost", group.unit_cost),
        ("weight", group.weight),
        ("review period", group.review_period_days),
    ):
        if np.any(~(values > 0)):
            raise ProhandelError(
                f"{int(np.sum(~(values > 0)))} pairs have no {name} above 0.",
                f"Leave them out or give them a {name}; they cannot be weighed against others.",
            )
