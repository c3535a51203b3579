"""From a level to an order: packs, minimum orders, the season's end, and which of them decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from prohandel.errors import ProhandelError
from prohandel.replenishment.assortment import Ordering
from prohandel.replenishment.counts import Floats


class Binding(IntFlag):
    """Constraints that made an order another one than level less position."""

    NOT_ALLOWED = 1
    PRESENTATION = 2
    PACK = 4
    MINIMUM_ORDER = 8
    SEASON_END = 16
    TRANSFER = 32
    ON_ORDER = 64


@dataclass(frozen=True)
class Orders:
    """Orders of n pairs.

    Attributes:
        units: whole packs, (n,).
        binding: `Binding` of each pair, (n,).
        order_up_to_level: with the presentation minimum in it, (n,).
        position: on hand + on order + inbound transfers, (n,).
    """

    units: Floats
    binding: npt.NDArray[np.int16]
    order_up_to_level: Floats
    position: Floats


@dataclass(frozen=True)
class Terms:
    """How n pairs are bought; each (n,) or one number.

    Attributes:
        pack_units: units that are delivered together, above 0.
        minimum_units: least units of an order line; 0 for none.
        presentation: least order-up-to level.
        most_units: most units that may be ordered; infinite for no limit.
    """

    pack_units: npt.ArrayLike = 1.0
    minimum_units: npt.ArrayLike = 0.0
    presentation: npt.ArrayLike = 0.0
    most_units: npt.ArrayLike = np.inf


def orders(
    level: Floats,
    reorder_point: Floats,
    on_hand: Floats,
    on_order: Floats,
    inbound: Floats,
    ordering: npt.NDArray[np.int8],
    terms: Terms,
) -> Orders:
    """Recommended units = order-up-to - on hand - on order - inbound transfers, in packs, where the position is due.

    A position is due when it is below the reorder point, or below what has to be shown. Units are rounded up to packs,
    raised to the minimum, and cut down to whole packs within the season's limit; where the limit is below the minimum
    nothing is ordered. Transfers come before purchases: inbound units are in the position.

    Args:
        level: order-up-to level, whole units, (n,).
        reorder_point: of (R, s, S), (n,); the level itself where every gap is ordered.
        on_hand: (n,). Below 0 it is owed, and ordered too.
        on_order: (n,).
        inbound: transfers to the pair that are planned or under way, (n,).
        ordering: of `what_may_be_ordered`, (n,).
        terms: packs and limits.
    """
    pack, least, shown, most = (
        np.broadcast_to(np.asarray(each, dtype=np.float64), level.shape)
        for each in (terms.pack_units, terms.minimum_units, terms.presentation, terms.most_units)
    )
    if np.any(~(pack > 0)):
        raise ProhandelError("A pack holds no unit.", "Give pack_units above 0 in the seed replenishment_policy.")
    up_to = np.maximum(level, shown)
    due_below = np.maximum(reorder_point, shown)
    shelf = np.maximum(on_hand, 0.0)
    position = on_hand + on_order + inbound
    wanted = np.where(position < due_below, np.maximum(0.0, up_to - position), 0.0)
    allowed = ordering == Ordering.ALLOWED
    packed = np.ceil(wanted / pack - 1e-9) * pack
    raised = np.where((packed > 0) & (packed < least), np.ceil(least / pack - 1e-9) * pack, packed)
    limit = np.where(np.isinf(most), np.inf, np.floor(np.where(np.isinf(most), 0.0, most) / pack + 1e-9) * pack)
    cut = np.minimum(raised, limit)
    units = np.where(cut >= np.minimum(raised, least), cut, 0.0)
    found = (
        np.where(~allowed & (raised > 0), Binding.NOT_ALLOWED, 0)
        | np.where((wanted > 0) & (shown > level), Binding.PRESENTATION, 0)
        | np.where((packed > wanted + 1e-9) & (units > 0), Binding.PACK, 0)
        | np.where((raised > packed) & (units > 0), Binding.MINIMUM_ORDER, 0)
        | np.where(allowed & (units < raised), Binding.SEASON_END, 0)
        | np.where((inbound > 0) & (shelf + on_order < up_to), Binding.TRANSFER, 0)
        | np.where((on_order > 0) & (shelf < up_to), Binding.ON_ORDER, 0)
    )
    return Orders(np.where(allowed, units, 0.0), found.astype(np.int16), up_to, position)
