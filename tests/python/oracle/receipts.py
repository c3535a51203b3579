"""What the company received and sold of every article by day: `int_inventory__article_days`, dense.

Readings chosen:
    * Received on a day = what all branches with stock of their own moved that day plus what all branches sold net, not
      below 0. The first observation of a pair moves all that it holds: opening stock counts as received. Sales before
      stock was known count as received on their day, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .facts import Facts
from .grid import Bools, Ints


@dataclass(frozen=True)
class ArticleDays:
    """Rows are articles of merchandise, columns days from `first_day` to the newest business day.

    Attributes:
        received, net: units of the day, whole 1e-4.
    """

    articles: pd.Index[str]
    first_day: int
    received: Ints
    net: Ints

    def since_first_receipt(self) -> tuple[Ints, Ints]:
        """Received and net units added up from the article's first day with a receipt on."""
        started: Bools = np.maximum.accumulate(self.received > 0, axis=1)
        return np.cumsum(self.received, axis=1), np.cumsum(np.where(started, self.net, 0), axis=1)

    def column(self, day: int) -> int:
        """The column of a day: the last one where the day lies beyond, -1 where it lies before."""
        return int(max(-1, min(day - self.first_day, self.received.shape[1] - 1)))


def article_days(facts: Facts) -> ArticleDays:
    """Of every article of merchandise."""
    articles = pd.Index(sorted(facts.articles.index), dtype="object")
    grids = facts.stock.grids.values()
    last = max(facts.newest, facts.as_of)
    first = min((grid.first_day for grid in grids), default=last)
    moved = np.zeros((len(articles), last - first + 1), dtype=np.int64)
    for grid in grids:
        moved[articles.get_indexer(grid.articles)] += np.diff(grid.closing, axis=1, prepend=0)
    net = np.zeros_like(moved)
    goods = facts.lines[facts.lines["is_merchandise"]]
    rows = articles.get_indexer(pd.Index(goods["article_number"]))
    columns = goods["day"].to_numpy(dtype=np.int64) - first
    np.add.at(net, (rows, columns), (goods["demand_units"] - goods["return_units"]).to_numpy(dtype=np.int64))
    return ArticleDays(articles, first, np.maximum(0, moved + net), net)
