{{ config(tags=['nightly']) }}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

events as (
    select
        events.branch_number,
        events.article_number,
        sum(
            greatest(
                0,
                {{ days_apart(
                    'greatest(events.started_on, ' ~ days_after('as_of.as_of_date', -89) ~ ')',
                    'coalesce(events.ended_on, as_of.as_of_date)',
                ) }} + 1
            )
        ) as stockout_days_90d,
        count(
            case
                when
                    {{ days_apart('events.started_on', 'coalesce(events.ended_on, as_of.as_of_date)') }} + 1
                    <> events.stockout_days
                    then 1
            end
        ) as events_with_gaps
    from {{ ref('stockout_events') }} as events
    cross join as_of
    group by events.branch_number, events.article_number
),

status as (
    select
        branch_number,
        article_number,
        coalesce(stockout_days_90d, 0) as stockout_days_90d
    from {{ ref('inventory_status') }}
)

select
    coalesce(status.branch_number, events.branch_number) as branch_number,
    coalesce(status.article_number, events.article_number) as article_number,
    status.stockout_days_90d,
    events.stockout_days_90d as stockout_days_of_events
from status
full outer join events
    on status.branch_number = events.branch_number and status.article_number = events.article_number
where
    status.branch_number is null
    or status.stockout_days_90d <> coalesce(events.stockout_days_90d, 0)
    or events.events_with_gaps > 0
