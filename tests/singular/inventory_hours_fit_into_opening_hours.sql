{{ config(tags=['nightly']) }}

with

daily as (
    select * from {{ ref('fct_inventory_daily') }} where stockout_hours is not null
),

branch_days as (
    select
        *,
        {{ hours_between('opens_at', 'closes_at') }} as opening_hours
    from {{ ref('int_inventory__branch_days') }}
    where not is_superseded
)

select
    daily.*,
    branch_days.opening_hours
from daily
inner join branch_days
    on daily.branch_number = branch_days.branch_number and daily.date_day = branch_days.date_day
where
    daily.stockout_hours > coalesce(branch_days.opening_hours, 0)
    or not branch_days.is_observed_by_the_hour
