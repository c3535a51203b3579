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

seasons as (
    select * from {{ ref('season_calendar') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

today as (
    select calendar.*
    from calendar
    inner join as_of
        on calendar.date_day = as_of.as_of_date
),

periods as (
    select
        'day' as period,
        date_day as period_start,
        date_day as period_end
    from today
    union all
    select
        'week_to_date' as period,
        week_start_date as period_start,
        date_day as period_end
    from today
    union all
    select
        'month_to_date' as period,
        month_start_date as period_start,
        date_day as period_end
    from today
    union all
    select
        'season_to_date' as period,
        max(seasons.starts_on) as period_start,
        today.date_day as period_end
    from today
    inner join seasons
        on today.date_day >= seasons.starts_on
    group by today.date_day
    union all
    select
        'year_to_date' as period,
        make_date(year, 1, 1) as period_start,
        date_day as period_end
    from today
),

days as (
    select
        periods.period,
        calendar.date_day,
        calendar.comparable_day_last_year
    from periods
    inner join calendar
        on
            periods.period_start <= calendar.date_day
            and periods.period_end >= calendar.date_day
),

compared_periods as (
    select
        period,
        min(comparable_day_last_year) as first_comparable_day
    from days
    group by period
),

this_year as (
    select
        days.period,
        branch_days.branch_number,
        sum(branch_days.net_revenue) as net_revenue,
        sum(branch_days.gross_margin) as gross_margin,
        sum(branch_days.receipts) as receipts
    from days
    inner join branch_days
        on days.date_day = branch_days.date_day
    group by days.period, branch_days.branch_number
),

last_year as (
    select
        days.period,
        branch_days.branch_number,
        sum(branch_days.net_revenue) as net_revenue,
        sum(branch_days.gross_margin) as gross_margin,
        sum(branch_days.receipts) as receipts
    from days
    inner join branch_days
        on days.comparable_day_last_year = branch_days.date_day
    group by days.period, branch_days.branch_number
),

planned as (
    select
        days.period,
        plans.branch_number,
        sum(plans.plan_net_revenue) as plan_net_revenue
    from days
    inner join plans
        on days.date_day = plans.date_day
    group by days.period, plans.branch_number
),

branches as (
    select
        branch_number,
        min(date_day) as first_line_on
    from branch_days
    group by branch_number
),

rows_of_mart as (
    select
        period,
        branch_number
    from this_year
    union
    select
        period,
        branch_number
    from last_year
    union
    select
        period,
        branch_number
    from planned
),

final as (
    select
        rows_of_mart.period,
        rows_of_mart.branch_number,
        periods.period_start,
        periods.period_end,
        cast(coalesce(this_year.net_revenue, 0) as numeric(18, 6)) as net_revenue,
        cast(coalesce(last_year.net_revenue, 0) as numeric(18, 6)) as net_revenue_last_year,
        {{ rate('(coalesce(this_year.net_revenue, 0) - last_year.net_revenue)', 'last_year.net_revenue') }}
            as change_rate,
        cast(planned.plan_net_revenue as numeric(18, 6)) as plan_net_revenue,
        {{ rate('coalesce(this_year.net_revenue, 0)', 'planned.plan_net_revenue') }} as plan_rate,
        cast(this_year.gross_margin as numeric(18, 6)) as gross_margin,
        cast(last_year.gross_margin as numeric(18, 6)) as gross_margin_last_year,
        cast(coalesce(this_year.receipts, 0) as bigint) as receipts,
        cast(coalesce(last_year.receipts, 0) as bigint) as receipts_last_year,
        coalesce(
            branches.first_line_on <= compared_periods.first_comparable_day
            and this_year.net_revenue <> 0
            and last_year.net_revenue <> 0, false
        ) as is_like_for_like
    from rows_of_mart
    inner join periods
        on rows_of_mart.period = periods.period
    inner join compared_periods
        on rows_of_mart.period = compared_periods.period
    left join this_year
        on rows_of_mart.period = this_year.period and rows_of_mart.branch_number = this_year.branch_number
    left join last_year
        on rows_of_mart.period = last_year.period and rows_of_mart.branch_number = last_year.branch_number
    left join planned
        on rows_of_mart.period = planned.period and rows_of_mart.branch_number = planned.branch_number
    left join branches
        on rows_of_mart.branch_number = branches.branch_number
)

select * from final
