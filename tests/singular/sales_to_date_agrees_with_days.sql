with

sums as (
    select
        periods.period,
        periods.branch_number,
        sum(days.net_revenue) as net_revenue,
        sum(days.net_revenue_comparable_day) as net_revenue_last_year,
        sum(days.plan_net_revenue) as plan_net_revenue,
        sum(days.gross_margin) as gross_margin,
        sum(days.receipts) as receipts
    from {{ ref('sales_to_date') }} as periods
    left join {{ ref('branch_day_performance') }} as days
        on
            periods.branch_number = days.branch_number
            and periods.period_start <= days.date_day
            and periods.period_end >= days.date_day
    group by periods.period, periods.branch_number
)

select
    periods.period,
    periods.branch_number
from {{ ref('sales_to_date') }} as periods
inner join sums
    on periods.period = sums.period and periods.branch_number = sums.branch_number
where
    periods.net_revenue <> coalesce(sums.net_revenue, 0)
    or periods.net_revenue_last_year <> coalesce(sums.net_revenue_last_year, 0)
    or periods.plan_net_revenue is distinct from sums.plan_net_revenue
    or periods.gross_margin is distinct from sums.gross_margin
    or periods.receipts <> coalesce(sums.receipts, 0)
