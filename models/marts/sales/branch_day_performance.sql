with

branch_days as (
    select * from {{ ref('int_sales__branch_days') }}
),

plans as (
    select * from {{ ref('sales_plan') }}
),

calendar as (
    select * from {{ ref('dim_dates') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

branches as (
    select
        branch_number,
        min(date_day) as first_line_on
    from branch_days
    group by branch_number
),

-- Days of a plan and days that have something to compare with, although nothing was sold.
expected_days as (
    select
        date_day,
        branch_number
    from plans
    union
    select
        calendar.date_day,
        branch_days.branch_number
    from calendar
    inner join branch_days
        on calendar.comparable_day_last_year = branch_days.date_day
),

days as (
    select
        date_day,
        branch_number
    from branch_days
    union
    select
        expected_days.date_day,
        expected_days.branch_number
    from expected_days
    cross join as_of
    where expected_days.date_day <= greatest(as_of.newest_day, as_of.as_of_date)
),

compared as (
    select
        days.date_day,
        days.branch_number,
        case
            when branches.first_line_on <= calendar.comparable_day_last_year then coalesce(last_year.net_revenue, 0)
        end as net_revenue_comparable_day
    from days
    left join calendar
        on days.date_day = calendar.date_day
    left join branches
        on days.branch_number = branches.branch_number
    left join branch_days as last_year
        on
            calendar.comparable_day_last_year = last_year.date_day
            and days.branch_number = last_year.branch_number
),

final as (
    select
        compared.date_day,
        compared.branch_number,
        coalesce(sold.receipts, 0) as receipts,
        coalesce(sold.sale_lines, 0) as sale_lines,
        cast(coalesce(sold.demand_units, 0) as numeric(18, 4)) as demand_units,
        cast(coalesce(sold.return_units, 0) as numeric(18, 4)) as return_units,
        cast(coalesce(sold.net_units, 0) as numeric(18, 4)) as net_units,
        cast(coalesce(sold.gross_revenue, 0) as numeric(18, 6)) as gross_revenue,
        cast(coalesce(sold.net_revenue, 0) as numeric(18, 6)) as net_revenue,
        cast(coalesce(sold.net_revenue_with_cost, 0) as numeric(18, 6)) as net_revenue_with_cost,
        sold.cogs,
        sold.gross_margin,
        {{ rate('sold.gross_margin', 'sold.net_revenue_with_cost') }} as margin_pct,
        {{ rate('sold.net_revenue_with_cost', 'sold.net_revenue') }} as cost_coverage,
        cast(case when sold.date_day is null then 0 else sold.label_value end as numeric(18, 6)) as label_value,
        cast(case when sold.date_day is null then 0 else sold.discount_amount end as numeric(18, 6))
            as discount_amount,
        {{ rate('sold.discount_amount', 'sold.label_value') }} as discount_rate,
        {{ rate('sold.return_units', 'sold.demand_units') }} as return_rate,
        {{ rate('sold.gross_revenue', 'sold.receipts') }} as basket_gross,
        {{ rate('sold.net_units', 'sold.receipts') }} as units_per_receipt,
        cast(plans.plan_net_revenue as numeric(18, 6)) as plan_net_revenue,
        cast(compared.net_revenue_comparable_day as numeric(18, 6)) as net_revenue_comparable_day,
        coalesce(compared.date_day <= as_of.as_of_date, false) as is_complete
    from compared
    cross join as_of
    left join branch_days as sold
        on
            compared.date_day = sold.date_day
            and compared.branch_number = sold.branch_number
    left join plans
        on
            compared.date_day = plans.date_day
            and compared.branch_number = plans.branch_number
)

select * from final
