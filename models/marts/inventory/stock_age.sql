with

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

ages as (
    select * from {{ ref('int_articles__stock_ages') }}
),

seasons as (
    select * from {{ ref('season_calendar') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

final as (
    select
        ages.article_number,
        ages.age_bucket,
        articles.category,
        articles.season,
        {{ days_apart('seasons.starts_on', 'as_of.as_of_date') }} as season_age_days,
        cast(ages.stock_units as numeric(18, 4)) as stock_units,
        cast(ages.stock_units * articles.unit_cost as numeric(18, 6)) as stock_value_cost
    from ages
    cross join as_of
    inner join articles
        on ages.article_number = articles.article_number
    left join seasons
        on articles.season = seasons.season
)

select * from final
