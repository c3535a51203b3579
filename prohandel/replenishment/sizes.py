"""The sizes of an order. Rows are (pair, size); `pair` numbers from 0 say which rows belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.replenishment.counts import Floats

Pairs = npt.NDArray[np.intp]


def size_targets(
    pair: Pairs, share: Floats, level: npt.ArrayLike, is_core: npt.NDArray[np.bool_] | None = None
) -> Floats:
    """Order-up-to level of each size: the pair's level by the size curve, whole units that add up to it.

    Units beyond the whole parts go to the largest remainders (Hamilton's method), ties to the first row. A pair whose
    curve is zero everywhere is split evenly. With `is_core` each core size gets one unit where the level is above 0;
    then the sizes may add up to more.

    Args:
        pair: (rows,).
        share: of the size in demand, at least 0, (rows,); need not add up to 1.
        level: whole units by pair, (n,).
        is_core: (rows,).
    """
    levels = np.asarray(level, dtype=np.float64)
    target = _shared_out(pair, share, levels)
    if is_core is not None:
        target = np.where(is_core & (levels[pair] > 0), np.maximum(target, 1.0), target)
    return target


def _shared_out(pair: Pairs, share: Floats, units: Floats) -> Floats:
    """Whole units by pair, (n,), on its rows, (rows,), by largest remainders; evenly where all shares are 0."""
    total = np.bincount(pair, share, len(units))
    number = np.bincount(pair, minlength=len(units))
    even = np.divide(1.0, number, out=np.zeros(len(units)), where=number > 0)
    of_pair = np.where(total[pair] > 0, share / np.where(total > 0, total, 1.0)[pair], even[pair])
    exact = of_pair * units[pair]
    whole = np.floor(exact + 1e-9)
    missing = np.rint(units - np.bincount(pair, whole, len(units)))
    order = np.lexsort((np.arange(len(pair)), -(exact - whole), pair))
    first = np.concatenate([[0], np.cumsum(number)[:-1]]).astype(np.intp)
    rank = np.empty(len(pair), dtype=np.intp)
    rank[order] = np.arange(len(pair)) - first[pair[order]]
    return np.asarray(whole + (rank < missing[pair]))


def size_need(target: Floats, on_hand: Floats, on_order: Floats, pack: npt.ArrayLike = 1.0) -> Floats:
    """Units to order per size, whole packs. What a size has too much of covers no other size."""
    missing = np.maximum(0.0, target - on_hand - on_order)
    packs = np.maximum(1.0, np.asarray(pack, dtype=np.float64))
    return np.ceil(missing / packs - 1e-9) * packs


def within_limit(pair: Pairs, need: Floats, most: npt.ArrayLike, pack: npt.ArrayLike = 1.0) -> Floats:
    """The need of each size, cut down where a pair's sum exceeds its limit: in proportion to need, in whole packs.

    Args:
        pair: (rows,).
        need: whole packs by size, (rows,).
        most: units that may be ordered by pair, (n,): 0 where nothing may, infinite for no limit.
        pack: units of a pack by size, (rows,) or one number.
    """
    limit = np.asarray(most, dtype=np.float64)
    total = np.bincount(pair, need, len(limit))
    is_cut = total > limit
    kept = _shared_out(pair, need, np.where(is_cut, np.floor(np.where(is_cut, limit, 0.0)), 0.0))
    packs = np.maximum(1.0, np.asarray(pack, dtype=np.float64))
    return np.where(is_cut[pair], np.floor(np.minimum(kept, need) / packs + 1e-9) * packs, need)


@dataclass(frozen=True)
class Lots:
    """An order in whole lots.

    Attributes:
        lots: by pair, (n,).
        units: by row, (rows,): lots x units of the size in a lot.
        still_short: by row: need that the lots leave open.
        beyond: by row: units that nobody needs.
    """

    lots: Floats
    units: Floats
    still_short: Floats
    beyond: Floats


def whole_lots(pair: Pairs, need: Floats, per_lot: Floats, pairs: int, shortage_weight: float = 2.0) -> Lots:
    """Lots of fixed sizes (a size pack) that fit a need best.

    The number of lots that makes shortage_weight x units short + units beyond least; the smaller of two equal ones.
    The sum is convex in the number of lots and bends only at need / per_lot of the sizes, so that the whole numbers
    beside these are enough to look at.

    Args:
        pair: (rows,).
        need: units by size, (rows,).
        per_lot: units of the size in a lot, at least 0, (rows,). A size that is not in the lot stays short.
        pairs: n.
        shortage_weight: what a unit short counts against a unit beyond.
    """
    bend = np.divide(need, per_lot, out=np.zeros_like(need), where=per_lot > 0)
    lots, least = np.zeros(pairs), np.full(pairs, np.inf)
    for rank in range(int(np.bincount(pair, minlength=1).max(initial=0))):
        for rounded in (np.floor, np.ceil):
            # Ranks of rows within their pair: each pair tries one of its own bends at a time.
            tried = np.zeros(pairs)
            rows = _of_rank(pair, rank)
            tried[pair[rows]] = rounded(bend[rows])
            gap = need - tried[pair] * per_lot
            cost = np.bincount(pair, np.where(gap > 0, shortage_weight * gap, -gap), pairs)
            better = (cost < least - 1e-9) | ((np.abs(cost - least) <= 1e-9) & (tried < lots))
            lots, least = np.where(better, tried, lots), np.minimum(least, cost)
    units = lots[pair] * per_lot
    return Lots(lots, units, np.maximum(0.0, need - units), np.maximum(0.0, units - need))


def _of_rank(pair: Pairs, rank: int) -> npt.NDArray[np.intp]:
    """The rows that are the rank-th of their pair."""
    order = np.argsort(pair, kind="stable")
    ordered = pair[order]
    starts = np.searchsorted(ordered, ordered)
    return np.asarray(order[np.arange(len(pair)) - starts == rank])
