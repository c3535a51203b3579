{{ config(materialized='view') }}

with

levels as (
    select * from {{ ref('int_inventory__level_spans') }}
),

branch_days as (
    select * from {{ ref('int_inventory__branch_days') }} where not is_superseded
),

final as (
    select
        branch_days.date_day,
        levels.branch_number,
        levels.category,
        levels.stock_units,
        levels.stock_value_cost,
        levels.ranged_articles,
        levels.stocked_out_articles,
        levels.rated_articles,
        levels.rated_stocked_out_articles,
        {{ rate('cast(levels.rated_stocked_out_articles as numeric(18, 6))', 'levels.rated_articles') }} as stockout_rate
    from levels
    inner join branch_days
        on
            levels.branch_number = branch_days.branch_number
            and branch_days.date_day between levels.first_day and levels.last_day
)

select * from final
