{%- set states = ['bb', 'be', 'bw', 'by', 'hb', 'he', 'hh', 'mv', 'ni', 'nw', 'rp', 'sh', 'sl', 'sn', 'st', 'th'] %}
with

days as (
    select * from {{ ref('int_dates__comparable') }}
),

public_holidays as (
    select * from {{ ref('public_holidays') }}
),

final as (
    select
        days.date_day,
        {{ iso_year('days.date_day') }} as iso_year,
        {{ iso_week('days.date_day') }} as iso_week,
        {{ iso_weekday('days.date_day') }} as iso_weekday,
        {{ days_after('days.date_day', '(1 - ' ~ iso_weekday('days.date_day') ~ ')') }} as week_start_date,
        cast(extract(day from days.date_day) as integer) as day_of_month,
        cast(extract(month from days.date_day) as integer) as month,
        cast({{ dbt.date_trunc('month', 'days.date_day') }} as date) as month_start_date,
        cast(extract(quarter from days.date_day) as integer) as quarter,
        cast(extract(year from days.date_day) as integer) as year,
        {{ iso_weekday('days.date_day') }} = 7 as is_sunday,
        public_holidays.name as holiday_name,
        {% for state in states -%}
        coalesce(public_holidays.{{ state }}, false) as is_public_holiday_{{ state }},
        {% endfor -%}
        days.comparable_day_last_year
    from days
    left join public_holidays
        on days.date_day = public_holidays.date_day
)

select * from final
