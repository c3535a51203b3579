{{ config(materialized='view') }}

{%- set horizon = forecast_setting('forecast_horizon_days') %}

with

series as (
    select * from {{ ref('int_forecasting__series') }} where is_forecastable
),

batches as (
    select * from {{ ref('int_forecasting__batches') }} where is_fresh
),

baseline as (
    select * from {{ ref('int_forecasting__baseline') }}
),

days as (
    select
        series.branch_number,
        series.article_number,
        series.series_end,
        days.date_day as forecast_date,
        batches.model,
        batches.forecast_origin,
        {{ days_apart('batches.forecast_origin', 'days.date_day') }} as days_ahead,
        batches.demand_mean,
        batches.demand_quantiles,
        batches.dispersion,
        batches.level_cv2
    from series
    cross join
        lateral {{ each_day(days_after('series.series_end', 1), days_after('series.series_end', horizon)) }} as days
    left join batches
        on series.branch_number = batches.branch_number and series.article_number = batches.article_number
),

chosen as (
    select
        days.branch_number,
        days.article_number,
        days.forecast_date,
        {{ element_at('days.demand_mean', 'days.days_ahead') }} is not null as is_from_batch,
        days.model,
        days.forecast_origin,
        {{ element_at('days.demand_mean', 'days.days_ahead') }} as batch_demand_mean,
        {{ element_of_row('days.demand_quantiles', 7, 'days.days_ahead') }} as batch_demand_p50,
        {{ element_of_row('days.demand_quantiles', 11, 'days.days_ahead') }} as batch_demand_p80,
        {{ element_of_row('days.demand_quantiles', 13, 'days.days_ahead') }} as batch_demand_p95,
        days.dispersion as batch_dispersion,
        days.level_cv2 as batch_level_cv2,
        baseline.demand_mean,
        baseline.demand_p50,
        baseline.demand_p80,
        baseline.demand_p95,
        baseline.dispersion,
        baseline.level_cv2,
        days.series_end
    from days
    inner join baseline
        on
            days.branch_number = baseline.branch_number
            and days.article_number = baseline.article_number
            and {{ iso_weekday('days.forecast_date') }} = baseline.iso_weekday
),

final as (
    select
        article_number,
        branch_number,
        forecast_date,
        {% for figure in ['demand_mean', 'demand_p50', 'demand_p80', 'demand_p95', 'dispersion', 'level_cv2'] -%}
        -- Each cast by itself: of a number in single precision and a decimal the first would decide the type.
        case
            when is_from_batch then cast(batch_{{ figure }} as numeric(18, 6))
            else cast({{ figure }} as numeric(18, 6))
        end as {{ figure }},
        {% endfor -%}
        case when is_from_batch then model else 'baseline' end as model,
        case when is_from_batch then forecast_origin else series_end end as forecast_origin,
        is_from_batch
    from chosen
)

select * from final
