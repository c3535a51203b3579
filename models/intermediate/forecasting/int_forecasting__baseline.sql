{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'iso_weekday'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'also': 'int_forecasting__levels',
        'until_as_of': ['rebuild_from', 'has_changed_pair'],
        'moves_with_as_of_date': true,
        'variables': ['as_of_date'],
    },
    indexes=[{'columns': ['branch_number', 'article_number', 'iso_weekday'], 'unique': true}],
) }}

-- depends_on: {{ ref('int_inventory__pair_changes') }}

with recursive

{% if is_incremental() -%}
-- Whatever the log of pairs names has a new level, or none any more.
levels as (
    select *
    from {{ ref('int_forecasting__levels') }}
    where is_forecastable and change_number > {{ seen_change_number() }}
),
{%- else -%}
levels as (
    select * from {{ ref('int_forecasting__levels') }} where is_forecastable
),
{%- endif %}

factors as (
    select * from {{ ref('int_forecasting__weekday_factors') }}
),

weekdays as (
    select
        levels.branch_number,
        levels.article_number,
        factors.iso_weekday,
        cast(levels.level * factors.weekday_factor as numeric(28, 15)) as demand_mean,
        levels.dispersion,
        levels.level_cv2,
        levels.series_end,
        (1 + levels.dispersion) * (1 + levels.level_cv2) - 1 as dispersion_of_day
    from levels
    inner join factors
        on levels.branch_number = factors.branch_number and levels.category = factors.category
),

-- Days of the same mean and dispersion have the same quantiles: each is worked out once.
distributions as (
    select distinct
        cast(demand_mean as {{ dbt.type_float() }}) as mean,
        cast(dispersion_of_day as {{ dbt.type_float() }}) as dispersion
    from weekdays
),

{{ negative_binomial_steps('distributions', '0.95') }},

quantiles as (
    select
        mean,
        dispersion,
        {{ quantile_of_steps('0.5') }} as demand_p50,
        {{ quantile_of_steps('0.8') }} as demand_p80,
        {{ quantile_of_steps('0.95') }} as demand_p95
    from steps
    group by mean, dispersion
),

final as (
    select
        weekdays.branch_number,
        weekdays.article_number,
        weekdays.iso_weekday,
        weekdays.demand_mean,
        weekdays.dispersion,
        weekdays.level_cv2,
        cast(quantiles.demand_p50 as numeric(18, 4)) as demand_p50,
        cast(quantiles.demand_p80 as numeric(18, 4)) as demand_p80,
        cast(quantiles.demand_p95 as numeric(18, 4)) as demand_p95,
        weekdays.series_end as forecast_origin
    from weekdays
    inner join quantiles
        on
            cast(weekdays.demand_mean as {{ dbt.type_float() }}) = quantiles.mean
            and cast(weekdays.dispersion_of_day as {{ dbt.type_float() }}) = quantiles.dispersion
)

select * from final
