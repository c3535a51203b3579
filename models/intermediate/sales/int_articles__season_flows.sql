{{ config(materialized='table') }}

with

stock_weeks as (
    select * from {{ ref('int_articles__stock_weeks') }}
),

article_days as (
    select * from {{ ref('int_inventory__article_days') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

seasons as (
    select * from {{ ref('int_seasons__previous') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Up to which day an article counts: today for its own season, and for a season that follows it as many days earlier
-- as it began earlier.
points as (
    select
        articles.article_number,
        articles.season as for_season,
        as_of.as_of_date as counted_to
    from articles
    cross join as_of
    union all
    select
        articles.article_number,
        seasons.season as for_season,
        {{ days_after('as_of.as_of_date', '-seasons.days_later') }} as counted_to
    from articles
    inner join seasons
        on articles.season = seasons.previous_season
    cross join as_of
),

whole_weeks as (
    select
        points.article_number,
        points.for_season,
        points.counted_to,
        max(stock_weeks.last_day) as newest_week_to,
        min(stock_weeks.counted_from) as counted_from,
        sum(case when stock_weeks.last_day <= points.counted_to then stock_weeks.received_units else 0 end)
            as received_units,
        sum(case when stock_weeks.last_day <= points.counted_to then stock_weeks.net_units else 0 end) as net_units
    from points
    inner join stock_weeks
        on
            points.article_number = stock_weeks.article_number
            and points.counted_to >= stock_weeks.first_day
    group by points.article_number, points.for_season, points.counted_to
),

-- The week that the day lies in has not ended: its days one by one.
days_of_last_week as (
    select
        whole_weeks.article_number,
        whole_weeks.for_season,
        sum(article_days.received_units) as received_units,
        sum(article_days.net_units) as net_units
    from whole_weeks
    inner join article_days
        on
            whole_weeks.article_number = article_days.article_number
            and article_days.date_day > {{ days_after('whole_weeks.newest_week_to', -7) }}
            and whole_weeks.counted_from <= article_days.date_day
            and whole_weeks.counted_to >= article_days.date_day
    where whole_weeks.newest_week_to > whole_weeks.counted_to
    group by whole_weeks.article_number, whole_weeks.for_season
),

final as (
    select
        whole_weeks.article_number,
        whole_weeks.for_season,
        whole_weeks.counted_to,
        cast(whole_weeks.received_units + coalesce(days_of_last_week.received_units, 0) as numeric(18, 4))
            as received_units,
        cast(whole_weeks.net_units + coalesce(days_of_last_week.net_units, 0) as numeric(18, 4)) as net_units
    from whole_weeks
    left join days_of_last_week
        on
            whole_weeks.article_number = days_of_last_week.article_number
            and whole_weeks.for_season = days_of_last_week.for_season
)

select * from final
