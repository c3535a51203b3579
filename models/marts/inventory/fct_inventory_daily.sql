{{ config(materialized='view') }}

with

spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

branch_days as (
    select * from {{ ref('int_inventory__branch_days') }} where not is_superseded
),

-- Stored is the first day of every span; the days that follow are like it, and nothing moves.
final as (
    select
        branch_days.date_day,
        spans.branch_number,
        spans.article_number,
        case
            when branch_days.date_day = spans.first_day then spans.opening_stock
            else spans.closing_stock
        end as opening_stock,
        spans.closing_stock,
        spans.stock_value_cost,
        cast(case when branch_days.date_day = spans.first_day then spans.demand_units else 0 end as numeric(18, 4))
            as demand_units,
        cast(case when branch_days.date_day = spans.first_day then spans.net_units else 0 end as numeric(18, 4))
            as net_units,
        cast(
            case
                when branch_days.date_day = spans.first_day then spans.inferred_receipts
                when spans.is_observed then 0
            end as numeric(18, 4)
        ) as inferred_receipts,
        cast(
            case
                when branch_days.date_day = spans.first_day then spans.inferred_issues
                when spans.is_observed then 0
            end as numeric(18, 4)
        ) as inferred_issues,
        cast(
            case
                when not spans.is_observed or not branch_days.is_observed_by_the_hour then null
                when branch_days.opens_at is null then 0
                when branch_days.date_day = spans.first_day and spans.observed_from_at > branch_days.opens_at then null
                when branch_days.date_day = spans.first_day and spans.stockout_hours is not null then spans.stockout_hours
                when spans.closing_stock <= 0 then {{ hours_between('branch_days.opens_at', 'branch_days.closes_at') }}
                else 0
            end as numeric(18, 6)
        ) as stockout_hours,
        spans.is_ranged,
        spans.is_in_stock,
        spans.is_observed
    from spans
    inner join branch_days
        on
            spans.branch_number = branch_days.branch_number
            and branch_days.date_day between spans.first_day and spans.last_day
)

select * from final
