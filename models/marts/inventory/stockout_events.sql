{{ config(materialized='view') }}

with

spans as (
    select * from {{ ref('int_inventory__stockout_spans') }}
),

pairs as (
    select * from {{ ref('int_inventory__pairs') }}
),

calendar as (
    select * from {{ ref('int_inventory__branch_calendar') }}
),

revenue as (
    select * from {{ ref('int_articles__revenue_per_unit') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

cut as (
    select
        spans.*,
        least(spans.last_day, as_of.as_of_date) as ends_on,
        as_of.as_of_date,
        spans.demand_units_before / nullif(spans.available_days_before, 0) as demand_per_day_before
    from spans
    inner join as_of
        on spans.first_day <= as_of.as_of_date
),

-- Whether the hours of a day can be told is known after closing only, and changes without the stock.
hourly as (
    select
        cut.*,
        begins.day_weight,
        begins.day_weight_up_to,
        begins.open_hours_up_to,
        begins.unobserved_days_up_to,
        case
            when not begins.is_observed_by_the_hour then null
            when begins.opens_at is null then 0
            when cut.known_from_at > begins.opens_at then null
            else coalesce(cut.first_day_hours, begins.open_hours)
        end as hours_of_first_day
    from cut
    inner join calendar as begins
        on cut.branch_number = begins.branch_number and cut.first_day = begins.date_day
),

-- Only the first day of a span may have sold something; over the days after it the weights add up.
weighed as (
    select
        hourly.*,
        {{ days_apart('hourly.first_day', 'hourly.ends_on') }} + 1 as stockout_days,
        case
            when ends.unobserved_days_up_to = hourly.unobserved_days_up_to
                then hourly.hours_of_first_day + ends.open_hours_up_to - hourly.open_hours_up_to
        end as stockout_hours,
        greatest(0, hourly.demand_per_day_before * hourly.day_weight - hourly.demand_units)
        + hourly.demand_per_day_before * (ends.day_weight_up_to - hourly.day_weight_up_to) as lost_units
    from hourly
    inner join calendar as ends
        on hourly.branch_number = ends.branch_number and hourly.ends_on = ends.date_day
),

runs as (
    select
        branch_number,
        article_number,
        started_on,
        max(ends_on) as last_day,
        max(as_of_date) as as_of_date,
        sum(stockout_days) as stockout_days,
        case when count(stockout_hours) = count(*) then sum(stockout_hours) end as stockout_hours,
        max(demand_per_day_before) as demand_per_day_before,
        case when count(demand_per_day_before) > 0 then sum(lost_units) end as lost_units
    from weighed
    group by branch_number, article_number, started_on
),

final as (
    select
        runs.branch_number,
        runs.article_number,
        runs.started_on,
        case when runs.last_day < runs.as_of_date then runs.last_day end as ended_on,
        cast(runs.stockout_days as bigint) as stockout_days,
        pairs.assortment_type,
        cast(runs.stockout_hours as numeric(18, 6)) as stockout_hours,
        cast(runs.demand_per_day_before as numeric(18, 6)) as demand_per_day_before,
        cast(runs.lost_units as numeric(18, 6)) as estimated_lost_units,
        cast(runs.lost_units * revenue.net_revenue_per_unit as numeric(18, 6)) as estimated_lost_net_revenue
    from runs
    inner join pairs
        on runs.branch_number = pairs.branch_number and runs.article_number = pairs.article_number
    left join revenue
        on runs.article_number = revenue.article_number
)

select * from final
