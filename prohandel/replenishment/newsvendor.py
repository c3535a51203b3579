"""One order for a whole season: what is left over is marked down, what is missing is not sold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.errors import ProhandelError
from prohandel.replenishment.counts import CountDemand, Floats


@dataclass(frozen=True)
class SeasonOrder:
    """A pre-season order of n pairs.

    Attributes:
        units: whole units, (n,).
        critical_ratio: the chance of selling out less than 1 that pays, underage / (underage + overage), (n,).
        expected_cost: of what is left over and of what is missing, (n,).
        expected_left: units at the end of the season, (n,).
        expected_missing: units asked for and not there, (n,).
    """

    units: Floats
    critical_ratio: Floats
    expected_cost: Floats
    expected_left: Floats
    expected_missing: Floats


def season_order(demand: CountDemand, overage: npt.ArrayLike, underage: npt.ArrayLike) -> SeasonOrder:
    """The newsvendor's order: the quantile of the season's demand at the critical ratio (Silver, Pyke and Thomas, 9.2).

    Args:
        demand: of the selling season, n pairs.
        overage: money lost per unit left over, cost less what a markdown brings, above 0.
        underage: money lost per unit missing, net price less cost, at least 0; at 0 nothing is ordered.

    Raises:
        ProhandelError: the overage is not above 0 or the underage below 0.
    """
    over, under = (
        np.broadcast_to(np.asarray(each, dtype=np.float64), demand.mean.shape) for each in (overage, underage)
    )
    if np.any(~(over > 0)) or np.any(~(under >= 0)):
        raise ProhandelError(
            "A pre-season order needs a cost above its salvage value and a net price of at least its cost.",
            "Correct price, cost or salvage value of the articles, or leave them out.",
        )
    ratio = under / (under + over)
    units = demand.quantile(ratio)
    missing = demand.loss(units)
    left = units - demand.mean + missing
    return SeasonOrder(units, ratio, over * left + under * missing, left, missing)
