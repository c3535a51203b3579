"""What the page Warehouse Performance asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters
from prohandel.dashboard.sql.stock import levels_on


def performance(filters: Filters) -> Query:
    """The mart as it is, for the chosen branches."""
    statement = sql.SQL("select * from warehouse_performance where {branch} order by branch_number").format(
        branch=of_branch()
    )
    return Query(statement, filters.parameters())


def company(filters: Filters) -> Query:
    """One row: the chosen branches together, of what adds up."""
    statement = sql.SQL(
        """
        select
            sum(inventory_value_cost) as inventory_value_cost,
            sum(excess_value_cost) as excess_value_cost,
            sum(dead_value_cost) as dead_value_cost,
            sum(net_revenue_365d) as net_revenue_365d,
            sum(gross_margin_365d) as gross_margin_365d,
            sum(broken_size_runs) as broken_size_runs,
            sum(size_run_pairs) as size_run_pairs
        from warehouse_performance
        where {branch}
        """
    ).format(branch=of_branch())
    return Query(statement, filters.parameters())


def over_time(filters: Filters, days: Sequence[date]) -> Query:
    """Stock of each branch on some days; rows as of `levels_on`."""
    return levels_on(filters, days, "branch_number")


def transfers(filters: Filters) -> Query:
    """Transfers from or to the chosen branches, the most valuable first, with the figures that speak for them."""
    statement = sql.SQL(
        """
        select
            found.article_number,
            articles.name,
            found.from_branch,
            found.to_branch,
            found.units,
            found.value,
            found.is_sender_emptied,
            found.from_on_hand,
            found.from_avg_daily_demand_90d,
            found.to_on_hand,
            found.to_avg_daily_demand_90d,
            found.to_order_up_to_level
        from transfer_recommendations as found
        inner join dim_articles as articles on found.article_number = articles.article_number
        where ({sender} or {receiver}) and {article}
        order by found.value desc, found.article_number, found.from_branch, found.to_branch
        """
    ).format(
        sender=of_branch("found.from_branch"),
        receiver=of_branch("found.to_branch"),
        article=of_article("found.article_number"),
    )
    return Query(statement, filters.parameters())
