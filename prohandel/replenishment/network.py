"""Needs of branches that another branch supplies: filled from its stock first, ordered once for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prohandel.replenishment.counts import Floats


@dataclass(frozen=True)
class Supplied:
    """How the needs of n pairs are met.

    Attributes:
        from_server: units that the supplying branch sends now, (n,); 0 for supplying branches themselves.
        to_buy: units that the supplying branch has to buy, its own need and what it could not send, (n,); 0 for
            supplied ones.
    """

    from_server: Floats
    to_buy: Floats


def supply(
    server: npt.NDArray[np.intp],
    level: Floats,
    position: Floats,
    on_hand: Floats,
    urgency: Floats,
    lot: npt.ArrayLike = 1.0,
) -> Supplied:
    """Each need is counted once: a supplied branch gets from its server; the server buys what the group lacks.

    The server gives away what it has on the shelf beyond its own order-up-to level; where that is not enough, the most
    urgent branch comes first. What it lacks then, for itself and for others, less what is on its way to it, it buys.

    Args:
        server: row of the branch of the same article that supplies each pair, its own row where nobody does, (n,).
        level: order-up-to level for the branch's own demand, (n,). A warehouse without demand of its own has 0.
        position: on hand + on order + inbound transfers, (n,).
        on_hand: (n,).
        urgency: the higher, the earlier, (n,).
        lot: units that a branch is sent at once, (n,) or one number; what is left of a lot waits.
    """
    n = len(server)
    rows = np.arange(n)
    is_served = server != rows
    lots = np.broadcast_to(np.maximum(1.0, np.asarray(lot, dtype=np.float64)), (n,))
    need = np.maximum(0.0, level - position)
    wanted = np.where(is_served, np.ceil(need / lots - 1e-9) * lots, 0.0)
    spare = np.maximum(0.0, np.floor(on_hand - level))
    sent = np.zeros(n)
    for row in np.lexsort((rows, -urgency, server)):
        if wanted[row] > 0:
            giving = min(wanted[row], np.floor(spare[server[row]] / lots[row]) * lots[row])
            sent[row] = giving
            spare[server[row]] -= giving
    open_need = np.bincount(server, wanted - sent, n)
    given = np.bincount(server, sent, n)
    # What was sent is gone from the server's position; what it held beyond its level covers the open need first.
    lacking = level + open_need + given - position
    return Supplied(sent, np.where(is_served, 0.0, np.maximum(0.0, lacking)))
