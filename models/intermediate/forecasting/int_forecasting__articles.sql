{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

classification as (
    select * from {{ ref('int_articles__classification') }}
),

season_calendar as (
    select * from {{ ref('season_calendar') }}
),

price_bands as (
    select * from {{ ref('price_bands') }}
),

final as (
    select
        articles.article_number,
        articles.name as article_name,
        articles.category,
        articles.category_level_1,
        articles.brand,
        articles.supplier,
        articles.season,
        season_calendar.starts_on as season_starts_on,
        season_calendar.ends_on as season_ends_on,
        coalesce(price_bands.price_band, 'unknown') as price_tier,
        articles.list_price_gross,
        articles.unit_cost,
        articles.is_active and not articles.is_deleted as is_active,
        classification.abc_class,
        classification.xyz_class
    from articles
    left join classification
        on articles.article_number = classification.article_number
    left join season_calendar
        on articles.season = season_calendar.season
    left join price_bands
        on
            articles.list_price_gross >= price_bands.from_price_gross
            and (articles.list_price_gross < price_bands.below_price_gross or price_bands.below_price_gross is null)
)

select * from final
