"""Segments that forecasts are judged by, and how regular the demand of a series is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prohandel.forecast.panel import Panel

MOST_INTERVAL = 1.32
"""Average interval between two periods with demand, in periods, from which on demand is intermittent or lumpy."""
MOST_VARIATION = 0.49
"""Squared coefficient of variation of the sizes of demand, from which on demand is erratic or lumpy."""
CLASSES = ("smooth", "erratic", "intermittent", "lumpy")
ALL = "all"
DEMAND = "demand:"
"""What the names of segments by demand class begin with; these and ALL have champions of their own."""


def demand_classes(panel: Panel) -> NDArray[np.str_]:
    """(n,) class of each series: Syntetos, Boylan and Croston, "On the categorization of demand patterns", Journal of
    the Operational Research Society 56 (2005).

    The interval is the number of periods over that of periods with demand, where periods without stock, in which there
    could be none, count as far as they had any. A series without any demand is intermittent.
    """
    found = np.empty(len(panel.series_ids), dtype="U12")
    for rows in panel.chunks():
        observed = ~np.isnan(panel.units[rows])
        units = np.where(observed, panel.units[rows], 0.0).astype(float)
        sold = units > 0
        count = sold.sum(axis=1)
        periods = np.where(observed, np.maximum(panel.in_stock_share[rows], sold), 0.0).sum(axis=1)
        mean = units.sum(axis=1) / np.maximum(count, 1)
        variance = (units**2).sum(axis=1) / np.maximum(count, 1) - mean**2
        is_rare = (count == 0) | (periods / np.maximum(count, 1) >= MOST_INTERVAL)
        is_uneven = (count > 0) & (variance / np.where(count > 0, mean, 1.0) ** 2 >= MOST_VARIATION)
        found[rows] = np.select(
            [is_rare & is_uneven, is_rare, is_uneven], ["lumpy", "intermittent", "erratic"], "smooth"
        )
    return found


def segments(
    classes: NDArray[np.str_], abc: Sequence[str], xyz: Sequence[str], category: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """Which series are in each segment: `all`, `A/X`, `category:<name>` and `demand:<class>`; only segments with any.

    Args:
        classes: (n,) as `demand_classes` gives them.
        abc: n classes.
        xyz: n classes.
        category: n names.

    Returns:
        (n,) for each name.
    """
    value = np.array([f"{a}/{x}" for a, x in zip(abc, xyz, strict=True)], dtype=np.str_)
    kinds = np.char.add("category:", np.asarray(category, dtype=np.str_))
    found: dict[str, NDArray[np.bool_]] = {ALL: np.ones(len(classes), dtype=bool)}
    for names in (value, kinds, np.char.add(DEMAND, classes)):
        found.update({str(name): names == name for name in np.unique(names)})
    return found
