with

days as (
    {{ dbt_utils.date_spine(
        datepart='day', start_date="cast('2009-01-01' as date)", end_date="cast('2036-01-01' as date)"
    ) }}
),

calendar as (
    select
        cast(date_day as date) as date_day,
        cast(extract(year from date_day) as integer) as calendar_year
    from days
),

years as (
    select distinct
        calendar_year,
        {{ easter_sunday('calendar_year') }} as easter,
        {{ easter_sunday('(calendar_year - 1)') }} as easter_before
    from calendar
),

-- Days after Easter Sunday: carnival, Holy Week to Easter Monday, Ascension, Whitsun, Corpus Christi.
offsets as (
    {% for days in [-52, -51, -50, -49, -48, -47, -46, -6, -5, -4, -3, -2, -1, 0, 1, 39, 48, 49, 50, 60] -%}
    select {{ days }} as days_after_easter
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

bound as (
    select
        years.calendar_year,
        {{ days_after('years.easter', 'offsets.days_after_easter') }} as date_day,
        {{ days_after('years.easter_before', 'offsets.days_after_easter') }} as comparable_day,
        {{ days_after('years.easter_before', '(offsets.days_after_easter + 364)') }} as date_day_of_comparable
    from years
    cross join offsets
),

-- Days that lost their own comparable day to an Easter-bound day take one that an Easter-bound day left behind.
bereft as (
    select
        was_bound.calendar_year,
        was_bound.date_day_of_comparable as date_day,
        row_number() over (
            partition by was_bound.calendar_year, {{ iso_weekday('was_bound.date_day_of_comparable') }}
            order by was_bound.date_day_of_comparable
        ) as place
    from bound as was_bound
    left join bound as is_bound
        on was_bound.date_day_of_comparable = is_bound.date_day
    where is_bound.date_day is null
),

left_behind as (
    select
        is_bound.calendar_year,
        {{ days_after('is_bound.date_day', -364) }} as comparable_day,
        {{ iso_weekday('is_bound.date_day') }} as weekday,
        row_number() over (
            partition by is_bound.calendar_year, {{ iso_weekday('is_bound.date_day') }}
            order by is_bound.date_day
        ) as place
    from bound as is_bound
    left join bound as was_bound
        on is_bound.date_day = was_bound.date_day_of_comparable
    where was_bound.date_day_of_comparable is null
),

exchanged as (
    select
        bereft.date_day,
        left_behind.comparable_day
    from bereft
    inner join left_behind
        on
            bereft.calendar_year = left_behind.calendar_year
            and {{ iso_weekday('bereft.date_day') }} = left_behind.weekday
            and bereft.place = left_behind.place
),

final as (
    select
        calendar.date_day,
        coalesce(
            bound.comparable_day, exchanged.comparable_day, {{ days_after('calendar.date_day', -364) }}
        ) as comparable_day_last_year
    from calendar
    left join bound
        on calendar.date_day = bound.date_day
    left join exchanged
        on calendar.date_day = exchanged.date_day
)

select * from final
