"""Stock over time, as several pages ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch, of_category
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters

Dimension = Literal["all", "branch_number", "category"]

_LEVELS = sql.SQL(
    """
    select
        date_day,
        {group} as part,
        stock_units,
        stock_value_cost,
        ranged_articles,
        stocked_out_articles,
        rated_articles,
        rated_stocked_out_articles
    from stock_levels
    where {days} and {branch} and {category}
    """
)

# stock_levels lays days over spans. For some days the server reads all spans before each; for a stretch it reads them
# once.
_SOME_LEVELS = sql.SQL(
    """
    with stretch as materialized ({stretch})
    select * from stretch where date_day = any(%(days)s::date[])
    """
)

# By articles: rated are ranged pairs of never-out-of-stock and reorderable articles; seasons are not looked at here.
_PAIRS = sql.SQL(
    """
    select
        days.date_day,
        {group} as part,
        days.closing_stock as stock_units,
        days.stock_value_cost,
        cast(days.is_ranged as integer) as ranged_articles,
        cast(days.is_ranged and days.closing_stock <= 0 as integer) as stocked_out_articles,
        cast(days.is_ranged and articles.assortment_type <> 'one_shot' as integer) as rated_articles,
        cast(days.is_ranged and articles.assortment_type <> 'one_shot' and days.closing_stock <= 0 as integer)
            as rated_stocked_out_articles
    from fct_inventory_daily as days
    inner join dim_articles as articles on days.article_number = articles.article_number
    where {days} and {branch} and {article} and articles.is_merchandise
    """
)

_SUMMED = sql.SQL(
    """
    select
        date_day,
        part,
        sum(stock_units) as stock_units,
        sum(stock_value_cost) as stock_value_cost,
        sum(ranged_articles) as ranged_articles,
        sum(stocked_out_articles) as stocked_out_articles,
        sum(rated_articles) as rated_articles,
        sum(rated_stocked_out_articles) as rated_stocked_out_articles,
        cast(sum(rated_stocked_out_articles) as double precision) / nullif(sum(rated_articles), 0) as stockout_rate
    from ({rows}) as levels
    group by date_day, part
    order by date_day, part
    """
)


def dates_back(last: date, first: date, step: int) -> list[date]:
    """The last day and every step-th day before it, not before the first; oldest first."""
    return [last - timedelta(days=back) for back in range(0, (last - first).days + 1, step)][::-1]


def levels_on(filters: Filters, days: Sequence[date], by: Dimension = "all") -> Query:
    """Stock on some days, one at least, of all that the filters leave, or by branch or category.

    Rows: date_day, part (empty for "all"), stock_units, stock_value_cost, articles ranged, rated and out,
    stockout_rate.
    """
    if filters.needs_articles:
        columns = {"all": "''", "branch_number": "days.branch_number", "category": "articles.category"}
        rows = _PAIRS.format(
            group=_part(columns[by]),
            days=sql.SQL("days.date_day = any(%(days)s::date[])"),
            branch=of_branch("days.branch_number"),
            article=of_article("days.article_number"),
        )
    else:
        columns = {"all": "''", "branch_number": "branch_number", "category": "category"}
        stretch = _LEVELS.format(
            group=_part(columns[by]),
            days=sql.SQL("date_day between %(since)s and %(until)s"),
            branch=of_branch(),
            category=of_category(),
        )
        rows = _SOME_LEVELS.format(stretch=stretch)
    asked = {"days": list(days), "since": min(days), "until": max(days)}
    return Query(_SUMMED.format(rows=rows), {**filters.parameters(), **asked})


def levels_by_day(filters: Filters, first: date, last: date) -> Query:
    """Stock of all that the filters leave, every day of a span; every seventh day where filters ask for articles.

    Rows as of `levels_on`.
    """
    if filters.needs_articles:
        return levels_on(filters, dates_back(last, first, 7))
    rows = _LEVELS.format(
        group=_part("''"),
        days=sql.SQL("date_day between %(since)s and %(until)s"),
        branch=of_branch(),
        category=of_category(),
    )
    return Query(_SUMMED.format(rows=rows), {**filters.parameters(), "since": first, "until": last})


def cost_of_sales_by_day(filters: Filters, first: date, last: date) -> Query:
    """Cost of the merchandise sold, by day; sales of a served branch count for the branch that serves it.

    Rows: date_day, cogs (EUR net).
    """
    if filters.needs_articles:
        statement = sql.SQL(
            """
            select sales.date_day, sum(sales.cogs) as cogs
            from fct_sales_daily as sales
            inner join dim_shops as shops on sales.branch_number = shops.branch_number
            inner join dim_articles as articles on sales.article_number = articles.article_number
            where
                sales.date_day between %(since)s and %(until)s
                and articles.is_merchandise
                and {branch}
                and {article}
            group by sales.date_day
            order by sales.date_day
            """
        ).format(branch=of_branch("shops.supplied_from"), article=of_article("sales.article_number"))
    else:
        statement = sql.SQL(
            """
            select sales.date_day, sum(sales.cogs) as cogs
            from sales_performance as sales
            inner join dim_shops as shops on sales.branch_number = shops.branch_number
            where
                sales.date_day between %(since)s and %(until)s
                and sales.category <> 'non_merchandise'
                and {branch}
                and {category}
            group by sales.date_day
            order by sales.date_day
            """
        ).format(branch=of_branch("shops.supplied_from"), category=of_category("sales.category"))
    return Query(statement, {**filters.parameters(), "since": first, "until": last})


def _part(column: str) -> sql.Composable:
    return sql.SQL("''") if column == "''" else sql.Identifier(*column.split("."))
