"""Seasons: what was received, sold and marked down, and how far the season is against the one a year before.

Readings chosen:
    * Sums of units and stock are 0 where nothing is known, gross margin null where no line has one.
    * Turnover adds cogs over all articles of a group whose lines or costs tell one, and the stock of those that have a
      value; null where no stock has one.
    * A line without a label price marks nothing down.
    * The last week of this season may be under way; that of the season before is a whole one.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from .cleaning import divide
from .facts import Facts
from .receipts import ArticleDays, article_days
from .sales import ratio, summed, with_rates
from .shown import Mart, shown

_GROUP = ["season", "category", "brand", "supplier"]
_WEEKS = 52


def marts(facts: Facts, first_labels: pd.Series[Any]) -> dict[str, Mart]:
    """season_performance and season_weeks.

    Args:
        first_labels: first_list_price_gross (whole 1e-4) by article number.
    """
    days = article_days(facts)
    return {
        "season_performance": shown(
            season_performance(facts, days, first_labels),
            _GROUP,
            units=["received_units", "net_units", "rest_units"],
            money=["net_revenue", "gross_margin", "net_revenue_with_cost", "markdown_amount", "rest_value_cost"],
            floats=[
                "season_sell_through",
                "margin_pct",
                "markup",
                "turnover_rate",
                "sell_through_same_week_last_year",
            ],
        ),
        "season_weeks": shown(
            season_weeks(facts, days),
            ["season", "category", "season_week"],
            units=["received_units_cumulated", "net_units_cumulated"],
            floats=["sell_through", "sell_through_last_year", "plan_sell_through"],
        ),
    }


def season_performance(facts: Facts, days: ArticleDays, first_labels: pd.Series[Any]) -> pd.DataFrame:
    """One row per season, category, brand and supplier of an article of merchandise."""
    articles = facts.articles[[*_GROUP, "unit_cost"]].astype(dict.fromkeys(_GROUP, "object"))
    received, net = (_at(days, frame, facts.as_of) for frame in days.since_first_receipt())
    articles = articles.assign(received_units=received, net_units=net)
    sold = facts.goods.assign(**{name: facts.of_article(facts.goods, name) for name in _GROUP})
    label = sold["article_number"].map(first_labels).astype("Int64") - sold["list_price_gross"]
    step = label.clip(lower=0).where(sold["is_demand"]).fillna(0)
    sold = sold.assign(markdown_amount=divide(step * sold["quantity"], 100))
    own = facts.own
    positive = own.assign(on_hand=own["on_hand"].clip(lower=0)).groupby("article_number")
    articles["rest_units"] = positive["on_hand"].sum().reindex(articles.index).fillna(0)
    articles["rest_value_cost"] = positive["inventory_value_cost"].sum().reindex(articles.index).fillna(0)
    made = facts.products.set_index("article_number")[["stock_value_days", "known_cogs"]].astype("float64")
    articles = articles.join(made)
    net_price = facts.list_price_net.reindex(articles.index)
    cost = articles["unit_cost"].astype("Float64").astype("float64") / 1e4
    both = net_price.notna() & cost.notna()
    articles = articles.assign(priced=net_price.where(both), costed=cost.where(both))

    columns = ["received_units", "net_units", "rest_units", "rest_value_cost", "stock_value_days", "known_cogs"]
    groups = articles.groupby(_GROUP)[[*columns, "priced", "costed"]].sum().reset_index()
    money = with_rates(summed(sold, _GROUP)).rename(columns={"net_revenue_with_margin": "net_revenue_with_cost"})
    money = money[[*_GROUP, "net_revenue", "gross_margin", "net_revenue_with_cost", "margin_pct"]]
    money = money.merge(sold.groupby(_GROUP)["markdown_amount"].sum().reset_index(), on=_GROUP)
    groups = groups.merge(money.astype(dict.fromkeys(_GROUP, "object")), on=_GROUP, how="left")
    for column in ("net_revenue", "net_revenue_with_cost", "markdown_amount"):
        groups[column] = groups[column].astype("Int64").fillna(0)
    groups["season_sell_through"] = ratio(groups["net_units"], groups["received_units"])
    groups["markup"] = ratio(groups["priced"] - groups["costed"], groups["costed"])
    has_cogs = articles.groupby(_GROUP)["known_cogs"].count().reset_index()["known_cogs"].gt(0)
    groups["turnover_rate"] = ratio((groups["known_cogs"] * 365).where(has_cogs), groups["stock_value_days"])
    groups["sell_through_same_week_last_year"] = _last_year(facts, days, articles, groups)
    return groups


def season_weeks(facts: Facts, days: ArticleDays) -> pd.DataFrame:
    """Cumulated units by season, category and week since the season started."""
    starts = facts.seeds.season_starts()
    received, net = days.since_first_receipt()
    members = facts.articles.groupby([facts.articles["season"], facts.articles["category"]]).indices
    rows = []
    for member, places in members.items():
        season, category = map(str, cast("tuple[Any, Any]", member))
        if season not in starts:
            continue
        at = days.articles.get_indexer(facts.articles.index[places])
        for week in range(1, min(_WEEKS, (facts.as_of - starts[season]) // 7 + 1) + 1):
            column = days.column(min(facts.as_of, starts[season] + 7 * week - 1))
            got, sold = (int(frame[at, column].sum()) if column >= 0 else 0 for frame in (received, net))
            if got > 0:
                rows.append((season, category, week, got, sold))
    names = ["season", "category", "season_week", "received_units_cumulated", "net_units_cumulated"]
    weeks = pd.DataFrame(rows, columns=names)
    weeks["sell_through"] = ratio(weeks["net_units_cumulated"], weeks["received_units_cumulated"])
    known = {(row[0], row[1], row[2]): row[4] / row[3] for row in rows}
    plan = {
        (row.season, row.category, int(str(row.season_week))): float(str(row.plan_sell_through))
        for row in facts.seeds.season_plan.itertuples()
    }
    keys = [(row[0], row[1], row[2]) for row in rows]
    before = [(facts.seeds.season_before(season), category, week) for season, category, week in keys]
    weeks["sell_through_last_year"] = pd.Series([known.get(key, np.nan) for key in before], dtype="float64")
    weeks["plan_sell_through"] = pd.Series([plan.get(key, np.nan) for key in keys], dtype="float64")
    return weeks


def _at(days: ArticleDays, cumulated: Any, day: int) -> pd.Series[Any]:
    column = days.column(day)
    values = cumulated[:, column] if column >= 0 else np.zeros(len(days.articles), dtype=np.int64)
    return pd.Series(values, index=days.articles, dtype="int64")


def _last_year(facts: Facts, days: ArticleDays, articles: pd.DataFrame, groups: pd.DataFrame) -> list[float]:
    starts = facts.seeds.season_starts()
    cumulated = days.since_first_receipt()
    reached: dict[int, pd.DataFrame] = {}
    found = []
    for row in groups.itertuples():
        season = str(row.season)
        before = facts.seeds.season_before(season)
        if before is None:
            found.append(np.nan)
            continue
        day = facts.as_of - (starts[season] - starts[before])
        if day not in reached:
            units = {name: _at(days, frame, day) for name, frame in zip(("got", "sold"), cumulated, strict=True)}
            reached[day] = articles[_GROUP].assign(**units).groupby(_GROUP)[["got", "sold"]].sum()
        key = (before, row.category, row.brand, row.supplier)
        sums = reached[day]
        got, sold = sums.loc[key] if key in sums.index else (0, 0)
        found.append(sold / got if got else np.nan)
    return found
