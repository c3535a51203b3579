"""Stock that is not right, slow stock, the age of stock, and deliveries that do not sell.

Readings chosen:
    * Stock is negative since the first day of the run of negative days that ends with the newest business day; the day
      A where no day shows it (observed after the newest business day).
    * A phantom pair was in stock (as defined for days) on every day after its last sale.
    * Sales below cost are those of merchandise.
    * Stock that came after A, as far as on_hand counts it, has the age 0: no `as_of_date` is set, and the newest
      observation is younger than A.
    * Season age counts from the day on which the season starts.
    * Demand elsewhere is that of the last 28 days, in branches that do not sell from the same stock.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .cleaning import divide
from .facts import Facts
from .grid import Grid
from .receipts import ArticleDays, article_days
from .shown import Mart, shown
from .stock import serving

_PAIR = ["branch_number", "article_number"]
_BUCKETS = ((30, "0-30"), (90, "31-90"), (180, "91-180"), (365, "181-365"))
_SETTLED = 14
_SELLING = 28


def marts(facts: Facts) -> dict[str, Mart]:
    """stock_anomalies, slow_moving_inventory, stock_age and unsold_deliveries."""
    slow = facts.pairs[facts.pairs["is_slow_moving"] | facts.pairs["is_dead_stock"]]
    return {
        "stock_anomalies": shown(
            stock_anomalies(facts),
            [*_PAIR, "kind"],
            dates={"since": "since"},
            units=["units"],
            money=["value_cost"],
        ),
        "slow_moving_inventory": shown(
            slow,
            _PAIR,
            ["category", "season", "assortment_type"],
            units=["on_hand"],
            money=["inventory_value_cost", "inventory_value_retail"],
            counts=["days_since_last_sale"],
            floats=["days_of_supply"],
            flags=["is_dead_stock", "is_slow_moving"],
        ),
        "stock_age": shown(
            stock_age(facts),
            ["article_number", "age_bucket"],
            ["season"],
            units=["stock_units"],
            money=["stock_value_cost"],
            counts=["season_age_days"],
        ),
        "unsold_deliveries": shown(
            unsold_deliveries(facts),
            _PAIR,
            ["best_branch"],
            dates={"received_on": "received_on"},
            units=["received_units", "on_hand", "demand_units_elsewhere_28d"],
            money=["inventory_value_cost"],
            counts=["days_since"],
        ),
    }


def stock_anomalies(facts: Facts) -> pd.DataFrame:
    """One row per pair and kind."""
    own = facts.own
    held, below = own["on_hand"].gt(0).fillna(False), own["on_hand"].lt(0).fillna(False)
    no_cost = own[(held | below).astype(bool) & own["unit_cost"].isna()]
    no_price = own[held.astype(bool) & own["list_price"].isna()]
    negative = own[below.astype(bool)]
    phantom = _phantoms(facts, own[held.astype(bool)])
    since = [_negative_since(facts, row.branch_number, row.article_number) for row in negative.itertuples()]
    missing = divide(negative["on_hand"] * negative["unit_cost"], 100)
    frames = [
        negative.assign(kind="negative", since=since, units=negative["on_hand"], value_cost=missing),
        phantom.assign(kind="phantom", units=phantom["on_hand"], value_cost=phantom["inventory_value_cost"]),
        no_cost.assign(kind="no_cost", since=no_cost["range_start"], units=no_cost["on_hand"], value_cost=pd.NA),
        no_price.assign(
            kind="no_price",
            since=no_price["range_start"],
            units=no_price["on_hand"],
            value_cost=no_price["inventory_value_cost"],
        ),
        _below_cost(facts),
    ]
    columns = [*_PAIR, "kind", "since", "units", "value_cost"]
    types = dict.fromkeys([*_PAIR, "kind"], "object") | dict.fromkeys(["since", "units", "value_cost"], "Int64")
    return pd.concat([frame[columns].astype(types) for frame in frames], ignore_index=True)


def stock_age(facts: Facts) -> pd.DataFrame:
    """Positive company stock by article and age."""
    days = article_days(facts)
    starts = facts.seeds.season_starts()
    own = facts.own.assign(on_hand=facts.own["on_hand"].clip(lower=0))
    held = own.groupby("article_number")["on_hand"].sum()
    until = max(facts.newest, facts.as_of) if facts.variables.as_of_date is None else facts.as_of
    rows = []
    for number, units in held[held.gt(0)].items():
        article = facts.articles.loc[str(number)]
        season = str(article["season"])
        started = starts.get(season)
        kind = str(article["assortment_type"])
        for bucket, part in aged(days, str(number), int(units), kind, facts.as_of, until).items():
            cost = article["unit_cost"]
            rows.append(
                {
                    "article_number": number,
                    "age_bucket": bucket,
                    "season": season,
                    "stock_units": part,
                    "cost": cost,
                    "season_age_days": None if started is None else facts.as_of - started,
                }
            )
    columns = ["article_number", "age_bucket", "season", "stock_units", "cost", "season_age_days"]
    ages = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[3:], "Int64"))
    return ages.assign(stock_value_cost=divide(ages["stock_units"] * ages["cost"], 100))


def aged(days: ArticleDays, number: str, units: int, assortment_type: str, as_of: int, until: int) -> dict[str, int]:
    """Units (whole 1e-4) of an article's stock by bucket of age; `until` is the last day whose receipts count."""
    received = days.received[days.articles.get_loc(number), : days.column(until) + 1]
    receipts = np.flatnonzero(received > 0)
    if not len(receipts):
        return {"unknown": units}
    first = bucket_of(as_of - days.first_day - int(receipts[0]))
    if assortment_type != "nos":
        return {first: units}
    buckets: dict[str, int] = {}
    left = units
    for at in receipts[::-1]:
        part = min(left, int(received[at]))
        name = bucket_of(as_of - days.first_day - int(at))
        buckets[name] = buckets.get(name, 0) + part
        left -= part
        if not left:
            return buckets
    buckets[first] += left
    return buckets


def bucket_of(age: int) -> str:
    """The bucket of an age in days."""
    return next((name for limit, name in _BUCKETS if age <= limit), "366+")


def unsold_deliveries(facts: Facts) -> pd.DataFrame:
    """Pairs whose last settled delivery did not sell, while the article sells elsewhere."""
    types = facts.core.branches.set_index("branch_number")["shop_type"]
    servers = serving(facts.core)
    recent = facts.goods[facts.goods["is_demand"] & facts.goods["day"].gt(facts.as_of - _SELLING)]
    recent = recent.assign(server=recent["branch_number"].map(lambda branch: servers.get(branch, branch)))
    rows: list[dict[str, Any]] = []
    for pair in facts.own[facts.own["on_hand"].gt(0).fillna(False).astype(bool)].itertuples():
        branch, article = str(pair.branch_number), str(pair.article_number)
        if types.get(branch) not in ("retail", "outlet", "online"):
            continue
        grid = facts.stock.grids[branch]
        at = grid.articles.get_loc(article)
        received = np.maximum(0, np.diff(grid.closing[at], prepend=0) + grid.net[at])
        received = np.where(grid.days > grid.known_from[at], received, 0)
        days = grid.days[(received > 0) & (grid.days <= facts.as_of - _SETTLED)]
        if not len(days):
            continue
        on = int(days[-1])
        if grid.demand[at, (grid.days >= on) & (grid.days <= facts.as_of)].any():
            continue
        others = recent[recent["article_number"].eq(article) & recent["server"].ne(servers.get(branch, branch))]
        elsewhere = others.groupby("branch_number")["demand_units"].sum().reset_index()
        if elsewhere.empty:
            continue
        best = elsewhere.sort_values(["demand_units", "branch_number"], ascending=[False, True]).iloc[0]
        rows.append(
            {
                "branch_number": branch,
                "article_number": article,
                "received_on": on,
                "received_units": int(received[on - grid.first_day]),
                "days_since": facts.as_of - on,
                "on_hand": pair.on_hand,
                "inventory_value_cost": pair.inventory_value_cost,
                "demand_units_elsewhere_28d": int(elsewhere["demand_units"].sum()),
                "best_branch": str(best["branch_number"]),
            }
        )
    columns = ["received_on", "received_units", "days_since", "on_hand", "inventory_value_cost"]
    columns += ["demand_units_elsewhere_28d"]
    frame = pd.DataFrame(rows, columns=[*_PAIR, *columns, "best_branch"])
    return frame.astype(dict.fromkeys(columns, "Int64"))


def _negative_since(facts: Facts, branch: str, article: str) -> int:
    grid = facts.stock.grids[branch]
    until = grid.closing.shape[1] if facts.variables.as_of_date is None else grid.window(facts.as_of, 1).stop
    closing = grid.closing[grid.articles.get_loc(article), :until]
    at_least_zero = np.flatnonzero(closing >= 0)
    start = int(at_least_zero[-1]) + 1 if len(at_least_zero) else 0
    return grid.first_day + start if start < until else facts.as_of


def _phantoms(facts: Facts, held: pd.DataFrame) -> pd.DataFrame:
    since = []
    for row in held.itertuples():
        grid = facts.stock.grids[str(row.branch_number)]
        since.append(_phantom_since(facts, grid, grid.articles.get_loc(str(row.article_number))))
    found = held.assign(since=pd.Series(since, index=held.index, dtype="Int64"))
    return found[found["since"].notna()]


def _phantom_since(facts: Facts, grid: Grid, at: Any) -> int | None:
    until = grid.window(facts.as_of, 1).stop
    sold = np.flatnonzero(grid.demand[at, :until] > 0)
    if not len(sold):
        return None
    last = int(sold[-1])
    window = slice(max(0, last - 89), last + 1)
    counted = (grid.ranged & grid.in_stock)[at, window]
    demand, days, waited = int(grid.demand[at, window][counted].sum()), int(counted.sum()), until - 1 - last
    limit = facts.variables.phantom_expected_units * 10_000
    if not grid.in_stock[at, last + 1 : until].all() or not days or demand * waited < limit * days:
        return None
    return grid.first_day + last + 1


def _below_cost(facts: Facts) -> pd.DataFrame:
    recent = facts.window(90)
    loss = recent["cogs"] - recent["net_revenue"]
    bad = recent[(recent["is_demand"] & loss.gt(0)).fillna(False).astype(bool)].assign(value_cost=loss)
    grouped = bad.groupby(_PAIR)
    rows = grouped.agg(since=("day", "min"), units=("quantity", "sum"), value_cost=("value_cost", "sum"))
    return rows.reset_index().assign(kind="below_cost_sale")
