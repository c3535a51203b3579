{{ config(tags=['nightly']) }}

with

looked_at as (
    select * from {{ sampled_pairs() }} as pairs
),

days as (
    select
        daily.branch_number,
        daily.article_number,
        count(*) as stockout_days,
        case when count(daily.stockout_hours) = count(*) then sum(daily.stockout_hours) end as stockout_hours
    from {{ ref('fct_inventory_daily') }} as daily
    inner join {{ ref('int_as_of') }} as as_of
        on daily.date_day <= as_of.as_of_date
    inner join looked_at
        on daily.branch_number = looked_at.branch_number and daily.article_number = looked_at.article_number
    where daily.is_ranged and daily.closing_stock <= 0
    group by daily.branch_number, daily.article_number
),

events as (
    select
        events.branch_number,
        events.article_number,
        sum(events.stockout_days) as stockout_days,
        case when count(events.stockout_hours) = count(*) then sum(events.stockout_hours) end as stockout_hours
    from {{ ref('stockout_events') }} as events
    inner join looked_at
        on events.branch_number = looked_at.branch_number and events.article_number = looked_at.article_number
    group by events.branch_number, events.article_number
)

select
    coalesce(days.branch_number, events.branch_number) as branch_number,
    coalesce(days.article_number, events.article_number) as article_number,
    days.stockout_days,
    events.stockout_days as stockout_days_of_events,
    days.stockout_hours,
    events.stockout_hours as stockout_hours_of_events
from days
full outer join events
    on days.branch_number = events.branch_number and days.article_number = events.article_number
where
    days.stockout_days is distinct from events.stockout_days
    or days.stockout_hours is distinct from events.stockout_hours
