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

weekdays as (
    select iso_weekday
    from (
        values
        {% for weekday in range(1, 8) %}({{ weekday }}){{ ', ' if not loop.last }}{% endfor %}
    ) as numbered_weekdays (iso_weekday)
),

sums as (
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
),

rates as (
    select
        branch_number,
        category,
        coalesce(sum(units) / nullif(sum(share), 0), 0) as units_per_day
    from sums
    group by branch_number, category
),

raw_factors as (
    select
        rates.branch_number,
        rates.category,
        weekdays.iso_weekday,
        (coalesce(sums.units, 0) + {{ baseline_constant('weekday_prior') }})
        / (rates.units_per_day * coalesce(sums.share, 0) + {{ baseline_constant('weekday_prior') }}) as raw_factor
    from rates
    cross join weekdays
    left join sums
        on
            rates.branch_number = sums.branch_number
            and rates.category = sums.category
            and weekdays.iso_weekday = sums.iso_weekday
),

final as (
    select
        branch_number,
        category,
        iso_weekday,
        cast(
            raw_factor * 7 / sum(raw_factor) over (partition by branch_number, category) as numeric(28, 15)
        ) as weekday_factor
    from raw_factors
)

select * from final
