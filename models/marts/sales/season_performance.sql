with

articles as (
    select * from {{ ref('int_articles__lifetime') }}
),

flows as (
    select * from {{ ref('int_articles__season_flows') }}
),

stock_metrics as (
    select * from {{ ref('int_articles_with_stock_metrics') }}
),

pairs as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

rest as (
    select
        article_number,
        sum(greatest(on_hand, 0)) as rest_units,
        sum(inventory_value_cost) as rest_value_cost
    from pairs
    group by article_number
),

sums as (
    select
        articles.season,
        articles.category,
        articles.brand,
        articles.supplier,
        sum(coalesce(flows.received_units, 0)) as received_units,
        sum(coalesce(flows.net_units, 0)) as net_units,
        sum(articles.net_revenue) as net_revenue,
        sum(articles.gross_margin) as gross_margin,
        sum(articles.net_revenue_with_cost) as net_revenue_with_cost,
        sum(articles.markdown_amount) as markdown_amount,
        sum(case when articles.unit_cost is not null then articles.list_price_net end) as list_price_net,
        sum(case when articles.list_price_net is not null then articles.unit_cost end) as unit_cost,
        case
            when max(stock_metrics.known_days) >= {{ var('min_stock_days') }} and sum(stock_metrics.stock_value_days_365d) > 0
                then sum(stock_metrics.cogs_365d) * 365 / sum(stock_metrics.stock_value_days_365d)
        end as turnover_rate,
        sum(coalesce(rest.rest_units, 0)) as rest_units,
        sum(coalesce(rest.rest_value_cost, 0)) as rest_value_cost
    from articles
    left join flows
        on articles.article_number = flows.article_number and articles.season = flows.for_season
    left join stock_metrics
        on articles.article_number = stock_metrics.article_number
    left join rest
        on articles.article_number = rest.article_number
    group by articles.season, articles.category, articles.brand, articles.supplier
),

-- The articles of the season a year before, counted up to the day of today's season week.
last_year as (
    select
        flows.for_season,
        articles.category,
        articles.brand,
        articles.supplier,
        {{ rate('sum(flows.net_units)', 'sum(flows.received_units)') }} as season_sell_through
    from flows
    inner join articles
        on flows.article_number = articles.article_number and flows.for_season <> articles.season
    group by flows.for_season, articles.category, articles.brand, articles.supplier
),

final as (
    select
        sums.season,
        sums.category,
        sums.brand,
        sums.supplier,
        cast(sums.received_units as numeric(18, 4)) as received_units,
        cast(sums.net_units as numeric(18, 4)) as net_units,
        {{ rate('sums.net_units', 'sums.received_units') }} as season_sell_through,
        last_year.season_sell_through as sell_through_same_week_last_year,
        cast(sums.net_revenue as numeric(18, 6)) as net_revenue,
        cast(sums.net_revenue_with_cost as numeric(18, 6)) as net_revenue_with_cost,
        cast(sums.gross_margin as numeric(18, 6)) as gross_margin,
        {{ rate('sums.gross_margin', 'sums.net_revenue_with_cost') }} as margin_pct,
        cast(sums.markdown_amount as numeric(18, 6)) as markdown_amount,
        {{ rate('(sums.list_price_net - sums.unit_cost)', 'sums.unit_cost') }} as markup,
        cast(sums.turnover_rate as numeric(18, 6)) as turnover_rate,
        cast(sums.rest_units as numeric(18, 4)) as rest_units,
        cast(sums.rest_value_cost as numeric(18, 6)) as rest_value_cost
    from sums
    left join last_year
        on
            sums.season = last_year.for_season
            and sums.category = last_year.category
            and sums.brand = last_year.brand
            and sums.supplier = last_year.supplier
)

select * from final
