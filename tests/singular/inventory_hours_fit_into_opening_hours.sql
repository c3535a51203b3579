{{ config(tags=['nightly']) }}

with

looked_at as (
    select * from {{ sampled_pairs() }} as pairs
),

daily as (
    select
        daily.date_day,
        daily.branch_number,
        daily.article_number,
        daily.stockout_hours
    from {{ ref('fct_inventory_daily') }} as daily
    inner join looked_at
        on daily.branch_number = looked_at.branch_number and daily.article_number = looked_at.article_number
    where daily.stockout_hours is not null
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
