"""What the page Stock Level Monitoring asks."""

from __future__ import annotations

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters

MOST_PAIRS = 1000


def at_risk(filters: Filters) -> Query:
    """Pairs of merchandise that sell and are at or below their reorder point, or last less than a week.

    The emptiest A articles first; without those that were never in stock anywhere.

    Rows: the pair with its name and class, stock, demand per day, days of supply, reorder point, lost revenue of the
    run without stock that still goes on (EUR net).
    """
    statement = sql.SQL(
        """
        select
            status.article_number,
            articles.name,
            articles.category,
            status.branch_number,
            status.abc_class,
            status.stock_status,
            status.on_hand,
            points.on_order_units,
            status.avg_daily_demand_90d,
            status.days_of_supply,
            points.reorder_point,
            points.order_up_to_level,
            events.stockout_days,
            events.estimated_lost_net_revenue
        from inventory_status as status
        inner join dim_articles as articles on status.article_number = articles.article_number
        left join reorder_points as points
            on status.branch_number = points.branch_number and status.article_number = points.article_number
        left join stockout_events as events
            on
                status.branch_number = events.branch_number
                and status.article_number = events.article_number
                and events.ended_on is null
        where
            articles.is_merchandise
            and not exists (
                select orders.article_number
                from reorder_recommendations as orders
                where orders.article_number = status.article_number and orders.binding_constraint = 'not_kept'
            )
            and status.avg_daily_demand_90d > 0
            and status.stock_status in ('out_of_stock', 'low', 'healthy')
            and (
                status.stock_status in ('out_of_stock', 'low')
                or status.on_hand + coalesce(points.on_order_units, 0) <= points.reorder_point
            )
            and {branch}
            and {article}
        order by status.abc_class, status.days_of_supply nulls first, status.avg_daily_demand_90d desc
        limit %(most)s
        """
    ).format(branch=of_branch("status.branch_number"), article=of_article("status.article_number"))
    return Query(statement, {**filters.parameters(), "most": MOST_PAIRS})


def status_counts(filters: Filters) -> Query:
    """Pairs and value at cost by stock status, as of the last complete day, where a branch has stock of its own."""
    statement = sql.SQL(
        """
        select
            stock_status,
            count(*) as pairs,
            count(distinct article_number) as articles,
            sum(inventory_value_cost) as inventory_value_cost
        from inventory_status
        where stock_status is not null and {branch} and {article}
        group by stock_status
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, filters.parameters())


def lost_now(filters: Filters) -> Query:
    """One row: runs without stock that still go on, and what they cost so far; never-out-of-stock and reorderable."""
    statement = sql.SQL(
        """
        select
            count(*) as events,
            count(distinct article_number) as articles,
            coalesce(sum(estimated_lost_net_revenue), 0) as estimated_lost_net_revenue,
            coalesce(sum(estimated_lost_units), 0) as estimated_lost_units
        from stockout_events
        where ended_on is null and assortment_type <> 'one_shot' and {branch} and {article}
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, filters.parameters())


def anomalies(filters: Filters) -> Query:
    """Stock and sales that cannot be right, the dearest first."""
    statement = sql.SQL(
        """
        select
            found.kind,
            found.article_number,
            articles.name,
            found.branch_number,
            found.since,
            found.units,
            found.value_cost
        from stock_anomalies as found
        inner join dim_articles as articles on found.article_number = articles.article_number
        where {branch} and {article}
        order by abs(found.value_cost) desc nulls last, found.article_number
        limit %(most)s
        """
    ).format(branch=of_branch("found.branch_number"), article=of_article("found.article_number"))
    return Query(statement, {**filters.parameters(), "most": MOST_PAIRS})
