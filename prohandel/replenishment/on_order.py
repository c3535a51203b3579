"""What is on its way, from the best source there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.replenishment.counts import Floats

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Events:
    """Units of pairs by day.

    Attributes:
        pair: from 0, (rows,).
        day: (rows,).
        units: at least 0, (rows,).
    """

    pair: npt.NDArray[np.intp]
    day: Days
    units: Floats


@dataclass(frozen=True)
class OnOrder:
    """What is on its way, by pair.

    Attributes:
        units: (n,).
        source: landed, csv, proposals or unknown, (n,).
        overdue_units: exported once, neither received nor counted any more, because they should have come long ago,
            (n,).
    """

    units: Floats
    source: npt.NDArray[np.str_]
    overdue_units: Floats


def on_order(
    pairs: int,
    as_of: np.datetime64,
    lead_time_days: npt.ArrayLike,
    *,
    landed: Floats | None = None,
    from_file: Floats | None = None,
    decided: Events | None = None,
    receipts: Events | None = None,
    grace_days: int = 14,
) -> OnOrder:
    """Units on order: landed purchase orders, else those of a file, else accepted and exported proposals less receipts.

    What was accepted or exported within lead time + grace counts in any case, since it may not have landed as an order
    yet: of both figures the larger one holds. Receipts lessen the proposals decided on an earlier day, the oldest
        first.

    Args:
        pairs: n.
        as_of: the day of the decision.
        lead_time_days: expected, (n,) or one number.
        landed: open units of purchase orders that landed, (n,); None where they do not land.
        from_file: the same from a file of the user's, (n,); None without one.
        decided: proposals that were accepted or exported; None where nobody decides here.
        receipts: goods that came in, e.g. jumps upward of stock.
        grace_days: days that a delivery may be late before it counts no more.
    """
    waiting: Floats = np.zeros(pairs)
    overdue: Floats = np.zeros(pairs)
    if decided is not None:
        left = _less_receipts(decided, receipts)
        due = np.broadcast_to(np.ceil(np.asarray(lead_time_days, dtype=np.float64)), (pairs,)) + grace_days
        age = (as_of.astype("datetime64[D]") - decided.day.astype("datetime64[D]")).astype(np.float64)
        is_late = age > due[decided.pair]
        waiting = np.bincount(decided.pair, np.where(is_late, 0.0, left), pairs).astype(np.float64)
        overdue = np.bincount(decided.pair, np.where(is_late, left, 0.0), pairs).astype(np.float64)
    known, name = (landed, "landed") if landed is not None else (from_file, "csv")
    if known is None:
        source = "unknown" if decided is None else "proposals"
        return OnOrder(waiting, np.full(pairs, source), overdue)
    return OnOrder(np.maximum(known, waiting), np.where(waiting > known, "proposals", name), overdue)


def _less_receipts(decided: Events, receipts: Events | None) -> Floats:
    """Units of each proposal that have not come yet, in the order of `decided`."""
    left = decided.units.astype(np.float64).copy()
    if receipts is None or not len(receipts.pair):
        return left
    by_pair = np.lexsort((decided.day, decided.pair))
    starts = np.searchsorted(decided.pair[by_pair], receipts.pair, "left")
    ends = np.searchsorted(decided.pair[by_pair], receipts.pair, "right")
    for receipt in np.argsort(receipts.day, kind="stable"):
        came = float(receipts.units[receipt])
        for place in by_pair[starts[receipt] : ends[receipt]]:
            if came <= 0 or decided.day[place] >= receipts.day[receipt]:
                break
            used = min(came, float(left[place]))
            left[place] -= used
            came -= used
    return left
