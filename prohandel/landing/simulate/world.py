"""Everything about the retailer that a seed and a scale fix once: assortment, calendar, customers, demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prohandel.landing.simulate import assortment as assortments
from prohandel.landing.simulate.assortment import Assortment
from prohandel.landing.simulate.config import LAST_SYNC, Columns, Scale
from prohandel.landing.simulate.demand import BLOCK_DAYS, Conditions, PairDays, block_of, conditions, draw_block
from prohandel.landing.simulate.people import Customers, customers
from prohandel.landing.simulate.receipts import wishes
from prohandel.landing.simulate.stock import Warehouse, join


@dataclass
class World:
    """The static retailer, and its demand, drawn block by block when first asked for."""

    assortment: Assortment
    conditions: Conditions
    people: Customers
    warehouse: Warehouse
    _demand: dict[int, PairDays] = field(default_factory=dict)
    _wishes: dict[int, Columns] = field(default_factory=dict)

    def demand(self, block: int) -> PairDays:
        if block not in self._demand:
            self._demand[block] = draw_block(self.assortment, self.conditions, block)
        return self._demand[block]

    def plan(self, from_hour: int, until_hour: int) -> Columns:
        """All wishes of the blocks that the clock hours [from, until) touch, by time."""
        blocks = range(block_of(from_hour // 24), block_of(max(until_hour - 1, from_hour) // 24) + 1)
        for block in blocks:
            if block not in self._wishes:
                self._wishes[block] = wishes(self.assortment, self.conditions, self.people, self.demand(block), block)
        return join([self._wishes[block] for block in blocks])

    @property
    def last_hour(self) -> int:
        """Clock hours from the begin to the last sync of the history."""
        return self.clock_hour(LAST_SYNC)

    @property
    def first_landed_hour(self) -> int:
        return self.assortment.first_landed_day * 24

    def clock_hour(self, at: datetime) -> int:
        """The clock hour (local hours since the begin, as if every day had 24) of an aware point in time."""
        local = at.astimezone(LAST_SYNC.tzinfo).replace(tzinfo=None)
        begin = datetime.combine(self.assortment.begin, datetime.min.time())
        return int((local - begin) / timedelta(hours=1))


def build(scale: Scale, seed: int) -> World:
    """The world of a scale and seed."""
    a = assortments.build(scale, seed)
    return World(a, conditions(a), customers(a), Warehouse(a))


__all__ = ["BLOCK_DAYS", "World", "build"]
