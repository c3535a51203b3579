{{ config(materialized='table', indexes=[{'columns': ['branch_number', 'date_day'], 'unique': true}]) }}

{%- set states = ['bb', 'be', 'bw', 'by', 'hb', 'he', 'hh', 'mv', 'ni', 'nw', 'rp', 'sh', 'sl', 'sn', 'st', 'th'] %}

with

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

opening as (
    select * from {{ ref('branch_calendar') }}
),

factors as (
    select * from {{ ref('int_forecasting__external_factors') }} where is_known_in_advance
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

holidays as (
    {%- for state in states %}
    select
        date_day,
        '{{ state | upper }}' as state
    from dates
    where is_public_holiday_{{ state }}
    union all
    {%- endfor %}
    select
        date_day,
        'unknown' as state
    from dates
    where {% for state in states %}is_public_holiday_{{ state }}{{ ' and ' if not loop.last }}{% endfor %}
),

days as (
    select
        branches.branch_number,
        branches.state,
        branches.shop_type,
        dates.date_day,
        dates.iso_weekday,
        dates.iso_week,
        dates.month,
        dates.is_sunday,
        coalesce(by_branch.open_on_sundays, by_type.open_on_sundays, by_default.open_on_sundays) as open_on_sundays
    from branches
    cross join as_of
    inner join dates
        on
            dates.date_day > {{ days_after('as_of.as_of_date', -1100) }}
            and {{ days_after('as_of.as_of_date', 400) }} >= dates.date_day
    left join opening as by_branch
        on by_branch.scope = 'branch' and branches.branch_number = by_branch.scope_value
    left join opening as by_type
        on by_type.scope = 'shop_type' and branches.shop_type = by_type.scope_value
    left join opening as by_default
        on by_default.scope = 'default'
),

named as (
    select
        date_day,
        branch_number,
        max(case when name = 'school_holiday' then value end) > 0 as is_school_holiday,
        max(case when name = 'promotion' then value end) > 0 as is_promotion
    from factors
    where name in ('school_holiday', 'promotion')
    group by date_day, branch_number
),

final as (
    select
        days.branch_number,
        days.date_day,
        days.iso_weekday,
        days.iso_week,
        days.month,
        days.is_sunday,
        holidays.date_day is not null as is_public_holiday,
        tomorrows.date_day is not null as is_day_before_holiday,
        yesterdays.date_day is not null as is_day_after_holiday,
        days.open_on_sundays or (not days.is_sunday and holidays.date_day is null) as is_open,
        coalesce(named.is_school_holiday, false) as is_school_holiday,
        coalesce(named.is_promotion, false) as is_promotion
    from days
    left join holidays
        on days.date_day = holidays.date_day and days.state = holidays.state
    left join holidays as tomorrows
        on {{ days_after('days.date_day', 1) }} = tomorrows.date_day and days.state = tomorrows.state
    left join holidays as yesterdays
        on {{ days_after('days.date_day', -1) }} = yesterdays.date_day and days.state = yesterdays.state
    left join named
        on days.branch_number = named.branch_number and days.date_day = named.date_day
)

select * from final
