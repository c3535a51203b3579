{{ config(tags=['nightly']) }}

with

looked_at as (
    select * from {{ sampled_days() }} as days
),

daily as (
    select
        date_day,
        branch_number,
        sum(closing_stock) as stock_units,
        sum(stock_value_cost) as stock_value_cost,
        count(case when is_ranged then 1 end) as ranged_articles
    from {{ ref('fct_inventory_daily') }}
    where date_day in (select looked_at.date_day from looked_at)
    group by date_day, branch_number
),

levels as (
    select
        date_day,
        branch_number,
        sum(stock_units) as stock_units,
        sum(stock_value_cost) as stock_value_cost,
        sum(ranged_articles) as ranged_articles
    from {{ ref('stock_levels') }}
    where date_day in (select looked_at.date_day from looked_at)
    group by date_day, branch_number
)

select
    coalesce(daily.date_day, levels.date_day) as date_day,
    coalesce(daily.branch_number, levels.branch_number) as branch_number,
    daily.stock_units,
    levels.stock_units as stock_units_of_levels
from daily
full outer join levels
    on daily.date_day = levels.date_day and daily.branch_number = levels.branch_number
where
    daily.stock_units is distinct from levels.stock_units
    or daily.stock_value_cost is distinct from levels.stock_value_cost
    or daily.ranged_articles is distinct from levels.ranged_articles
