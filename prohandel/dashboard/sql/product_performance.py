"""What the page Product Performance asks. Figures of articles are those of the company: branches narrow sizes alone."""

from __future__ import annotations

from psycopg import sql

from prohandel.dashboard.conditions import of_article, of_branch, of_category
from prohandel.dashboard.database import Query
from prohandel.dashboard.filters import Filters

MOST_ARTICLES = 2000

LEAST_UNITS = 20
"""A return rate over fewer units sold says little."""


def totals(filters: Filters) -> Query:
    """One row: articles with revenue, and the sums of 365 days that rates are made of."""
    statement = sql.SQL(
        """
        select
            count(*) filter (where net_revenue_365d > 0) as articles,
            sum(net_revenue_365d) as net_revenue_365d,
            sum(net_revenue_with_cost_365d) as net_revenue_with_cost_365d,
            sum(gross_margin_365d) as gross_margin_365d,
            sum(gross_margin_365d) / nullif(sum(net_revenue_with_cost_365d), 0) as margin_pct,
            sum(demand_units_365d) as demand_units_365d,
            sum(return_units_365d) as return_units_365d,
            sum(return_units_365d) / nullif(sum(demand_units_365d), 0) as return_rate
        from product_profitability
        where {article}
        """
    ).format(article=of_article())
    return Query(statement, filters.parameters())


def profitability(filters: Filters) -> Query:
    """Articles with revenue in 365 days, the strongest first, as the mart has them."""
    statement = sql.SQL(
        """
        select *
        from product_profitability
        where {article} and net_revenue_365d > 0
        order by net_revenue_365d desc, article_number
        limit %(most)s
        """
    ).format(article=of_article())
    return Query(statement, {**filters.parameters(), "most": MOST_ARTICLES})


def seasons(filters: Filters) -> Query:
    """The seasons that have begun, with the weeks since: the newest first."""
    statement = sql.SQL(
        """
        select
            season,
            max(season_week) as weeks,
            max(net_units_cumulated) as most_units
        from season_weeks
        where {category} and (%(seasons)s::text[] is null or season = any(%(seasons)s::text[]))
        group by season
        order by weeks, most_units desc
        """
    ).format(category=of_category())
    return Query(statement, filters.parameters())


def sell_through(filters: Filters, season: str) -> Query:
    """How a season sold through by week since launch: of all chosen categories together, and of each.

    Last year and plan of several categories are means weighted by the units that this season received, over the
    categories that have them: what would be sold if each category stood as it did, or as it should.

    Rows: category (null for all), season_week, received and net units so far, sell_through, sell_through_last_year,
    plan_sell_through.
    """
    statement = sql.SQL(
        """
        select
            category,
            season_week,
            sum(received_units_cumulated) as received_units_cumulated,
            sum(net_units_cumulated) as net_units_cumulated,
            sum(net_units_cumulated) / nullif(sum(received_units_cumulated), 0) as sell_through,
            sum(sell_through_last_year * received_units_cumulated) / nullif(
                sum(received_units_cumulated) filter (where sell_through_last_year is not null), 0
            ) as sell_through_last_year,
            sum(plan_sell_through * received_units_cumulated) / nullif(
                sum(received_units_cumulated) filter (where plan_sell_through is not null), 0
            ) as plan_sell_through
        from season_weeks
        where season = %(season)s and {category}
        group by grouping sets ((season_week), (category, season_week))
        order by season_week, category
        """
    ).format(category=of_category())
    return Query(statement, {**filters.parameters(), "season": season})


def size_runs(filters: Filters) -> Query:
    """One row: size runs of the pairs with stock of their own, and how many are broken, as in warehouse_performance."""
    statement = sql.SQL(
        """
        select count(*) as size_run_pairs, count(*) filter (where is_broken) as broken_size_runs
        from (
            select bool_or(is_broken_size_run) as is_broken
            from size_availability
            where {branch} and {article}
            group by branch_number, article_number
        ) as runs
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, filters.parameters())


def size_categories(filters: Filters) -> Query:
    """Categories that sell by size, by units sold in 365 days."""
    statement = sql.SQL(
        """
        select category, sum(demand_units_365d) as demand_units_365d
        from returns_by_size
        where {category} and article_size_number <> 'unknown'
        group by category
        order by demand_units_365d desc
        """
    ).format(category=of_category())
    return Query(statement, filters.parameters())


def size_curve(filters: Filters, category: str) -> Query:
    """Sizes of a category: their share of sales (365 days, company) and of the stock of the chosen branches.

    Rows: article_size_number, demand_units_365d, share_of_demand, stock_units, share_of_stock, return_rate,
    category_return_rate.
    """
    statement = sql.SQL(
        """
        with stock as (
            select sizes.article_size_number, sum(greatest(sizes.on_hand, 0)) as stock_units
            from size_availability as sizes
            inner join dim_articles as articles on sizes.article_number = articles.article_number
            where articles.category = %(category)s and sizes.article_size_number <> 'unknown' and {branch}
            group by sizes.article_size_number
        ),

        sales as (
            select * from returns_by_size where category = %(category)s and article_size_number <> 'unknown'
        )

        select
            coalesce(sales.article_size_number, stock.article_size_number) as article_size_number,
            coalesce(sales.demand_units_365d, 0) as demand_units_365d,
            coalesce(sales.demand_units_365d, 0) / nullif(sum(sales.demand_units_365d) over (), 0) as share_of_demand,
            coalesce(stock.stock_units, 0) as stock_units,
            coalesce(stock.stock_units, 0) / nullif(sum(stock.stock_units) over (), 0) as share_of_stock,
            sales.return_units_365d,
            sales.return_rate,
            sales.category_return_rate
        from sales
        full outer join stock on sales.article_size_number = stock.article_size_number
        """
    ).format(branch=of_branch("sizes.branch_number"))
    return Query(statement, {**filters.parameters(), "category": category})


def broken_runs(filters: Filters) -> Query:
    """Articles whose core sizes are missing where other sizes lie, those that sell most first.

    Rows: article with its names, abc_class, broken_size_runs and size_run_pairs (branches), missing_core_sizes (by
    number of branches that lack them), on_hand there, net_revenue_365d.
    """
    statement = sql.SQL(
        """
        with sizes as (
            select *
            from size_availability
            where {branch} and {article}
        ),

        runs as (
            select
                article_number,
                branch_number,
                bool_or(is_broken_size_run) as is_broken,
                sum(greatest(on_hand, 0)) as on_hand
            from sizes
            group by article_number, branch_number
        ),

        articles_of_runs as (
            select
                article_number,
                count(*) as size_run_pairs,
                count(*) filter (where is_broken) as broken_size_runs,
                sum(on_hand) filter (where is_broken) as on_hand
            from runs
            group by article_number
        ),

        missing as (
            select article_number, string_agg(article_size_number, ', ' order by branches desc, article_size_number)
                as missing_core_sizes
            from (
                select article_number, article_size_number, count(*) as branches
                from sizes
                where is_core_size and not is_in_stock and is_broken_size_run
                group by article_number, article_size_number
            ) as counted
            group by article_number
        )

        select
            runs.article_number,
            profits.name,
            profits.category,
            profits.abc_class,
            runs.broken_size_runs,
            runs.size_run_pairs,
            missing.missing_core_sizes,
            runs.on_hand,
            profits.net_revenue_365d
        from articles_of_runs as runs
        inner join product_profitability as profits on runs.article_number = profits.article_number
        left join missing on runs.article_number = missing.article_number
        where runs.broken_size_runs > 0
        order by profits.net_revenue_365d desc nulls last, runs.article_number
        limit %(most)s
        """
    ).format(branch=of_branch(), article=of_article())
    return Query(statement, {**filters.parameters(), "most": MOST_ARTICLES})


def markdown_candidates(filters: Filters, most: int = MOST_ARTICLES) -> Query:
    """Articles that need a price step to be gone in time: the most money bound first.

    Rows: the mart with the name, and value_cost, the stock at cost (EUR net).
    """
    statement = sql.SQL(
        """
        select
            candidates.*,
            articles.name,
            candidates.on_hand * articles.unit_cost as value_cost
        from markdown_candidates as candidates
        inner join dim_articles as articles on candidates.article_number = articles.article_number
        where candidates.price_step_rate > 0 and candidates.on_hand > 0 and {article}
        order by value_cost desc nulls last, candidates.article_number
        limit %(most)s
        """
    ).format(article=of_article("candidates.article_number"))
    return Query(statement, {**filters.parameters(), "most": most})


def returned_articles(filters: Filters) -> Query:
    """Articles that come back more often than their category, by the units that come back beyond its rate.

    Rows: article with its names, demand_units_365d, return_units_365d, return_rate, category_return_rate, units_beyond.
    """
    statement = sql.SQL(
        """
        select
            articles.article_number,
            articles.name,
            articles.category,
            articles.brand,
            articles.demand_units_365d,
            articles.return_units_365d,
            articles.return_rate,
            categories.category_return_rate,
            articles.return_units_365d - categories.category_return_rate * articles.demand_units_365d as units_beyond
        from product_profitability as articles
        inner join (
            select category, max(category_return_rate) as category_return_rate from returns_by_size group by category
        ) as categories on articles.category = categories.category
        where
            {article}
            and articles.demand_units_365d >= %(least)s
            and articles.return_rate > categories.category_return_rate
        order by units_beyond desc, articles.article_number
        limit %(most)s
        """
    ).format(article=of_article("articles.article_number"))
    return Query(statement, {**filters.parameters(), "least": LEAST_UNITS, "most": MOST_ARTICLES})
