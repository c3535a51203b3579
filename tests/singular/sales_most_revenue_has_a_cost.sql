{{ config(severity='warn') }}

with

merchandise as (
    select
        sum(sales.net_revenue) as net_revenue,
        sum(sales.net_revenue_with_cost) as net_revenue_with_cost
    from {{ ref('sales_performance') }} as sales
    cross join {{ ref('int_as_of') }} as as_of
    where
        sales.category <> 'non_merchandise'
        and sales.date_day > {{ days_after('as_of.as_of_date', -365) }}
        and sales.date_day <= as_of.as_of_date
)

select
    net_revenue,
    {{ rate('net_revenue_with_cost', 'net_revenue') }} as cost_coverage
from merchandise
where {{ rate('net_revenue_with_cost', 'net_revenue') }} < 0.98
