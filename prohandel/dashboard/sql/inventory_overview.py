"""What the page Inventory Overview asks."""

from __future__ import annotations

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters

MOST_ARTICLES = 500


def stock_now(filters: Filters) -> Query:
    """One row: units, values (EUR), excess, dead and slow stock, and demand per day, as of the last complete day."""
    statement = sql.SQL(
        """
        select
            sum(greatest(on_hand, 0)) as stock_units,
            sum(inventory_value_cost) as inventory_value_cost,
            sum(inventory_value_retail) as inventory_value_retail,
            sum(excess_value_cost) as excess_value_cost,
            sum(excess_units) as excess_units,
            coalesce(sum(inventory_value_cost) filter (where is_dead_stock), 0) as dead_value_cost,
            coalesce(sum(inventory_value_cost) filter (where is_slow_moving), 0) as slow_moving_value_cost,
            sum(negative_stock_units) as negative_stock_units,
            sum(greatest(on_hand, 0)) / nullif(sum(avg_daily_demand_90d) filter (where on_hand is not null), 0)
                as days_of_supply
        from inventory_status
        where {branch} and {article}
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, filters.parameters())


def stock_by_age(filters: Filters) -> Query:
    """Value at cost by category and age of the stock; of the company, since age is not known by branch."""
    statement = sql.SQL(
        """
        select category, age_bucket, sum(stock_units) as stock_units, sum(stock_value_cost) as stock_value_cost
        from stock_age
        where {article}
        group by category, age_bucket
        """
    ).format(article=of_article())
    return Query(statement, filters.parameters())


def abc_xyz(filters: Filters) -> Query:
    """Articles, revenue of 365 days and stock by ABC and XYZ class; `-` stands for no XYZ class."""
    statement = sql.SQL(
        """
        select
            classes.abc_class,
            coalesce(classes.xyz_class, '-') as xyz_class,
            count(*) as articles,
            sum(classes.net_revenue_365d) as net_revenue_365d,
            coalesce(sum(stock.inventory_value_cost), 0) as inventory_value_cost
        from abc_classification as classes
        left join ({stock}) as stock on classes.article_number = stock.article_number
        where {article}
        group by classes.abc_class, coalesce(classes.xyz_class, '-')
        """
    ).format(stock=_stock_of_articles(), article=of_article("classes.article_number"))
    return Query(statement, filters.parameters())


def articles_of_class(filters: Filters, abc_class: str, xyz_class: str) -> Query:
    """The articles of a cell of the matrix, by revenue."""
    statement = sql.SQL(
        """
        select
            classes.article_number,
            articles.name,
            articles.category,
            articles.brand,
            articles.season,
            classes.net_revenue_365d,
            classes.weekly_demand_cv,
            stock.on_hand,
            stock.inventory_value_cost,
            stock.days_of_supply,
            stock.excess_value_cost
        from abc_classification as classes
        inner join dim_articles as articles on classes.article_number = articles.article_number
        left join ({stock}) as stock on classes.article_number = stock.article_number
        where
            classes.abc_class = %(abc_class)s
            and coalesce(classes.xyz_class, '-') = %(xyz_class)s
            and {article}
        order by classes.net_revenue_365d desc nulls last, classes.article_number
        limit %(most)s
        """
    ).format(stock=_stock_of_articles(), article=of_article("classes.article_number"))
    parameters = {**filters.parameters(), "abc_class": abc_class, "xyz_class": xyz_class, "most": MOST_ARTICLES}
    return Query(statement, parameters)


def attention(filters: Filters) -> Query:
    """The dearest cases: runs without stock that still go on, excess and dead stock.

    Rows: kind (out_of_stock, excess, dead), article_number, name, branch_number, abc_class, value (EUR: lost revenue
    net, or stock at cost), days (out; of supply; without sale).
    """
    statement = sql.SQL(
        """
        with pairs as (
            select * from inventory_status where {branch} and {article}
        ),

        cases as (
            (
                select
                    'out_of_stock' as kind,
                    events.article_number,
                    events.branch_number,
                    pairs.abc_class,
                    events.estimated_lost_net_revenue as value,
                    events.stockout_days as days
                from stockout_events as events
                inner join pairs
                    on events.branch_number = pairs.branch_number and events.article_number = pairs.article_number
                where events.ended_on is null and pairs.stock_status = 'out_of_stock'
                order by value desc nulls last
                limit %(most)s
            )
            union all
            (
                select 'excess', article_number, branch_number, abc_class, excess_value_cost, days_of_supply
                from pairs
                where stock_status = 'excess'
                order by excess_value_cost desc nulls last
                limit %(most)s
            )
            union all
            (
                select 'dead', article_number, branch_number, abc_class, inventory_value_cost, days_since_last_sale
                from pairs
                where stock_status = 'dead'
                order by inventory_value_cost desc nulls last
                limit %(most)s
            )
        )

        select cases.*, articles.name
        from cases
        inner join dim_articles as articles on cases.article_number = articles.article_number
        where cases.value > 0
        order by cases.value desc
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, {**filters.parameters(), "most": 10})


def _stock_of_articles() -> sql.Composable:
    return sql.SQL(
        """
        select
            article_number,
            sum(on_hand) as on_hand,
            sum(inventory_value_cost) as inventory_value_cost,
            sum(excess_value_cost) as excess_value_cost,
            sum(greatest(on_hand, 0)) / nullif(sum(avg_daily_demand_90d) filter (where on_hand is not null), 0)
                as days_of_supply
        from inventory_status
        where {branch}
        group by article_number
        """
    ).format(branch=of_branch())
