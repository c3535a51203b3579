{{ config(materialized='view', meta={'shows_rows_of': 'int_forecasting__pair_levels'}) }}

{%- set prior = baseline_constant('level_prior') %}

with

levels as (
    select * from {{ ref('int_forecasting__pair_levels') }}
),

dispersions as (
    select * from {{ ref('int_forecasting__dispersions') }}
),

final as (
    select
        levels.branch_number,
        levels.article_number,
        levels.category,
        levels.is_forecastable,
        levels.series_end,
        levels.units,
        levels.exposure,
        levels.level,
        dispersions.dispersion,
        cast(
            least(
                {{ baseline_constant('level_cv2_most') }},
                {{ baseline_constant('level_cv2_least') }}
                + (1 + dispersions.dispersion * levels.level) / (levels.units + {{ prior }})
            ) as numeric(28, 15)
        ) as level_cv2,
        greatest(levels.change_number, dispersions.change_number) as change_number
    from levels
    inner join dispersions
        on levels.category = dispersions.category
)

select * from final
