{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

windows as (
    select * from {{ ref('int_articles__sales_windows') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

earning as (
    select
        articles.article_number,
        windows.range_start,
        windows.blocks,
        windows.demand_units_of_blocks as units,
        windows.squared_demand_units_of_blocks as squares,
        coalesce(windows.net_revenue_365d, 0) as net_revenue_365d,
        greatest(coalesce(windows.net_revenue_365d, 0), 0) as positive_revenue
    from articles
    left join windows
        on articles.article_number = windows.article_number
),

ranked as (
    select
        *,
        (blocks * squares - units * units) / nullif(units * units, 0) as squared_cv,
        sum(positive_revenue) over () as total_revenue,
        sum(positive_revenue) over (
            order by net_revenue_365d desc, article_number
            rows between unbounded preceding and current row
        ) as revenue_up_to
    from earning
),

-- Compared by multiplication: a share on the edge must not fall to either side by rounding.
final as (
    select
        ranked.article_number,
        cast(ranked.net_revenue_365d as numeric(18, 6)) as net_revenue_365d,
        {{ rate('ranked.positive_revenue', 'ranked.total_revenue') }} as revenue_share,
        {{ rate('ranked.revenue_up_to', 'ranked.total_revenue') }} as cumulative_share,
        case
            when ranked.positive_revenue = 0 then 'C'
            when (ranked.revenue_up_to - ranked.positive_revenue) * 100 < ranked.total_revenue * 80 then 'A'
            when (ranked.revenue_up_to - ranked.positive_revenue) * 100 < ranked.total_revenue * 95 then 'B'
            else 'C'
        end as abc_class,
        cast(sqrt(ranked.squared_cv) as numeric(18, 6)) as weekly_demand_cv,
        case
            when ranked.blocks is null then null
            when ranked.squared_cv <= 0.25 then 'X'
            when ranked.squared_cv <= 1 then 'Y'
            else 'Z'
        end as xyz_class,
        coalesce(
            {{ days_apart('ranked.range_start', 'as_of.as_of_date') }} <= {{ var('new_article_days') }}, false
        ) as is_new_article
    from ranked
    cross join as_of
)

select * from final
