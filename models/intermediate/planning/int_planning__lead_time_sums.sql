{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

{%- set horizon = forecast_setting('forecast_horizon_days') %}
{%- set stretches = {'lead': 'lead_time_days', 'protection': 'protection_days'} %}

with

forecasts as (
    select * from {{ ref('demand_forecast') }}
),

series as (
    select * from {{ ref('int_forecasting__series') }}
),

policies as (
    select * from {{ ref('int_planning__order_policies') }}
),

days as (
    select
        series.branch_number,
        series.article_number,
        {{ days_apart('series.series_end', 'forecasts.forecast_date') }} as days_ahead,
        forecasts.demand_mean,
        forecasts.dispersion,
        forecasts.level_cv2,
        forecasts.model,
        forecasts.forecast_origin,
        forecasts.is_from_batch,
        policies.lead_time_days,
        policies.lead_time_days + policies.review_period_days as protection_days,
        policies.lead_time_sd_days,
        policies.service_level,
        policies.service_kind,
        {{ days_apart('series.series_end', 'series.season_ends_on') }} as days_until_season_end
    from forecasts
    inner join series
        on
            forecasts.branch_number = series.branch_number
            and forecasts.article_number = series.article_number
            and series.has_own_stock
    inner join policies
        on series.branch_number = policies.branch_number and series.article_number = policies.article_number
),

-- Beyond the horizon every day is like the mean of its last week.
sums as (
    select
        branch_number,
        article_number,
        lead_time_days,
        protection_days,
        lead_time_sd_days,
        service_level,
        service_kind,
        days_until_season_end,
        sum(demand_mean) / count(*) as daily_demand,
        sum(case when days_ahead > {{ horizon - 7 }} then demand_mean else 0 end)
        / count(case when days_ahead > {{ horizon - 7 }} then 1 end) as daily_demand_at_end,
        {%- for stretch, length in stretches.items() %}
        sum(case when days_ahead <= {{ length }} then demand_mean else 0 end) as {{ stretch }}_sum,
        sum(case when days_ahead <= {{ length }} then demand_mean * demand_mean else 0 end) as {{ stretch }}_squares,
        {%- endfor %}
        sum(case when days_ahead <= days_until_season_end then demand_mean else 0 end) as season_sum,
        max(case when days_ahead = 1 then dispersion end) as dispersion,
        max(case when days_ahead = 1 then level_cv2 end) as level_cv2,
        max(case when days_ahead = 1 then model end) as model,
        max(case when days_ahead = 1 then forecast_origin end) as forecast_origin,
        bool_or(is_from_batch and days_ahead = 1) as is_from_batch
    from days
    group by
        branch_number, article_number, lead_time_days, protection_days, lead_time_sd_days, service_level, service_kind,
        days_until_season_end
),

extended as (
    select
        *,
        {%- for stretch, length in stretches.items() %}
        {{ stretch }}_sum + greatest(0, {{ length }} - {{ horizon }}) * daily_demand_at_end as {{ stretch }}_mean,
        {{ stretch }}_squares + greatest(0, {{ length }} - {{ horizon }}) * daily_demand_at_end * daily_demand_at_end
            as {{ stretch }}_squared,
        {%- endfor %}
        case
            when days_until_season_end is not null
                then season_sum + greatest(0, days_until_season_end - {{ horizon }}) * daily_demand_at_end
        end as demand_until_season_end
    from sums
    {{ computed_once() }}
),

-- The law of total variance over the days, as Demand.over of prohandel/forecast/distribution.py, and the variance that
-- a lead time of uncertain length adds.
final as (
    select
        branch_number,
        article_number,
        model,
        forecast_origin,
        is_from_batch,
        service_level,
        service_kind,
        cast(daily_demand as numeric(18, 6)) as daily_demand,
        cast(lead_mean as numeric(18, 6)) as lead_demand,
        cast(protection_mean as numeric(18, 6)) as protection_demand,
        cast(demand_until_season_end as numeric(18, 6)) as demand_until_season_end,
        days_until_season_end,
        {%- for stretch, length in stretches.items() %}
        cast(
            case
                when {{ stretch }}_mean > 0
                    then
                        level_cv2
                        + dispersion * (1 + level_cv2) * {{ stretch }}_squared
                        / ({{ stretch }}_mean * {{ stretch }}_mean)
                        + lead_time_sd_days * lead_time_sd_days / ({{ length }} * {{ length }})
                else 0
            end as {{ dbt.type_float() }}
        ) as {{ stretch }}_dispersion,
        {%- endfor %}
        -- Fill rates ask for the distribution as far as there is anything to lose.
        case when service_kind = 'fill' then 0.99999 else service_level end as stop_level
    from extended
)

select * from final
