"""What may be ordered from a supplier at all, and how much of it at most."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from prohandel.replenishment.counts import Floats

SELLING_WEEKS = 4
"""Weeks that a delivery has to be left for selling before its season ends; presentation ends as early."""

Booleans = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]


class Ordering(IntEnum):
    """Whether a pair may be ordered; the first that holds, in this order."""

    INACTIVE = 1
    OUTLET = 2
    SERVED = 3
    ONE_SHOT = 4
    SEASON_TOO_SHORT = 5
    ALLOWED = 0


@dataclass(frozen=True)
class Range:
    """What is known of n pairs of article and branch.

    Attributes:
        assortment_type: nos, reorderable or one_shot, (n,).
        is_active: the article is neither inactive nor deleted, and the branch is open, (n,).
        is_outlet: outlets sell what others leave; they never buy, (n,).
        is_supplied: the branch gets the article from another branch, which orders for it, (n,).
        season_ends_on: NaT without a season, (n,).
    """

    assortment_type: npt.NDArray[np.str_]
    is_active: Booleans
    is_outlet: Booleans
    is_supplied: Booleans
    season_ends_on: Days


def what_may_be_ordered(range_: Range, as_of: np.datetime64, lead_time_days: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """(n,) of `Ordering`.

    A supplier's order arises at the supplying branch alone. An article with a season is ordered only if as-of day +
    lead time + four selling weeks lie within it. One-shot articles are not reordered: their one order comes before the
    season.

    Args:
        range_: the pairs.
        as_of: the day of the decision.
        lead_time_days: expected, (n,) or one number; rounded up.
    """
    lead = np.ceil(np.asarray(lead_time_days, dtype=np.float64)).astype("timedelta64[D]")
    sells_until = as_of.astype("datetime64[D]") + lead + np.timedelta64(7 * SELLING_WEEKS, "D")
    has_season = ~np.isnat(range_.season_ends_on)
    found = np.select(
        [
            ~range_.is_active,
            range_.is_outlet,
            range_.is_supplied,
            ~np.isin(range_.assortment_type, ("nos", "reorderable")),
            has_season & (sells_until > range_.season_ends_on),
        ],
        [Ordering.INACTIVE, Ordering.OUTLET, Ordering.SERVED, Ordering.ONE_SHOT, Ordering.SEASON_TOO_SHORT],
        default=Ordering.ALLOWED,
    )
    return found.astype(np.int8)


def is_pre_season(range_: Range, season_starts_on: Days, as_of: np.datetime64) -> Booleans:
    """(n,) whether a pair gets the one order of its season now, by `newsvendor.season_order`.

    Only one-shot articles whose season has not begun, at a branch that buys. What is reordered later needs no order for
    the whole season.

    Args:
        range_: the pairs.
        season_starts_on: NaT without a season, (n,).
        as_of: the day of the decision.
    """
    buys = range_.is_active & ~range_.is_outlet & ~range_.is_supplied
    # A comparison with NaT is false.
    return np.asarray(
        buys & (range_.assortment_type == "one_shot") & (as_of.astype("datetime64[D]") < season_starts_on)
    )


def presentation_level(
    presentation_minimum: npt.ArrayLike,
    core_sizes: npt.ArrayLike,
    season_ends_on: Days,
    as_of: np.datetime64,
) -> Floats:
    """Least order-up-to level in units: what a shop shows, one of each core size at least; 0 in a season's last four
    weeks.

    Args:
        presentation_minimum: units, nan or 0 where nothing has to be shown, (n,).
        core_sizes: number of core sizes, 0 or 1 where the article has no sizes, (n,). Counts where something is shown.
        season_ends_on: NaT without a season, (n,).
        as_of: the day of the decision.
    """
    shown = np.nan_to_num(np.asarray(presentation_minimum, dtype=np.float64))
    floor = np.where(shown > 0, np.maximum(shown, np.asarray(core_sizes, dtype=np.float64)), 0.0)
    is_ending = ~np.isnat(season_ends_on) & (
        as_of.astype("datetime64[D]") + np.timedelta64(7 * SELLING_WEEKS, "D") > season_ends_on
    )
    return np.where(is_ending, 0.0, floor)


def most_until_season_end(demand_until_end: npt.ArrayLike, season_ends_on: Days, position: npt.ArrayLike) -> Floats:
    """Most units that may be ordered: what is forecast until the season ends less what is there and on its way.

    Args:
        demand_until_end: expected units from the as-of day to the end of the season, (n,).
        season_ends_on: NaT without a season: no limit, infinite.
        position: on hand + on order + inbound transfers, (n,).
    """
    left = np.maximum(0.0, np.asarray(demand_until_end, dtype=np.float64) - np.asarray(position, dtype=np.float64))
    return np.where(np.isnat(season_ends_on), np.inf, left)
