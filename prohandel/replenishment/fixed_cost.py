"""Policies where an order line costs money of its own: (r, Q) by continuous, (s, S) by periodic review. Both exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.replenishment.counts import CountDemand, Floats


@dataclass(frozen=True)
class LotPolicy:
    """Order Q units whenever the position falls to r. n pairs; cost per period."""

    reorder_point: Floats
    lot: Floats
    cost: Floats


@dataclass(frozen=True)
class LevelPolicy:
    """Order up to S where the position is at or below s. n pairs; cost per period."""

    reorder_point: Floats
    order_up_to: Floats
    cost: Floats


def stock_cost(demand: CountDemand, level: npt.ArrayLike, holding: npt.ArrayLike, shortage: npt.ArrayLike) -> Floats:
    """h E[(level - X)+] + p E[(X - level)+] per period; h and p per unit and period."""
    at = np.asarray(level, dtype=np.float64)
    short = demand.loss(at)
    hold, lack = (np.asarray(each, dtype=np.float64) for each in (holding, shortage))
    return np.asarray(hold * (at - demand.mean + short) + lack * short)


def best_lot_policy(
    lead: CountDemand,
    units_per_period: npt.ArrayLike,
    cost_per_order: npt.ArrayLike,
    holding: npt.ArrayLike,
    shortage: npt.ArrayLike,
) -> LotPolicy:
    """The (r, Q) of least cost per period when what is short waits.

    The position is uniform on r + 1, ..., r + Q, so the cost is (K lambda + sum of the costs of these positions) / Q.
    Since that of a position has one minimum, the best interval of each length grows from it towards the cheaper side,
    until the next position costs more than the mean (Federgruen and Zheng, Operations Research 40(4), 1992). Where
    customers take several units at once, Q is the unit that orders are multiples of.

    Args:
        lead: demand over the lead time, n pairs.
        units_per_period: expected demand of a period, above 0.
        cost_per_order: K.
        holding, shortage: money per unit and period.
    """
    shape = lead.mean.shape
    rate, fixed, hold, short = (
        np.broadcast_to(np.asarray(each, dtype=np.float64), shape)
        for each in (units_per_period, cost_per_order, holding, shortage)
    )

    def cost_at(level: Floats) -> Floats:
        # Below zero everything waits; the loss knows that.
        return stock_cost(lead, level, hold, short)

    best = lead.quantile(short / (hold + short))
    low, high = best - 1, best + 1
    total = fixed * rate + cost_at(best)
    lot = np.ones(shape)
    while True:
        below, above = cost_at(low), cost_at(high)
        cheaper = np.minimum(below, above)
        grows = cheaper < total / lot
        if not np.any(grows):
            break
        down = grows & (below <= above)
        up = grows & ~down
        total = total + np.where(grows, cheaper, 0.0)
        lot = lot + grows
        low, high = low - down, high + up
    return LotPolicy(low, lot, total / lot)


def best_level_policy(
    period: CountDemand,
    protection: CountDemand,
    cost_per_order: npt.ArrayLike,
    holding: npt.ArrayLike,
    shortage: npt.ArrayLike,
) -> LevelPolicy:
    """The (s, S) of least cost per period when what is short waits (Zheng and Federgruen, Operations Research 39(4),
    1991).

    Args:
        period: demand of one review period, n pairs, means above 0.
        protection: demand over lead time and review period; that of one period where there is no lead time.
        cost_per_order: K, above 0.
        holding, shortage: money per unit and period.
    """
    shape = period.mean.shape
    fixed, hold, short = (
        np.broadcast_to(np.asarray(each, dtype=np.float64), shape) for each in (cost_per_order, holding, shortage)
    )
    found = [
        _best_level_policy(_one(period, i), _one(protection, i), float(fixed[i]), float(hold[i]), float(short[i]))
        for i in range(len(period.mean))
    ]
    return LevelPolicy(*(np.array(each, dtype=np.float64) for each in zip(*found, strict=True)))


def _one(demand: CountDemand, i: int) -> CountDemand:
    return CountDemand(demand.mean[i : i + 1], demand.variance[i : i + 1])


def _best_level_policy(
    period: CountDemand, protection: CountDemand, fixed: float, hold: float, short: float
) -> tuple[float, float, float]:
    renewals = _Renewals(period)

    def at(level: float) -> float:
        return float(stock_cost(protection, level, hold, short)[0])

    def cost(low: float, high: float) -> float:
        steps = int(high - low)
        visits, periods = renewals.until(steps)
        levels = high - np.arange(steps)
        return (fixed + float(visits @ stock_cost(protection, levels, hold, short))) / periods

    high = float(protection.quantile(short / (hold + short))[0])
    low = high - 1
    while cost(low, high) > at(low):
        low -= 1
    best, least = high, cost(low, high)
    high += 1
    while at(high) <= least:
        if cost(low, high) < least:
            best = high
            while cost(low, best) <= at(low + 1):
                low += 1
            least = cost(low, best)
        high += 1
    return low, best, least


class _Renewals:
    """Expected periods that the position spends j units below S before it is ordered for again."""

    def __init__(self, period: CountDemand) -> None:
        self._period = period
        self._chance = self._chances(1)
        self._visits = [1 / (1 - float(self._chance[0]))]

    def until(self, steps: int) -> tuple[Floats, float]:
        """Periods spent at 0, ..., steps - 1 units below S, and their sum."""
        if len(self._chance) <= steps:
            self._chance = self._chances(2 * steps)
        for j in range(len(self._visits), steps):
            earlier = np.array(self._visits[::-1])
            self._visits.append(float(self._chance[1 : j + 1] @ earlier) / (1 - float(self._chance[0])))
        visits = np.array(self._visits[:steps])
        return visits, float(visits.sum())

    def _chances(self, most: int) -> Floats:
        beyond = self._period.exceeds(np.arange(-1, most + 1))
        return -np.diff(beyond)
