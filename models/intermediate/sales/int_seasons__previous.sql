with

seasons as (
    select * from {{ ref('season_calendar') }}
),

candidates as (
    select
        seasons.season,
        previous.season as previous_season,
        {{ days_apart('previous.starts_on', 'seasons.starts_on') }} as days_later,
        row_number() over (
            partition by seasons.season
            order by previous.starts_on desc, previous.season
        ) as place
    from seasons
    inner join seasons as previous
        on
            previous.starts_on >= {{ days_after('seasons.starts_on', -380) }}
            and previous.starts_on <= {{ days_after('seasons.starts_on', -350) }}
),

final as (
    select
        seasons.season,
        seasons.starts_on,
        seasons.ends_on,
        candidates.previous_season,
        candidates.days_later
    from seasons
    left join candidates
        on
            seasons.season = candidates.season
            and candidates.place = 1
)

select * from final
