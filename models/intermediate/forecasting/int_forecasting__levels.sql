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

-- Sums over the weekdays of a series, f being their factors; every series of the window counts in what is pooled,
-- forecastable or not.
summed as (
    select
        series.branch_number,
        series.article_number,
        series.category,
        series.is_forecastable,
        series.series_end,
        coalesce(sum(pair_weekdays.units), 0) as units,
        coalesce(sum(pair_weekdays.share * factors.weekday_factor), 0) as exposure,
        coalesce(sum(pair_weekdays.units_squared), 0) as units_squared,
        coalesce(sum(pair_weekdays.units_by_share * factors.weekday_factor), 0) as units_by_exposure,
        coalesce(sum(pair_weekdays.share_squared * factors.weekday_factor * factors.weekday_factor), 0)
            as exposure_squared
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
    group by
        series.branch_number, series.article_number, series.category, series.is_forecastable, series.series_end
),

of_categories as (
    select
        *,
        coalesce(
            sum(units) over of_category / nullif(sum(exposure) over of_category, 0), 0
        ) as category_level
    from summed
    window of_category as (partition by category)
),

levels as (
    select
        *,
        cast(
            case
                when category_level > 0 then (units + {{ prior }}) / (exposure + {{ prior }} / category_level)
                else 0
            end as numeric(28, 15)
        ) as level
    from of_categories
),

moments as (
    select
        *,
        units_squared - 2 * level * units_by_exposure + level * level * exposure_squared - level * exposure as excess,
        level * level * exposure_squared as squared_means
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
        cast(units as numeric(28, 12)) as units,
        cast(exposure as numeric(28, 12)) as exposure,
        cast(category_level as numeric(28, 15)) as category_level,
        level,
        dispersion,
        cast(
            least(
                {{ baseline_constant('level_cv2_most') }},
                {{ baseline_constant('level_cv2_least') }} + (1 + dispersion * level) / (units + {{ prior }})
            ) as numeric(28, 15)
        ) as level_cv2
    from pooled
)

select * from final
