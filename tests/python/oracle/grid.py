"""A branch as a dense grid of pairs and days.

Readings chosen:
    * The pairs are those of merchandise that a stock row or a line that is not deleted names. A branch that serves
      others has the pairs, lines and last sales of those it serves, too.
    * "Sale" without more is a demand line. "First stock there" is the first observation other than zero: stock below
      zero counts in every sum, and its days must not vanish once more than that is there. A branch without any
      observation has no first observation, so that its sales are all older than it. A pair that only ever showed zero
      is like one without a row: it does not start by that.
    * Days with known stock start at the first observation of the branch (of the pair, where inventory is not complete).
    * Where stock is unknown a day is in stock if it is ranged or sold something. A served branch without stock of its
      own is in stock when its server's pair is, or when it sold something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .seeds import Seeds
from .variables import Variables

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEVER = np.int64(2**40)


@dataclass(frozen=True)
class Grid:
    """One branch: rows are articles, columns are business days from `first_day` on.

    Attributes:
        articles: article numbers of the rows.
        assortment_types: per row.
        known_from: first day with known stock per article; far in the future where there is none.
        first_stock: first day on which a size was not zero; likewise.
        closing: stock at the end of the day, 0 where unknown.
        demand, net: units of the day, of the supply group.
        has_line: a line that is not deleted, of the supply group.
        range_start: day per article; far in the future where there is none.
        ranged, in_stock: as defined.
    """

    articles: pd.Index[str]
    assortment_types: pd.Series[str]
    first_day: int
    known_from: Ints
    first_stock: Ints
    closing: Ints
    demand: Ints
    net: Ints
    has_line: Bools
    range_start: Ints
    ranged: Bools
    in_stock: Bools

    @property
    def days(self) -> Ints:
        """The day of every column."""
        return np.arange(self.first_day, self.first_day + self.closing.shape[1], dtype=np.int64)

    def window(self, as_of: int, days: int) -> slice:
        """The columns of the days in (as_of - days, as_of]."""
        end = as_of - self.first_day + 1
        return slice(max(0, end - days), max(0, end))

    @property
    def known(self) -> Bools:
        """Where stock is known."""
        return self.days[None, :] >= self.known_from[:, None]


def grid_of(
    merchandise: pd.DataFrame,
    branch: str,
    seeds: Seeds,
    events: pd.DataFrame,
    stocked: pd.Series[Any],
    lines: pd.DataFrame,
    server: Grid | None,
    observed_from: int,
    variables: Variables,
    first_day: int,
    last_day: int,
) -> Grid:
    """The grid of one branch.

    Args:
        merchandise: articles by article_number.
        branch: its number.
        events: observations of the branch's merchandise.
        stocked: articles that a stock row of the branch names.
        lines: lines of merchandise of the branch and of those it serves.
        server: the grid of the branch that serves this one; None where it serves itself.
        observed_from: the first day with any observation of the branch.
        first_day: the first business day of the grid.
        last_day: the last one.
    """
    articles = pd.Index(sorted((set(stocked) | set(lines["article_number"])) & set(merchandise.index)), dtype="object")
    n_days = last_day - first_day + 1
    shape = (len(articles), n_days)
    days = np.arange(first_day, last_day + 1, dtype=np.int64)

    row = articles.get_indexer(pd.Index(events["article_number"]))
    column = events["day"].to_numpy(dtype=np.int64) - first_day
    inside = column < n_days
    closing = _scatter(shape, row[inside], column[inside], events["delta"].to_numpy(dtype=np.int64)[inside])
    closing = np.cumsum(closing, axis=1)
    if variables.inventory_is_complete:
        known_from = np.full(len(articles), observed_from, dtype=np.int64)
    else:
        known_from = _firsts(articles, events)
    known = days[None, :] >= known_from[:, None]
    closing = np.where(known, closing, 0)

    row = articles.get_indexer(pd.Index(lines["article_number"]))
    column = lines["day"].to_numpy(dtype=np.int64) - first_day
    demand = _scatter(shape, row, column, lines["demand_units"].to_numpy(dtype=np.int64))
    returned = _scatter(shape, row, column, lines["return_units"].to_numpy(dtype=np.int64))
    has_line = _scatter(shape, row, column, np.ones(len(lines), dtype=np.int64)) > 0

    first_sale = _firsts(articles, lines[lines["is_demand"]])
    first_stock = _firsts(articles, events[events["quantity"].ne(0)])
    created = merchandise["created_on"].reindex(articles).to_numpy(dtype=np.int64, na_value=NEVER)
    range_start = np.minimum(first_sale, first_stock)
    from_creation = ~(range_start < observed_from)
    range_start = np.where(from_creation, np.minimum(range_start, created), range_start)

    sold = demand > 0
    recent: Ints = np.cumsum(sold, axis=1, dtype=np.int64)
    reach = variables.ranging_days
    if n_days > reach:
        recent[:, reach:] -= np.cumsum(sold, axis=1, dtype=np.int64)[:, :-reach]
    deleted = merchandise["is_deleted"].reindex(articles).to_numpy(dtype=bool)
    started = days[None, :] >= range_start[:, None]
    ranged = started & ~deleted[:, None] & ((closing > 0) | (recent > 0))
    if server is None:
        in_stock = (closing > 0) | sold | (~known & ranged)
    else:
        at = server.articles.get_indexer(articles)
        in_stock = sold | (server.in_stock[at] & (at >= 0)[:, None])
    members = merchandise.loc[articles].rename_axis("article_number").reset_index().assign(branch_number=branch)
    return Grid(
        articles,
        seeds.assortment_type(members),
        first_day,
        known_from,
        first_stock,
        closing,
        demand,
        demand - returned,
        has_line,
        range_start,
        ranged,
        in_stock,
    )


def _scatter(shape: tuple[int, int], rows: Any, columns: Ints, values: Ints) -> Ints:
    flat = np.bincount(rows * shape[1] + columns, weights=values.astype(np.float64), minlength=shape[0] * shape[1])
    summed: Ints = np.rint(flat).astype(np.int64).reshape(shape)
    return summed


def _firsts(articles: pd.Index[str], frame: pd.DataFrame) -> Ints:
    """The first day per article; far in the future where there is none."""
    firsts = frame.groupby("article_number")["day"].min().reindex(articles).astype("Int64")
    days: Ints = firsts.to_numpy(dtype=np.int64, na_value=NEVER).astype(np.int64)
    return days
