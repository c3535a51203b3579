{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

{%- set prior = baseline_constant('level_prior') %}

with

series as (
    select * from {{ ref('int_forecasting__series') }}
),

pair_weekdays as (
    select * from {{ ref('int_forecasting__pair_weekdays') }}
),

factors as (
    select * from {{ ref('int_forecasting__weekday_factors') }}
),

-- Every series of the window counts in what is pooled, forecastable or not.
exposed as (
    select
        series.branch_number,
        series.article_number,
        series.category,
        series.is_forecastable,
        series.series_end,
        pair_weekdays.units,
        pair_weekdays.share,
        pair_weekdays.units_squared,
        pair_weekdays.units_by_share,
        pair_weekdays.share_squared,
        factors.weekday_factor
    from series
    left join pair_weekdays
        on
            series.branch_number = pair_weekdays.branch_number
            and series.article_number = pair_weekdays.article_number
    left join factors
        on
            series.branch_number = factors.branch_number
            and series.category = factors.category
            and pair_weekdays.iso_weekday = factors.iso_weekday
),

-- By windows instead of joins: how many rows a group has is not known beforehand.
summed as (
    select
        *,
        coalesce(sum(units) over of_pair, 0) as units_of_pair,
        coalesce(sum(share * weekday_factor) over of_pair, 0) as exposure,
        coalesce(
            sum(units) over of_category / nullif(sum(share * weekday_factor) over of_category, 0), 0
        ) as category_level
    from exposed
    window
        of_pair as (partition by branch_number, article_number),
        of_category as (partition by category)
),

levels as (
    select
        *,
        cast(
            case
                when category_level > 0
                    then (units_of_pair + {{ prior }}) / (exposure + {{ prior }} / category_level)
                else 0
            end as numeric(28, 15)
        ) as level
    from summed
),

moments as (
    select
        *,
        units_squared
        - 2 * level * weekday_factor * units_by_share
        + level * level * weekday_factor * weekday_factor * share_squared
        - level * weekday_factor * share as excess,
        level * level * weekday_factor * weekday_factor * share_squared as squared_means
    from levels
),

pooled as (
    select
        *,
        cast(
            case
                when sum(squared_means) over of_category > 0
                    then least(
                        {{ baseline_constant('dispersion_most') }},
                        greatest(0, sum(excess) over of_category / sum(squared_means) over of_category)
                    )
                else {{ baseline_constant('dispersion_most') }}
            end as numeric(28, 15)
        ) as dispersion
    from moments
    window of_category as (partition by category)
),

final as (
    select
        branch_number,
        article_number,
        category,
        is_forecastable,
        series_end,
        cast(units_of_pair as numeric(28, 12)) as units,
        cast(exposure as numeric(28, 12)) as exposure,
        cast(category_level as numeric(28, 15)) as category_level,
        level,
        dispersion,
        cast(
            least(
                {{ baseline_constant('level_cv2_most') }},
                {{ baseline_constant('level_cv2_least') }} + (1 + dispersion * level) / (units_of_pair + {{ prior }})
            ) as numeric(28, 15)
        ) as level_cv2
    from pooled
    group by
        branch_number, article_number, category, is_forecastable, series_end, units_of_pair, exposure, category_level,
        level, dispersion
)

select * from final
