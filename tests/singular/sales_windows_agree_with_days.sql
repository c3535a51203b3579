{{ config(tags=['nightly']) }}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

articles as (
    select * from {{ ref('dim_articles') }} where is_merchandise
),

daily as (
    select
        sum(case when sales.date_day > {{ days_after('as_of.as_of_date', -90) }} then sales.net_units else 0 end)
            as net_units_90d,
        sum(case when sales.date_day > {{ days_after('as_of.as_of_date', -90) }} then sales.net_revenue else 0 end)
            as net_revenue_90d,
        sum(case when sales.date_day > {{ days_after('as_of.as_of_date', -28) }} then sales.net_units else 0 end)
            as net_units_28d,
        sum(sales.return_units) as return_units_365d
    from {{ ref('fct_sales_daily') }} as sales
    cross join as_of
    inner join articles
        on sales.article_number = articles.article_number
    where
        sales.date_day > {{ days_after('as_of.as_of_date', -365) }}
        and sales.date_day <= as_of.as_of_date
),

bands as (
    select
        sum(net_units_90d) as net_units_90d,
        sum(net_revenue_90d) as net_revenue_90d
    from {{ ref('price_band_performance') }}
),

assortment as (
    select
        sum(net_units_90d) as net_units_90d,
        sum(net_revenue_90d) as net_revenue_90d
    from {{ ref('assortment_performance') }}
),

ranking as (
    select sum(net_units_28d) as net_units_28d
    from {{ ref('article_ranking') }}
),

sizes as (
    select sum(return_units_365d) as return_units_365d
    from {{ ref('returns_by_size') }}
)

select *
from daily
cross join bands
cross join assortment
cross join ranking
cross join sizes
where
    coalesce(daily.net_units_90d, 0) <> coalesce(bands.net_units_90d, 0)
    or coalesce(daily.net_revenue_90d, 0) <> coalesce(bands.net_revenue_90d, 0)
    or coalesce(daily.net_units_90d, 0) <> coalesce(assortment.net_units_90d, 0)
    or coalesce(daily.net_revenue_90d, 0) <> coalesce(assortment.net_revenue_90d, 0)
    or coalesce(daily.net_units_28d, 0) <> coalesce(ranking.net_units_28d, 0)
    or coalesce(daily.return_units_365d, 0) <> coalesce(sizes.return_units_365d, 0)
