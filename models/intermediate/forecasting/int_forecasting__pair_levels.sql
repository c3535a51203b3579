{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'and_by_key': true,
        'reads': ['int_forecasting__weekday_factors', 'int_forecasting__category_levels'],
        'until_as_of': ['rebuild_from', 'has_changed_pair'],
        'moves_with_as_of_date': true,
        'variables': ['as_of_date'],
    },
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{%- set prior = baseline_constant('level_prior') %}

with

series as (
    select * from {{ ref('int_forecasting__series') }}
),

category_levels as (
    select * from {{ ref('int_forecasting__category_levels') }}
),

{% if is_incremental() -%}
moved_factors as (
    select distinct
        branch_number,
        category
    from {{ ref('int_forecasting__weekday_factors') }}
    where change_number > {{ seen_change_number() }}
),

logged as (
    select
        branch_number,
        article_number,
        true as is_logged
    from {{ changed_slices(changes, ['branch_number', 'article_number']) }} as slices
),

pairs as (
    select
        series.*,
        category_levels.category_level
    from series
    left join {{ this }} as kept
        on series.branch_number = kept.branch_number and series.article_number = kept.article_number
    left join logged
        on series.branch_number = logged.branch_number and series.article_number = logged.article_number
    left join moved_factors
        on series.branch_number = moved_factors.branch_number and series.category = moved_factors.category
    left join category_levels
        on series.category = category_levels.category
    where
        logged.is_logged
        or moved_factors.category is not null
        or category_levels.change_number > {{ seen_change_number() }}
        or kept.category is distinct from series.category
        or kept.is_forecastable is distinct from series.is_forecastable
        or kept.series_end is distinct from series.series_end
    {{ computed_once() }}
),
{%- else -%}
pairs as (
    select
        series.*,
        category_levels.category_level
    from series
    left join category_levels
        on series.category = category_levels.category
),
{%- endif %}

-- Sums over the weekdays of a series, f being their factors; every series of the window counts in what is pooled,
-- forecastable or not. Looked up pair by pair, since by the hour they are few.
summed as (
    select
        pairs.branch_number,
        pairs.article_number,
        pairs.category,
        pairs.is_forecastable,
        pairs.series_end,
        coalesce(pairs.category_level, 0) as category_level,
        coalesce(sums.units, 0) as units,
        coalesce(sums.exposure, 0) as exposure,
        coalesce(sums.units_squared, 0) as units_squared,
        coalesce(sums.units_by_exposure, 0) as units_by_exposure,
        coalesce(sums.exposure_squared, 0) as exposure_squared
    from pairs
    cross join lateral (
        select
            sum(weekdays.units) as units,
            sum(weekdays.share * factors.weekday_factor) as exposure,
            sum(weekdays.units_squared) as units_squared,
            sum(weekdays.units_by_share * factors.weekday_factor) as units_by_exposure,
            sum(weekdays.share_squared * factors.weekday_factor * factors.weekday_factor) as exposure_squared
        from {{ ref('int_forecasting__pair_weekdays') }} as weekdays
        inner join {{ ref('int_forecasting__weekday_factors') }} as factors
            on
                weekdays.branch_number = factors.branch_number
                and pairs.category = factors.category
                and weekdays.iso_weekday = factors.iso_weekday
        where
            weekdays.branch_number = pairs.branch_number
            and weekdays.article_number = pairs.article_number
    ) as sums
    {{ computed_once() }}
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
    from summed
    {{ computed_once() }}
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
        level,
        cast(
            units_squared - 2 * level * units_by_exposure + level * level * exposure_squared - level * exposure
            as numeric(28, 12)
        ) as excess,
        cast(level * level * exposure_squared as numeric(28, 12)) as squared_means,
        {{ next_change_number() }} as change_number
    from levels
)

select * from final
