"""Whether a share has moved further than chance and its own past explain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE_SCORE = 6.0
"""Standard deviations beyond the usual share."""
MINIMUM_ROWS = 5
"""Rows beyond the usual number."""
MINIMUM_MOVE = 0.05
"""Share of rows beyond the usual share."""
MINIMUM_PAST = 100
"""Rows of the past that a usual share needs."""
_NEARLY_ALL = 0.75
_ENOUGH = 10
_RARE = 0.05


@dataclass(frozen=True)
class Usual:
    """The usual share of rows that fail a check.

    Attributes:
        share: median over the days of the past, 0 to 1.
        spread: standard deviation of a day's share about it, chance apart; by the median absolute deviation.
    """

    share: float
    spread: float


def usual(failing: npt.NDArray[np.float64], rows: npt.NDArray[np.float64], rare: float = 0.02) -> Usual | None:
    """The usual share from the failing rows and the rows of past days or batches; None where they are too few.

    Args:
        failing: by day or batch.
        rows: the same.
        rare: up to this share all that failed counts, however few days it lay in.
    """
    total = float(rows.sum())
    if total < MINIMUM_PAST:
        return None
    pooled = float(failing.sum()) / total
    enough = rows >= _ENOUGH
    if enough.sum() < 5:
        return Usual(pooled, math.sqrt(pooled * (1 - pooled)) * 0.1)
    shares = failing[enough] / rows[enough]
    middle = float(np.median(shares))
    # A median of zero would take every rare failure for impossible.
    share = max(middle, min(pooled, rare))
    deviation = 1.4826 * float(np.median(np.abs(shares - middle)))
    by_chance = math.sqrt(share * (1 - share) / float(np.median(rows[enough])))
    # However much days differ, a share that comes near to all rows is out of the ordinary.
    most = _NEARLY_ALL * (1 - share) / RATE_SCORE
    return Usual(share, min(most, math.sqrt(max(0.0, deviation**2 - by_chance**2))))


def has_risen(
    failing: float, rows: float, past: Usual, least_move: float = MINIMUM_MOVE, least_rows: float = MINIMUM_ROWS
) -> bool:
    """Do more rows fail than the past explains?"""
    if rows <= 0:
        return False
    share = failing / rows
    expected = past.share
    floor = max(expected, 0.5 / max(rows, 50.0))
    deviation = math.sqrt(floor * (1 - min(floor, 0.99)) / rows + past.spread**2)
    return (
        failing - expected * rows >= least_rows
        and share - expected >= least_move
        and (share - expected) / deviation >= RATE_SCORE
    )


def has_been(
    share: float,
    failing: npt.NDArray[np.float64],
    rows: npt.NDArray[np.float64],
    least_move: float = MINIMUM_MOVE,
) -> bool:
    """Did one in twenty of the past batches come near to this share? So it is on days when only web shops sell."""
    enough = rows >= _ENOUGH
    if not enough.any():
        return False
    return share - float(np.quantile(failing[enough] / rows[enough], 1 - _RARE)) < least_move
