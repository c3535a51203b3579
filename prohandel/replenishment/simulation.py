"""Stock under a policy, day by day: look, order, wait, receive, sell what is there, lose the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import Floats

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class World:
    """What the policy does not decide. n pairs, T days.

    Attributes:
        demand: whole units that customers ask for, (n, T).
        lead_time_days: whole days from an order of that day to its arrival, at least 1, (n, T).
        review_period_days: days from one look to the next; all pairs are looked at on the same days.
        lot: units of a pack, (n,).
        opening_stock: before day 0, (n,).
    """

    demand: Singles
    lead_time_days: npt.NDArray[np.int16]
    review_period_days: int
    lot: Floats
    opening_stock: Floats


@dataclass
class Ledger:
    """What is seen of the days so far; a policy reads columns before the day it decides on.

    Attributes:
        sold: units, (n, T).
        in_stock_share: of the day, 0 to 1, (n, T).
        on_hand: at the end of the day, (n, T).
        ordered: units, (n, T).
        open_units: under way, (n,).
        arriving: units by day of arrival, (n, T + longest lead time).
    """

    sold: Singles
    in_stock_share: Singles
    on_hand: Singles
    ordered: Singles
    open_units: Floats
    arriving: Singles


@dataclass(frozen=True)
class Levels:
    """A policy's decision: where the position is below the reorder point, fill up to the level by whole lots.

    Attributes:
        reorder_point: (n,) units.
        order_up_to: (n,) units.
    """

    reorder_point: Floats
    order_up_to: Floats


Policy = Callable[[int, Ledger], Levels]
"""(day, ledger) -> levels; columns of the ledger from `day` on are still empty."""


def open_ledger(world: World) -> Ledger:
    """The ledger before day 0."""
    shape = world.demand.shape
    longest = int(world.lead_time_days.max(initial=1))

    def empty(days: int) -> Singles:
        return np.zeros((shape[0], days), dtype=np.float32)

    return Ledger(
        sold=empty(shape[1]),
        in_stock_share=empty(shape[1]),
        on_hand=empty(shape[1]),
        ordered=empty(shape[1]),
        open_units=np.zeros(shape[0]),
        arriving=empty(shape[1] + longest + 1),
    )


def copied(ledger: Ledger) -> Ledger:
    """A ledger that goes its own way from here."""
    return Ledger(**{name: values.copy() for name, values in vars(ledger).items()})


def order_quantity(position: Floats, levels: Levels, lot: Floats) -> Floats:
    """(n,) units, whole lots: up to the level where the position is below the reorder point, else 0."""
    missing = np.where(position < levels.reorder_point, levels.order_up_to - position, 0.0)
    return np.ceil(np.maximum(0.0, missing) / lot - 1e-9) * lot


def run(world: World, policy: Policy, ledger: Ledger, first_day: int, last_day: int) -> Ledger:
    """Goes through the days [first_day, last_day), writing into the ledger, which it returns.

    On a day, goods arrive, then (every review period, counted from day 0) orders are placed, then customers come.
    Customers are taken to come evenly over the day: of d who find k units, the k-th comes at k / (d + 1) of it.

    Raises:
        ProhandelError: a level is not a number.
    """
    on_hand = np.asarray(
        ledger.on_hand[:, first_day - 1] if first_day else world.opening_stock, dtype=np.float64
    ).copy()
    rows = np.arange(len(on_hand))
    for day in range(first_day, last_day):
        on_hand += ledger.arriving[:, day]
        ledger.open_units -= ledger.arriving[:, day]
        if day % world.review_period_days == 0:
            levels = policy(day, ledger)
            if not np.all(np.isfinite(levels.reorder_point) & np.isfinite(levels.order_up_to)):
                raise ProhandelError(f"The policy gave no number on day {day}.", "Give every pair a level.")
            units = order_quantity(on_hand + ledger.open_units, levels, world.lot)
            np.add.at(ledger.arriving, (rows, day + world.lead_time_days[:, day]), units.astype(np.float32))
            ledger.open_units += units
            ledger.ordered[:, day] = units
        demand = world.demand[:, day]
        sold = np.minimum(on_hand, demand)
        is_out = demand >= on_hand
        ledger.in_stock_share[:, day] = np.where(is_out, on_hand / (demand + 1), 1.0)
        on_hand -= sold
        ledger.sold[:, day] = sold
        ledger.on_hand[:, day] = on_hand
    return ledger


@dataclass(frozen=True)
class Outcome:
    """Service and stock over some days.

    Attributes:
        fill_rate: units sold / units asked for.
        revenue_fill_rate: the same, weighted by price.
        stock_value: mean over the days, at cost.
        cycle_service: share of pairs and review periods without a unit lost.
        pairs_below: share of pairs that served less than 80 % of their demand.
    """

    fill_rate: float
    revenue_fill_rate: float
    stock_value: float
    cycle_service: float
    pairs_below: float


def outcome(world: World, ledger: Ledger, first_day: int, last_day: int, unit_cost: Floats, price: Floats) -> Outcome:
    """What the days [first_day, last_day), whole review periods, came to."""
    days = slice(first_day, last_day)
    demand = world.demand[:, days].astype(np.float64)
    sold = ledger.sold[:, days].astype(np.float64)
    asked, served = demand.sum(axis=1), sold.sum(axis=1)
    lost = (demand - sold).reshape(len(demand), -1, world.review_period_days).sum(axis=2)
    with_demand = asked > 0
    return Outcome(
        fill_rate=float(served.sum() / asked.sum()),
        revenue_fill_rate=float((price * served).sum() / (price * asked).sum()),
        stock_value=float((unit_cost[:, np.newaxis] * ledger.on_hand[:, days]).sum() / (last_day - first_day)),
        cycle_service=float(np.mean(lost == 0)),
        pairs_below=float(np.mean(served[with_demand] < 0.8 * asked[with_demand])),
    )
