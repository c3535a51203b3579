"""Safety stock, reorder point and order-up-to level of a periodic review.

A pair is looked at every R days. What is ordered now arrives after L days, and what is ordered at the next look after
R + L: the stock position of today has to last for the demand of L + R days (Silver, Pyke and Thomas, Inventory and
Production Management in Supply Chains, 4th ed., 2017, chapter 6). All arguments are arrays of n pairs, or scalars.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import special

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import CountDemand, Floats, smallest


def with_lead_time_spread(demand: CountDemand, daily_mean: npt.ArrayLike, lead_time_sd: npt.ArrayLike) -> CountDemand:
    """Demand over a stretch whose length is uncertain: adds mu_d^2 sigma_L^2 to the variance.

    Args:
        demand: over the expected length.
        daily_mean: expected units a day.
        lead_time_sd: standard deviation of the lead time in days.
    """
    spread = (np.asarray(daily_mean, dtype=np.float64) * np.asarray(lead_time_sd, dtype=np.float64)) ** 2
    return CountDemand(demand.mean, demand.variance + spread)


def safety_stock_normal(
    service_level: npt.ArrayLike,
    daily_mean: npt.ArrayLike,
    daily_sd: npt.ArrayLike,
    lead_time_days: npt.ArrayLike,
    review_period_days: npt.ArrayLike,
    lead_time_sd: npt.ArrayLike = 0.0,
) -> Floats:
    """z sqrt((L + R) sigma_d^2 + mu_d^2 sigma_L^2) in units: the textbook figure, for normal and independent days."""
    days = np.asarray(lead_time_days, dtype=np.float64) + np.asarray(review_period_days, dtype=np.float64)
    variance = days * np.square(np.asarray(daily_sd, dtype=np.float64))
    variance = variance + np.square(np.asarray(daily_mean, dtype=np.float64) * np.asarray(lead_time_sd))
    return np.asarray(special.ndtri(service_level) * np.sqrt(variance))


def safety_stock_quantile(protection: CountDemand, service_level: npt.ArrayLike) -> Floats:
    """Quantile of the demand of L + R days less its mean, in units; below 0 where half a unit is expected."""
    return protection.quantile(service_level) - protection.mean


def level_for_cycle_service(protection: CountDemand, service_level: npt.ArrayLike, lot: npt.ArrayLike = 1.0) -> Floats:
    """Smallest stock position that lasts until the next delivery with this chance, (n,) whole units.

    Filled up by lots, the position is uniform on the level and the lot - 1 units above it; the chance is the mean of
    theirs.
    """
    level = protection.quantile(service_level)
    lots = np.broadcast_to(np.asarray(lot, dtype=np.float64), level.shape)
    if np.all(lots <= 1):
        return level
    allowed = 1 - np.asarray(service_level, dtype=np.float64)
    by_lots = smallest(lambda units: _short_chance(protection, units, lots) <= allowed, level)
    # A position never falls below a level of 0, so nothing would be ordered.
    return np.where(lots > 1, np.maximum(by_lots, np.minimum(level, 1.0)), level)


def cycle_service(protection: CountDemand, level: npt.ArrayLike, lot: npt.ArrayLike = 1.0) -> Floats:
    """Chance that a position filled up to a level by lots lasts until the next delivery, 0 to 1."""
    lots = np.maximum(1.0, np.asarray(lot, dtype=np.float64))
    return 1 - np.where(lots > 1, _short_chance(protection, level, lots), protection.exceeds(level))


def _short_chance(protection: CountDemand, level: npt.ArrayLike, lots: Floats) -> Floats:
    """Mean of P(X > u) for u = level, ..., level + lot - 1: the losses telescope."""
    at = np.asarray(level, dtype=np.float64)
    return (protection.loss(at) - protection.loss(at + lots)) / lots


def shortage_per_review(lead: CountDemand, protection: CountDemand, level: npt.ArrayLike, lot: npt.ArrayLike) -> Floats:
    """Expected units short between two deliveries: the loss over L + R days less what was short at their start."""
    return np.maximum(0.0, protection.mean_loss(level, lot) - lead.mean_loss(level, lot))


def fill_rate(
    lead: CountDemand,
    protection: CountDemand,
    level: npt.ArrayLike,
    lot: npt.ArrayLike = 1.0,
    *,
    is_lost: bool = True,
) -> Floats:
    """Expected share of demand served from the shelf, 0 to 1, when the position is filled up to a level by lots.

    Args:
        lead: demand over L days.
        protection: demand over L + R days.
        level: the order-up-to level.
        lot: units of a pack.
        is_lost: what is short is lost (`served_share`); else it waits.
    """

    def short_at(at: Floats) -> Floats:
        return shortage_per_review(lead, protection, at, lot)

    return served_share(short_at, np.asarray(level, dtype=np.float64), lead.mean, protection.mean, is_lost=is_lost)


def served_share(
    short_at: Callable[[Floats], Floats],
    level: Floats,
    lead_mean: Floats,
    protection_mean: Floats,
    *,
    is_lost: bool = True,
) -> Floats:
    """Share of demand served, from the expected shortage per review where what is short waits.

    Lost demand uses no stock: of the lead time's demand the lost share is missing, which is as if the level were
    higher by this much. The share is the fixed point of that, approached by halving the step three times; good to a
    point or two where most is served (the tests hold it against a simulated shelf).
    """
    demanded = protection_mean - lead_mean
    lost = np.zeros(np.broadcast_shapes(level.shape, demanded.shape))
    for step in range(4 if is_lost else 1):
        short = short_at(level + lost * lead_mean)
        found = np.clip(np.divide(short, demanded, out=np.zeros_like(short), where=demanded > 0), 0, 1)
        lost = found if step == 0 else (lost + found) / 2
    # Of an article that is never ordered nothing is served.
    return np.where((level <= 0) & (demanded > 0), 0.0, 1 - lost)


def level_for_fill_rate(
    lead: CountDemand,
    protection: CountDemand,
    target: npt.ArrayLike,
    lot: npt.ArrayLike = 1.0,
    *,
    is_lost: bool = True,
) -> Floats:
    """Smallest order-up-to level whose fill rate reaches a target, which lies in [0, 1)."""
    wanted = np.broadcast_to(np.asarray(target, dtype=np.float64), protection.mean.shape)
    if np.any(wanted < 0) or np.any(wanted >= 1):
        raise ProhandelError("A fill rate is below 0 or not below 1.", "Give it as a share, e.g. 0.98.")
    # By Scarf's bound the loss at m + t is at most variance / (4 t), for t of at least a standard deviation.
    demanded = protection.mean - lead.mean
    spread = np.maximum(protection.variance, protection.mean)
    allowed = np.maximum((1 - wanted) * demanded, 1e-12)
    bound = np.ceil(protection.mean + np.sqrt(spread) + spread / allowed) + 1
    return smallest(
        lambda level: (fill_rate(lead, protection, level, lot, is_lost=is_lost) >= wanted) | (demanded <= 0), bound
    )


def stock_on_hand(lead: CountDemand, protection: CountDemand, level: npt.ArrayLike, lot: npt.ArrayLike = 1.0) -> Floats:
    """Expected units on the shelf: mean of those just after a delivery and just before the next."""
    position = np.asarray(level, dtype=np.float64) + (np.maximum(1.0, np.asarray(lot, dtype=np.float64)) - 1) / 2
    after = position - lead.mean + lead.mean_loss(level, lot)
    before = position - protection.mean + protection.mean_loss(level, lot)
    return (after + before) / 2


def economic_order_quantity(
    yearly_units: npt.ArrayLike, cost_per_order: npt.ArrayLike, unit_cost: npt.ArrayLike, holding_rate: npt.ArrayLike
) -> Floats:
    """sqrt(2 K D / (h c)), Harris 1913: units per order where an order line costs K and stock h of its value a year."""
    held = np.asarray(unit_cost, dtype=np.float64) * np.asarray(holding_rate, dtype=np.float64)
    ordered = 2 * np.asarray(cost_per_order, dtype=np.float64) * np.asarray(yearly_units, dtype=np.float64)
    return np.sqrt(
        np.divide(ordered, held, out=np.zeros(np.broadcast_shapes(ordered.shape, held.shape)), where=held > 0)
    )
