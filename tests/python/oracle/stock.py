"""Measures of stock, on a dense grid of pairs and days per branch.

Units are whole 1e-4, money whole 1e-6, days count from 1970-01-01.

Readings chosen:
    * The pairs are those of merchandise that a stock row or a line that is not deleted names. A branch that serves
      others has the pairs, lines and last sales of those it serves, too.
    * "Sale" without more is a demand line. "First stock there" is the first observation above zero. A branch without
      any observation has no first observation, so that its sales are all older than it.
    * The business days reach to A, or to the newest day where that is later; later observations count in on_hand only.
    * Where stock is unknown a day is in stock if it is ranged or sold something. A served branch without stock of its
      own is in stock when its server's pair is, or when it sold something.
    * stock_value_cost takes negative stock as 0; null without a known unit cost.
    * stock_units adds closing stock with its sign. stocked_out_articles counts stockout days of every assortment type,
      stockout_rate those of nos and reorderable pairs over their ranged days with known stock.
    * Days with known stock start at the first observation of the branch (of the pair, where inventory is not complete),
      not at range_start: they are the n of turnover_rate.
    * Without any line in the window cogs is 0, with lines but no cost null.
    * "Within W days" and "no demand for W days" mean the window (A - W, A]; "older than W days" is A - date > W; "at
      least W days ago" is A - date >= W. Excess without demand is never below 0.
    * Flags of a pair without stock metrics are false, its numbers and its stock_status null.
    * is_stock_history_complete is false where a ranged day of the last 90 had unknown stock (of the server, for a
      served branch without stock of its own).
    * A size is in stock when its quantity is above 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import observations
from .cleaning import divide
from .core import Core
from .landing import UNKNOWN, Staged
from .seeds import Seeds
from .variables import Variables

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PAIR = ["branch_number", "article_number"]
_NEVER = np.int64(2**40)


@dataclass(frozen=True)
class Grid:
    """One branch: rows are articles, columns are business days from `first_day` on.

    Attributes:
        articles: article numbers of the rows.
        known_from: first day with known stock per article; far in the future where there is none.
        closing: stock at the end of the day, 0 where unknown.
        demand, net: units of the day, of the supply group.
        has_line: a line that is not deleted, of the supply group.
        range_start: day per article; far in the future where there is none.
        ranged, in_stock: as defined.
    """

    articles: pd.Index[str]
    first_day: int
    known_from: Ints
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

    @property
    def known(self) -> Bools:
        """Where stock is known."""
        return self.days[None, :] >= self.known_from[:, None]


@dataclass(frozen=True)
class Stock:
    """What is computed per branch.

    Attributes:
        daily: fct_inventory_daily: day, branch_number, article_number, category, closing_stock, stock_value_cost,
            demand_units, net_units, inferred_receipts, inferred_issues, is_ranged, is_in_stock, is_observed.
        pairs: inventory_status without abc_class.
        grids: the grid of every branch.
    """

    daily: pd.DataFrame
    pairs: pd.DataFrame
    grids: dict[str, Grid]


def build(staged: Staged, core: Core, lines: pd.DataFrame, variables: Variables, newest: int, as_of: int) -> Stock:
    """Grids, daily facts and pair metrics of every branch.

    Args:
        lines: `sales.sale_lines`.
        newest: the newest day N.
        as_of: the day A.
    """
    merchandise = core.articles[core.articles["is_merchandise"]].set_index("article_number")
    events = observations.observations(staged, core)
    observed_from = events.groupby("branch_number")["day"].min()
    events = events[events["article_number"].isin(merchandise.index)]
    sold = lines[lines["is_merchandise"]]
    last_day = max(newest, as_of)
    starts = [int(frame["day"].min()) for frame in (events, sold) if len(frame)]
    first_day = min([*starts, last_day])
    servers = _servers(core)
    groups: dict[str, list[str]] = {}
    for branch, server in servers.items():
        groups.setdefault(server, []).append(branch)

    grids: dict[str, Grid] = {}
    stock_rows = pd.concat(
        [frame[PAIR] for frame in (events, observations.landed_sizes(staged, core))], ignore_index=True
    ).drop_duplicates()
    named = sorted(set(stock_rows["branch_number"]) | set(sold["branch_number"]) | set(servers.values()))
    # Servers first: a branch that they serve takes its in-stock state from them.
    for branch in sorted(named, key=lambda number: servers.get(number, number) != number):
        members = [branch] if servers.get(branch, branch) != branch else groups.get(branch, [branch])
        server = servers.get(branch, branch)
        grids[branch] = _grid(
            merchandise,
            events[events["branch_number"].eq(branch)],
            stock_rows.loc[stock_rows["branch_number"].eq(branch), "article_number"],
            sold[sold["branch_number"].isin(members)],
            grids.get(server) if server != branch else None,
            int(observed_from.get(branch, _NEVER)),
            variables,
            first_day,
            last_day,
        )
    daily = [_daily(branch, grid, merchandise) for branch, grid in grids.items()]
    pairs = [
        _pairs(branch, grid, grids.get(servers.get(branch, branch), grid), merchandise, as_of)
        for branch, grid in grids.items()
    ]
    status = pd.concat(pairs, ignore_index=True)
    status = _with_on_hand(status, staged, core, events, variables, as_of)
    status = _with_turnover(status, grids, servers, sold, merchandise, variables, as_of)
    return Stock(pd.concat(daily, ignore_index=True), _with_classes(status, variables, as_of), grids)


def stock_levels(stock: Stock, core: Core, seeds: Seeds) -> pd.DataFrame:
    """Stock by business day, branch and category."""
    articles = core.articles.set_index("article_number")
    daily = stock.daily
    article = articles.loc[daily["article_number"]].reset_index(drop=True)
    out = daily["is_ranged"] & daily["is_observed"] & daily["closing_stock"].le(0).fillna(False).astype(bool)
    counted = article["assortment_type"].isin(["nos", "reorderable"]) & daily["is_ranged"] & daily["is_observed"]
    counted &= seeds.in_season(article["season"], daily["day"])
    frame = daily[["day", "branch_number", "category", "closing_stock", "stock_value_cost"]].assign(
        ranged_articles=daily["is_ranged"].astype(int),
        stocked_out_articles=out.astype(int),
        rated=counted.astype(int),
        rated_out=(counted & out).astype(int),
        units_known=daily["closing_stock"].notna().astype(int),
        value_known=daily["stock_value_cost"].notna().astype(int),
    )
    levels = frame.groupby(["day", "branch_number", "category"], sort=False).sum().reset_index()
    levels["stock_units"] = levels["closing_stock"].mask(levels["units_known"].eq(0))
    levels["stock_value_cost"] = levels["stock_value_cost"].mask(levels["value_known"].eq(0))
    levels["stockout_rate"] = _quotient(levels["rated_out"], levels["rated"])
    return levels


def _servers(core: Core) -> dict[str, str]:
    """The server of every branch; a branch with stock of its own serves itself."""
    return {
        str(row.branch_number): str(row.branch_number if row.has_own_stock else row.supplied_from)
        for row in core.branches.itertuples()
    }


def _grid(
    merchandise: pd.DataFrame,
    events: pd.DataFrame,
    stocked: pd.Series[Any],
    lines: pd.DataFrame,
    server: Grid | None,
    observed_from: int,
    variables: Variables,
    first_day: int,
    last_day: int,
) -> Grid:
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
    first_stock = _firsts(articles, events[events["quantity"].gt(0)])
    created = merchandise["created_on"].reindex(articles).to_numpy(dtype=np.int64, na_value=_NEVER)
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
    return Grid(
        articles, first_day, known_from, closing, demand, demand - returned, has_line, range_start, ranged, in_stock
    )


def _daily(branch: str, grid: Grid, merchandise: pd.DataFrame) -> pd.DataFrame:
    days, known = grid.days, grid.known
    started = days[None, :] >= grid.range_start[:, None]
    rows, columns = np.nonzero(started & (grid.ranged | (grid.closing != 0) | grid.has_line))
    change = np.zeros_like(grid.closing)
    change[:, 1:] = np.diff(grid.closing, axis=1)
    unexplained = change + grid.net
    follows = days[None, :] > grid.known_from[:, None]
    article = merchandise.loc[grid.articles]
    cost = article["unit_cost"].to_numpy(dtype=np.int64, na_value=0)[rows]
    costless = article["unit_cost"].isna().to_numpy()[rows]
    observed = known[rows, columns]
    closing = grid.closing[rows, columns]
    frame = pd.DataFrame(
        {
            "day": days[columns],
            "branch_number": branch,
            "article_number": grid.articles.to_numpy()[rows],
            "category": article["category"].to_numpy()[rows],
            "closing_stock": pd.array(closing, dtype="Int64"),
            "stock_value_cost": divide(pd.Series(np.maximum(closing, 0) * cost), 100),
            "demand_units": grid.demand[rows, columns],
            "net_units": grid.net[rows, columns],
            "inferred_receipts": pd.array(np.maximum(unexplained, 0)[rows, columns], dtype="Int64"),
            "inferred_issues": pd.array(np.maximum(-unexplained, 0)[rows, columns], dtype="Int64"),
            "is_ranged": grid.ranged[rows, columns],
            "is_in_stock": grid.in_stock[rows, columns],
            "is_observed": observed,
        }
    )
    frame["closing_stock"] = frame["closing_stock"].mask(~observed)
    frame["stock_value_cost"] = frame["stock_value_cost"].mask(~observed | costless)
    unknown = ~follows[rows, columns]
    for column in ("inferred_receipts", "inferred_issues"):
        frame[column] = frame[column].mask(unknown)
    return frame


def _pairs(branch: str, grid: Grid, server: Grid, merchandise: pd.DataFrame, as_of: int) -> pd.DataFrame:
    article = merchandise.loc[grid.articles]
    end = as_of - grid.first_day + 1
    frame = pd.DataFrame(
        {
            "branch_number": branch,
            "article_number": grid.articles.to_numpy(),
            "assortment_type": article["assortment_type"].to_numpy(),
            "list_price": article["list_price"].to_numpy(),
            "unit_cost": article["unit_cost"].to_numpy(),
            "range_start": _nullable(grid.range_start),
            "known_from": _nullable(grid.known_from),
        }
    )
    frame["list_price"] = frame["list_price"].astype("Int64")
    frame["unit_cost"] = frame["unit_cost"].astype("Int64")
    for window in (30, 90):
        span = slice(max(0, end - window), max(0, end))
        counted = grid.ranged[:, span] & grid.in_stock[:, span]
        units = pd.Series((grid.demand[:, span] * counted).sum(axis=1))
        frame[f"avg_daily_demand_{window}d"] = _quotient(units, pd.Series(counted.sum(axis=1))) / 10_000
    span = slice(max(0, end - 90), max(0, end))
    ranged = grid.ranged[:, span]
    ranged_known = ranged & grid.known[:, span]
    out = (ranged_known & (grid.closing[:, span] <= 0)).sum(axis=1)
    has_stock = pd.Series(grid.known_from <= as_of)
    frame["stockout_days_90d"] = pd.Series(out).astype("Int64").mask(~has_stock)
    frame["stockout_frequency"] = _quotient(pd.Series(out), pd.Series(ranged_known.sum(axis=1)))
    source_known = grid.known if server is grid else _aligned_known(grid, server)
    frame["is_stock_history_complete"] = pd.Series(np.all(~ranged | source_known[:, span], axis=1))
    past = grid.days <= as_of
    last = np.where((grid.demand > 0) & past[None, :], grid.days[None, :], -_NEVER).max(axis=1, initial=-_NEVER)
    frame["days_since_last_sale"] = pd.Series(as_of - last).astype("Int64").mask(pd.Series(last == -_NEVER))
    if 0 < end <= grid.closing.shape[1]:
        frame["closing_at_as_of"] = pd.Series(grid.closing[:, end - 1]).astype("Int64").mask(~has_stock)
    else:
        frame["closing_at_as_of"] = pd.array([pd.NA] * len(frame), dtype="Int64")
    return frame


def _aligned_known(grid: Grid, server: Grid) -> Bools:
    at = server.articles.get_indexer(grid.articles)
    known: Bools = server.known[at] & (at >= 0)[:, None]
    return known


def _with_on_hand(
    status: pd.DataFrame, staged: Staged, core: Core, events: pd.DataFrame, variables: Variables, as_of: int
) -> pd.DataFrame:
    sizes_ever = observations.landed_sizes(staged, core)
    sizes_ever = sizes_ever[sizes_ever["article_size_number"].ne(UNKNOWN)]
    if variables.as_of_date is None:
        current = observations.current_stock(staged, core)
        observed = status["branch_number"].isin(core.branches.loc[core.branches["has_own_stock"], "branch_number"])
        if not variables.inventory_is_complete:
            ever = pd.MultiIndex.from_frame(observations.landed_sizes(staged, core)[PAIR])
            observed = pd.Series(pd.MultiIndex.from_frame(status[PAIR]).isin(ever), index=status.index)
        totals = current.groupby(PAIR)["quantity"].sum().rename("on_hand").reset_index()
        status = status.merge(totals, on=PAIR, how="left", validate="one_to_one")
        status["on_hand"] = status["on_hand"].astype("Int64").fillna(0).mask(~observed.to_numpy())
    else:
        status["on_hand"] = status["closing_at_as_of"]
        until = events[events["day"].le(as_of)]
        current = until.groupby(observations.KEY, sort=False)["quantity"].last().reset_index()
    keys = [*PAIR, "article_size_number"]
    by_size = current.groupby(keys)["quantity"].sum().rename("quantity").reset_index()
    sizes = sizes_ever.merge(by_size, on=keys, how="left")
    sizes["is_in_stock"] = sizes["quantity"].gt(0).fillna(False).astype(bool)
    rate = sizes.groupby(PAIR)["is_in_stock"].mean().rename("size_availability_rate").reset_index()
    return status.merge(rate, on=PAIR, how="left", validate="one_to_one")


def _with_turnover(
    status: pd.DataFrame,
    grids: dict[str, Grid],
    servers: dict[str, str],
    sold: pd.DataFrame,
    merchandise: pd.DataFrame,
    variables: Variables,
    as_of: int,
) -> pd.DataFrame:
    """turnover_rate: sales and stock at cost on the days with known stock of the last 365."""
    own = sold.assign(branch_number=sold["branch_number"].map(lambda branch: servers.get(branch, branch)))
    known_from = status.set_index(PAIR)["known_from"]
    window = own[own["day"].between(as_of - 364, as_of)]
    starts = known_from.reindex(pd.MultiIndex.from_frame(window[PAIR])).reset_index(drop=True)
    kept = window[window["day"].reset_index(drop=True).ge(starts).fillna(False).to_numpy(dtype=bool)]
    grouped = kept.groupby(PAIR)["cogs"]
    cogs = pd.DataFrame({"cogs": grouped.sum(), "lines": grouped.size(), "costed": grouped.count()}).reset_index()
    cogs["cogs"] = cogs["cogs"].mask(cogs["costed"].eq(0))
    values = []
    for branch, grid in grids.items():
        end = as_of - grid.first_day + 1
        span = slice(max(0, end - 365), max(0, end))
        known = grid.known[:, span]
        units = (np.maximum(grid.closing[:, span], 0) * known).sum(axis=1)
        cost = merchandise["unit_cost"].reindex(grid.articles).to_numpy()
        values.append(
            pd.DataFrame(
                {
                    "branch_number": branch,
                    "article_number": grid.articles.to_numpy(),
                    "known_days": known.sum(axis=1),
                    "value_days": pd.Series(units).astype("Int64") * pd.Series(cost).astype("Int64"),
                }
            )
        )
    status = status.merge(pd.concat(values, ignore_index=True), on=PAIR, how="left", validate="one_to_one")
    status = status.merge(cogs, on=PAIR, how="left", validate="one_to_one")
    amount = status["cogs"].mask(status["lines"].isna(), 0).astype("Int64")
    enough = status["known_days"].ge(variables.min_stock_days) & status["value_days"].gt(0).fillna(False)
    base = status["value_days"].mask(~enough).astype("Float64") / 1e8
    status["turnover_rate"] = _quotient(amount.astype("Float64") / 1e6 * 365, base)
    return status.drop(columns=["cogs", "lines", "costed"])


def _with_classes(status: pd.DataFrame, variables: Variables, as_of: int) -> pd.DataFrame:
    on_hand = status["on_hand"]
    held = on_hand.gt(0).fillna(False).astype(bool)
    empty = on_hand.le(0).fillna(False).astype(bool)
    age = as_of - status["range_start"]
    daily = status["avg_daily_demand_90d"]
    with_demand = daily.gt(0)
    units = on_hand.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan) / 10_000
    supply = np.where(with_demand, units / daily.where(with_demand, 1.0), np.nan)
    status["days_of_supply"] = np.where(with_demand & empty, 0.0, supply)
    status["negative_stock_units"] = (-on_hand).clip(lower=0)
    positive = on_hand.clip(lower=0)
    status["inventory_value_cost"] = divide(positive * status["unit_cost"], 100)
    status["inventory_value_retail"] = divide(positive * status["list_price"], 100)
    grown = age.gt(variables.new_article_days).fillna(False).astype(bool)
    stock_units = np.maximum(units, 0.0)
    cover = np.maximum(0.0, units - daily.fillna(0).to_numpy() * variables.max_cover_days)
    excess = np.where(with_demand, cover, np.where(grown, stock_units, np.where(np.isnan(units), np.nan, 0.0)))
    status["excess_units"] = excess
    cost = status["unit_cost"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan) / 10_000
    status["excess_value_cost"] = excess * cost
    since = status["days_since_last_sale"]
    idle = since.isna() | since.ge(variables.slow_after_days).fillna(True).astype(bool)
    covered = status["days_of_supply"].gt(variables.slow_cover_days)
    status["is_slow_moving"] = held & grown & (idle | covered)
    long_idle = since.isna() | since.ge(variables.dead_after_days).fillna(True).astype(bool)
    old = age.ge(variables.dead_after_days).fillna(False).astype(bool)
    status["is_dead_stock"] = held & old & long_idle
    low = status["days_of_supply"].lt(variables.low_cover_days)
    choices = [
        ("sold_out", empty & status["assortment_type"].eq("one_shot")),
        ("out_of_stock", empty),
        ("dead", status["is_dead_stock"]),
        ("excess", status["excess_units"].gt(0)),
        ("low", low),
        ("healthy", on_hand.notna()),
    ]
    label: pd.Series[Any] = pd.Series(pd.NA, index=status.index, dtype="string")
    for name, holds in reversed(choices):
        label = label.mask(holds.astype(bool), name)
    status["stock_status"] = label
    return status


def _scatter(shape: tuple[int, int], rows: Any, columns: Ints, values: Ints) -> Ints:
    flat = np.bincount(rows * shape[1] + columns, weights=values.astype(np.float64), minlength=shape[0] * shape[1])
    summed: Ints = np.rint(flat).astype(np.int64).reshape(shape)
    return summed


def _firsts(articles: pd.Index[str], frame: pd.DataFrame) -> Ints:
    """The first day per article; far in the future where there is none."""
    firsts = frame.groupby("article_number")["day"].min().reindex(articles).astype("Int64")
    days: Ints = firsts.to_numpy(dtype=np.int64, na_value=_NEVER).astype(np.int64)
    return days


def _nullable(days: Ints) -> Any:
    return pd.Series(days).astype("Int64").mask(pd.Series(days >= _NEVER)).array


def _quotient(top: pd.Series[Any], base: pd.Series[Any]) -> pd.Series[Any]:
    high = top.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    low = base.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.Series(np.where(low == 0, np.nan, high / low), index=top.index)
