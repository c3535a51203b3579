"""What the page of one article asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from psycopg import sql

from prohandel.dashboard.conditions import of_branch
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters


def article(number: str) -> Query:
    """One row, or none: the article with its profitability and classes."""
    statement = sql.SQL(
        """
        select
            articles.*,
            profit.net_revenue_365d,
            profit.gross_margin_365d,
            profit.margin_pct,
            profit.sell_through_rate_90d,
            profit.return_rate,
            profit.discount_rate,
            profit.abc_class,
            profit.xyz_class
        from dim_articles as articles
        left join product_profitability as profit on articles.article_number = profit.article_number
        where articles.article_number = %(article)s
        """
    )
    return Query(statement, {"article": number})


def pairs(filters: Filters, number: str) -> Query:
    """The article in each branch, with its reorder point."""
    statement = sql.SQL(
        """
        select
            status.branch_number,
            status.on_hand,
            status.inventory_value_cost,
            status.avg_daily_demand_90d,
            status.days_of_supply,
            status.stockout_days_90d,
            status.stockout_frequency,
            status.size_availability_rate,
            status.excess_units,
            status.days_since_last_sale,
            status.stock_status,
            points.reorder_point,
            points.on_order_units
        from inventory_status as status
        left join reorder_points as points
            on status.branch_number = points.branch_number and status.article_number = points.article_number
        where status.article_number = %(article)s and {branch}
        order by status.branch_number
        """
    ).format(branch=of_branch("status.branch_number"))
    return Query(statement, {**filters.parameters(), "article": number})


def stock_by_day(filters: Filters, number: str, days: Sequence[date]) -> Query:
    """Stock of the article on some days: units, branches that range it, and how many of them are out."""
    statement = sql.SQL(
        """
        select
            date_day,
            sum(closing_stock) as closing_stock,
            count(*) filter (where is_ranged) as ranged_branches,
            count(*) filter (where is_ranged and closing_stock <= 0) as branches_out
        from fct_inventory_daily
        where article_number = %(article)s and date_day = any(%(days)s::date[]) and {branch}
        group by date_day
        order by date_day
        """
    ).format(branch=of_branch())
    return Query(statement, {**filters.parameters(), "article": number, "days": list(days)})


def stockouts(filters: Filters, number: str, first: date) -> Query:
    """Runs without stock that reach into the days since the first one."""
    statement = sql.SQL(
        """
        select
            branch_number,
            greatest(started_on, %(since)s::date) as started_on,
            coalesce(ended_on, %(as_of)s::date) as ended_on,
            ended_on is null as is_open,
            stockout_days,
            estimated_lost_units,
            estimated_lost_net_revenue
        from stockout_events
        where
            article_number = %(article)s
            and coalesce(ended_on, %(as_of)s::date) >= %(since)s::date
            and {branch}
        order by started_on, branch_number
        """
    ).format(branch=of_branch())
    return Query(statement, {**filters.parameters(), "article": number, "since": first})


def sizes(filters: Filters, number: str) -> Query:
    """Every size of the article in every branch that holds stock of its own."""
    statement = sql.SQL(
        """
        select
            branch_number,
            article_size_number,
            on_hand,
            size_share_of_sales,
            is_core_size,
            is_in_stock,
            is_broken_size_run
        from size_availability
        where article_number = %(article)s and {branch}
        order by branch_number, article_size_number
        """
    ).format(branch=of_branch())
    return Query(statement, {**filters.parameters(), "article": number})


def sold_by_week(filters: Filters, number: str, first: date, last: date) -> Query:
    """Units sold and revenue of the article by ISO week, weeks without a sale included."""
    statement = sql.SQL(
        """
        select
            weeks.week_start_date,
            coalesce(sum(sales.demand_units), 0) as demand_units,
            coalesce(sum(sales.net_units), 0) as net_units,
            coalesce(sum(sales.net_revenue), 0) as net_revenue,
            coalesce(sum(sales.gross_revenue), 0) as gross_revenue
        from (
            select distinct week_start_date from dim_dates where date_day between %(since)s and %(until)s
        ) as weeks
        left join fct_sales_daily as sales
            on
                sales.article_number = %(article)s
                and sales.date_day between weeks.week_start_date and weeks.week_start_date + 6
                and sales.date_day between %(since)s and %(until)s
                and {branch}
        group by weeks.week_start_date
        order by weeks.week_start_date
        """
    ).format(branch=of_branch("sales.branch_number"))
    return Query(statement, {**filters.parameters(), "article": number, "since": first, "until": last})


def forecast(filters: Filters, number: str) -> Query:
    """The forecast of the article by day: means add up over branches, quantiles only stand where there is one.

    Rows: forecast_date, branches, demand_mean, and demand_p50, demand_p80, demand_p95, null where several are summed.
    """
    statement = sql.SQL(
        """
        select
            forecast_date,
            count(*) as branches,
            sum(demand_mean) as demand_mean,
            case when count(*) = 1 then min(demand_p50) end as demand_p50,
            case when count(*) = 1 then min(demand_p80) end as demand_p80,
            case when count(*) = 1 then min(demand_p95) end as demand_p95,
            min(model) as model,
            max(forecast_origin) as forecast_origin
        from demand_forecast
        where article_number = %(article)s and {branch}
        group by forecast_date
        order by forecast_date
        """
    ).format(branch=of_branch())
    return Query(statement, {**filters.parameters(), "article": number})
