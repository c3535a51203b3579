{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

daily as (
    select * from {{ ref('fct_inventory_daily') }}
),

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

first_ranged as (
    select
        article_number,
        min(range_start) as range_start
    from pairs
    group by article_number
),

revenue as (
    select
        sales.article_number,
        sum(sales.net_revenue) as net_revenue_365d
    from sales
    cross join as_of
    where
        sales.date_day > {{ days_after('as_of.as_of_date', -365) }}
        and sales.date_day <= as_of.as_of_date
    group by sales.article_number
),

earning as (
    select
        articles.article_number,
        coalesce(revenue.net_revenue_365d, 0) as net_revenue_365d,
        greatest(coalesce(revenue.net_revenue_365d, 0), 0) as positive_revenue
    from articles
    left join revenue
        on articles.article_number = revenue.article_number
),

ranked as (
    select
        *,
        sum(positive_revenue) over () as total_revenue,
        sum(positive_revenue) over (
            order by net_revenue_365d desc, article_number
            rows between unbounded preceding and current row
        ) as revenue_up_to
    from earning
),

-- Compared by multiplication: a share on the edge must not fall to either side by rounding.
abc as (
    select
        article_number,
        net_revenue_365d,
        {{ rate('positive_revenue', 'total_revenue') }} as revenue_share,
        {{ rate('revenue_up_to', 'total_revenue') }} as cumulative_share,
        case
            when positive_revenue = 0 then 'C'
            when (revenue_up_to - positive_revenue) * 100 < total_revenue * 80 then 'A'
            when (revenue_up_to - positive_revenue) * 100 < total_revenue * 95 then 'B'
            else 'C'
        end as abc_class
    from ranked
),

-- The 52 blocks of seven days that end at A, the newest is 0.
available_days as (
    select distinct
        daily.article_number,
        daily.date_day
    from daily
    cross join as_of
    where
        daily.is_ranged
        and daily.is_in_stock
        and daily.date_day > {{ days_after('as_of.as_of_date', -364) }}
        and daily.date_day <= as_of.as_of_date
),

available_blocks as (
    select
        available_days.article_number,
        {{ whole_weeks(days_apart('available_days.date_day', 'as_of.as_of_date')) }} as block,
        count(*) as available_days
    from available_days
    cross join as_of
    group by 1, 2
),

demand_blocks as (
    select
        sales.article_number,
        {{ whole_weeks(days_apart('sales.date_day', 'as_of.as_of_date')) }} as block,
        sum(sales.demand_units) as demand_units
    from sales
    cross join as_of
    where
        sales.date_day > {{ days_after('as_of.as_of_date', -364) }}
        and sales.date_day <= as_of.as_of_date
    group by 1, 2
),

counted_blocks as (
    select
        available_blocks.article_number,
        coalesce(demand_blocks.demand_units, 0) as demand_units
    from available_blocks
    cross join as_of
    inner join first_ranged
        on available_blocks.article_number = first_ranged.article_number
    left join demand_blocks
        on
            available_blocks.article_number = demand_blocks.article_number
            and available_blocks.block = demand_blocks.block
    where
        available_blocks.available_days >= 4
        and {{ days_after('as_of.as_of_date', '-(available_blocks.block * 7 + 6)') }} >= first_ranged.range_start
),

block_sums as (
    select
        article_number,
        count(*) as blocks,
        sum(demand_units) as units,
        sum(demand_units * demand_units) as squares
    from counted_blocks
    group by article_number
    having count(*) >= 13
),

variation as (
    select
        article_number,
        (blocks * squares - units * units) / nullif(units * units, 0) as squared_cv
    from block_sums
),

xyz as (
    select
        article_number,
        cast(sqrt(squared_cv) as numeric(18, 6)) as weekly_demand_cv,
        case
            when squared_cv <= 0.25 then 'X'
            when squared_cv <= 1 then 'Y'
            else 'Z'
        end as xyz_class
    from variation
),

final as (
    select
        abc.article_number,
        cast(abc.net_revenue_365d as numeric(18, 6)) as net_revenue_365d,
        abc.revenue_share,
        abc.cumulative_share,
        abc.abc_class,
        xyz.weekly_demand_cv,
        xyz.xyz_class,
        coalesce(
            {{ days_apart('first_ranged.range_start', 'as_of.as_of_date') }} <= {{ var('new_article_days') }}, false
        ) as is_new_article
    from abc
    cross join as_of
    left join xyz
        on abc.article_number = xyz.article_number
    left join first_ranged
        on abc.article_number = first_ranged.article_number
)

select * from final
