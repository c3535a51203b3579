{{ config(tags=['nightly']) }}

with

daily as (
    select
        date_day,
        branch_number,
        article_number,
        stockout_hours
    from {{ ref('fct_inventory_daily') }}
    where stockout_hours is not null
),

branch_days as (
    select
        date_day,
        branch_number,
        is_observed_by_the_hour,
        {{ hours_between('opens_at', 'closes_at') }} as opening_hours
    from {{ ref('int_inventory__branch_days') }}
    where not is_superseded
)

select
    daily.date_day,
    daily.branch_number,
    daily.article_number,
    daily.stockout_hours,
    branch_days.opening_hours
from daily
inner join branch_days
    on daily.branch_number = branch_days.branch_number and daily.date_day = branch_days.date_day
where
    daily.stockout_hours > coalesce(branch_days.opening_hours, 0)
    or not branch_days.is_observed_by_the_hour
