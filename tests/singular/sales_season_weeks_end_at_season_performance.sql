with

running as (
    select
        weeks.season,
        sum(weeks.received_units_cumulated) as received_units,
        sum(weeks.net_units_cumulated) as net_units
    from {{ ref('season_weeks') }} as weeks
    cross join {{ ref('int_as_of') }} as as_of
    inner join {{ ref('season_calendar') }} as seasons
        on weeks.season = seasons.season
    where
        as_of.as_of_date >= {{ days_after('seasons.starts_on', '(7 * weeks.season_week - 7)') }}
        and as_of.as_of_date < {{ days_after('seasons.starts_on', '(7 * weeks.season_week)') }}
    group by weeks.season
),

seasons as (
    select
        season,
        sum(received_units) as received_units,
        sum(net_units) as net_units
    from {{ ref('season_performance') }}
    group by season
)

select running.season
from running
inner join seasons
    on running.season = seasons.season
where
    running.received_units <> seasons.received_units
    or running.net_units <> seasons.net_units
