with

holidays as (
    select
        date_day,
        comparable_day_last_year,
        holiday_name
    from {{ ref('dim_dates') }}
    where holiday_name is not null
)

select
    this_year.date_day,
    this_year.holiday_name,
    last_year.holiday_name as holiday_of_comparable_day
from holidays as this_year
left join holidays as last_year
    on this_year.comparable_day_last_year = last_year.date_day
where
    (
        this_year.holiday_name like '%Karfreitag%'
        or this_year.holiday_name like '%Ostermontag%'
        or this_year.holiday_name like '%Himmelfahrt%' and this_year.holiday_name not like '%Mariä%'
        or this_year.holiday_name like '%Pfingst%'
        or this_year.holiday_name like '%Fronleichnam%'
    )
    and this_year.date_day >= cast('2010-01-01' as date)
    and (last_year.holiday_name is null or last_year.holiday_name <> this_year.holiday_name)
