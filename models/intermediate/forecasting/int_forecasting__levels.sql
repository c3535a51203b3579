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

sums as (
    select
        branch_number,
        article_number,
        category,
        is_forecastable,
        series_end,
        coalesce(sum(units), 0) as units,
        coalesce(sum(share * weekday_factor), 0) as exposure
    from exposed
    group by branch_number, article_number, category, is_forecastable, series_end
),

pooled as (
    select
        *,
        coalesce(
            sum(units) over (partition by category) / nullif(sum(exposure) over (partition by category), 0), 0
        ) as category_level
    from sums
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
    from pooled
),

moments as (
    select
        exposed.category,
        sum(
            exposed.units_squared
            - 2 * levels.level * exposed.weekday_factor * exposed.units_by_share
            + levels.level * levels.level * exposed.weekday_factor * exposed.weekday_factor * exposed.share_squared
            - levels.level * exposed.weekday_factor * exposed.share
        ) as excess,
        sum(levels.level * levels.level * exposed.weekday_factor * exposed.weekday_factor * exposed.share_squared)
            as squared_means
    from exposed
    inner join levels
        on exposed.branch_number = levels.branch_number and exposed.article_number = levels.article_number
    group by exposed.category
),

dispersions as (
    select
        category,
        cast(
            case
                when squared_means > 0
                    then least({{ baseline_constant('dispersion_most') }}, greatest(0, excess / squared_means))
                else {{ baseline_constant('dispersion_most') }}
            end as numeric(28, 15)
        ) as dispersion
    from moments
),

final as (
    select
        levels.branch_number,
        levels.article_number,
        levels.category,
        levels.is_forecastable,
        levels.series_end,
        cast(levels.units as numeric(28, 12)) as units,
        cast(levels.exposure as numeric(28, 12)) as exposure,
        cast(levels.category_level as numeric(28, 15)) as category_level,
        levels.level,
        dispersions.dispersion,
        cast(
            least({{ baseline_constant('level_cv2_most') }}, {{ baseline_constant('level_cv2_least') }} + (1 + dispersions.dispersion * levels.level) / (levels.units + {{ prior }}))
            as numeric(28, 15)
        ) as level_cv2
    from levels
    inner join dispersions
        on levels.category = dispersions.category
)

select * from final
