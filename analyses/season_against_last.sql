-- Sell-through of each season's newest week, by category, against the season a year before and against plan. Read:
-- behind_units is how many units would have to be sold to be where last year was; the largest come first.
with

weeks as (
    select
        *,
        row_number() over (partition by season, category order by season_week desc) as place
    from {{ ref('season_weeks') }}
),

final as (
    select
        season,
        category,
        season_week,
        received_units_cumulated,
        sell_through,
        sell_through_last_year,
        plan_sell_through,
        sell_through - sell_through_last_year as ahead_of_last_year,
        case
            when sell_through_last_year is not null
                then greatest(0, (sell_through_last_year - sell_through) * received_units_cumulated)
        end as behind_units
    from weeks
    where place = 1
)

select * from final
order by behind_units desc nulls last, season, category
