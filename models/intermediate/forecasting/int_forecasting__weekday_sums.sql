{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'category', 'iso_weekday'], 'unique': true}],
) }}

with

pair_weekdays as (
    select * from {{ ref('int_forecasting__pair_weekdays') }}
),

articles as (
    select * from {{ ref('int_forecasting__articles') }}
),

final as (
    select
        pair_weekdays.branch_number,
        articles.category,
        pair_weekdays.iso_weekday,
        sum(pair_weekdays.units) as units,
        sum(pair_weekdays.share) as share
    from pair_weekdays
    inner join articles
        on pair_weekdays.article_number = articles.article_number
    group by pair_weekdays.branch_number, articles.category, pair_weekdays.iso_weekday
)

select * from final
