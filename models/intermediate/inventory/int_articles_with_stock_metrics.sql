{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

daily as (
    select * from {{ ref('fct_inventory_daily') }}
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

company as (
    select
        as_of.as_of_date,
        min(pairs.known_from) as known_from,
        least(365, greatest(0, {{ days_apart('min(pairs.known_from)', 'as_of.as_of_date') }} + 1)) as known_days
    from as_of
    left join pairs
        on true
    group by as_of.as_of_date
),

stock_days as (
    select
        daily.article_number,
        daily.date_day,
        sum(greatest(daily.closing_stock, 0)) as units,
        sum(daily.closing_stock) as closing_stock,
        sum(coalesce(daily.closing_stock, 0) - coalesce(daily.opening_stock, 0)) as stock_change
    from daily
    cross join company
    where
        daily.date_day > {{ days_after('company.as_of_date', -365) }}
        and daily.date_day <= company.as_of_date
        and daily.is_observed
    group by daily.article_number, daily.date_day
),

sale_days as (
    select
        sales.article_number,
        sales.date_day,
        sum(sales.net_units) as net_units,
        sum(sales.cogs) as cogs,
        sum(sales.gross_margin) as gross_margin
    from sales
    cross join company
    where
        sales.date_day > {{ days_after('company.as_of_date', -365) }}
        and sales.date_day <= company.as_of_date
    group by sales.article_number, sales.date_day
),

article_days as (
    select
        coalesce(stock_days.article_number, sale_days.article_number) as article_number,
        coalesce(stock_days.date_day, sale_days.date_day) as date_day,
        coalesce(stock_days.units, 0) as units,
        coalesce(stock_days.closing_stock, 0) as closing_stock,
        coalesce(stock_days.stock_change, 0) as stock_change,
        sale_days.article_number is not null as has_line,
        coalesce(sale_days.net_units, 0) as net_units,
        sale_days.cogs,
        sale_days.gross_margin
    from stock_days
    full outer join sale_days
        on stock_days.article_number = sale_days.article_number and stock_days.date_day = sale_days.date_day
),

sums as (
    select
        article_days.article_number,
        sum(article_days.units) as unit_days,
        count(*) filter (where article_days.has_line and article_days.date_day >= company.known_from) as selling_days,
        sum(article_days.cogs) filter (where article_days.date_day >= company.known_from) as cogs,
        sum(article_days.gross_margin) filter (where article_days.date_day >= company.known_from) as gross_margin,
        sum(article_days.closing_stock) filter (
            where article_days.date_day = {{ days_after('company.as_of_date', -90) }}
        ) as opening_stock_90d,
        sum(greatest(article_days.stock_change + article_days.net_units, 0)) filter (
            where article_days.date_day > {{ days_after('company.as_of_date', -90) }}
        ) as received_units_90d,
        sum(article_days.net_units) filter (
            where article_days.date_day > {{ days_after('company.as_of_date', -90) }}
        ) as net_units_90d
    from article_days
    cross join company
    group by article_days.article_number
),

rates as (
    select
        articles.article_number,
        company.known_days,
        company.known_from <= {{ days_after('company.as_of_date', -90) }} as is_opening_known,
        sums.unit_days * articles.unit_cost as stock_value_days_365d,
        case when coalesce(sums.selling_days, 0) = 0 then 0 else sums.cogs end as cogs_365d,
        case when coalesce(sums.selling_days, 0) = 0 then 0 else sums.gross_margin end as gross_margin_365d,
        coalesce(sums.opening_stock_90d, 0) + coalesce(sums.received_units_90d, 0) as offered_units_90d,
        coalesce(sums.net_units_90d, 0) as net_units_90d
    from articles
    cross join company
    left join sums
        on articles.article_number = sums.article_number
),

final as (
    select
        article_number,
        case
            when known_days >= {{ var('min_stock_days') }} and stock_value_days_365d > 0
                then cogs_365d * 365 / stock_value_days_365d
        end as turnover_rate,
        case
            when known_days >= {{ var('min_stock_days') }} and stock_value_days_365d > 0
                then gross_margin_365d * 365 / stock_value_days_365d
        end as gmroi,
        case
            when is_opening_known and offered_units_90d > 0 then net_units_90d / offered_units_90d
        end as sell_through_rate_90d
    from rates
)

select * from final
