{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

{%- set horizon = forecast_setting('forecast_horizon_days') %}
{%- set stretches = ['lead', 'protection'] %}

with recursive

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
        {%- for stretch in stretches %}
        sum(case when days_ahead <= {{ stretch ~ ('_time' if stretch == 'lead' else '') }}_days then demand_mean else 0 end) as {{ stretch }}_sum,
        sum(
            case
                when days_ahead <= {{ stretch ~ ('_time' if stretch == 'lead' else '') }}_days then demand_mean * demand_mean
                else 0
            end
        ) as {{ stretch }}_squares,
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
        {%- for stretch in stretches %}
        {%- set length = 'lead_time_days' if stretch == 'lead' else 'protection_days' %}
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

-- The law of total variance over the days, as Demand.over of prohandel/forecast/distribution.py, and the variance that a
-- lead time of uncertain length adds.
spread as (
    select
        *,
        {%- for stretch in stretches %}
        {%- set length = 'lead_time_days' if stretch == 'lead' else 'protection_days' %}
        cast(
            case
                when {{ stretch }}_mean > 0
                    then
                        level_cv2
                        + dispersion * (1 + level_cv2) * {{ stretch }}_squared / ({{ stretch }}_mean * {{ stretch }}_mean)
                        + lead_time_sd_days * lead_time_sd_days / ({{ length }} * {{ length }})
                else 0
            end as {{ dbt.type_float() }}
        ) as {{ stretch }}_dispersion,
        {%- endfor %}
        case when service_kind = 'fill' then 0.99999 else service_level end as stop_level
    from extended
    {{ computed_once() }}
),

-- Sums of the same mean and dispersion have the same quantiles: each is worked out once.
distributions as (
    select distinct
        cast(protection_mean as {{ dbt.type_float() }}) as mean,
        protection_dispersion as dispersion,
        stop_level
    from spread
    union
    select distinct
        cast(lead_mean as {{ dbt.type_float() }}) as mean,
        lead_dispersion as dispersion,
        stop_level
    from spread
    where service_kind = 'fill'
),

{{ negative_binomial_steps('distributions', 'stop_level', carried=['stop_level']) }},

levels as (
    select
        mean,
        dispersion,
        stop_level,
        {{ quantile_of_steps('stop_level') }} as units
    from steps
    group by mean, dispersion, stop_level
),

-- What is short beyond a level: the mean less what the level covers.
losses as (
    select
        *,
        mean - coalesce(
            sum(1 - probability) over (
                partition by mean, dispersion, stop_level order by units
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as loss
    from steps
    where stop_level = 0.99999
),

fill_levels as (
    select
        spread.branch_number,
        spread.article_number,
        min(of_protection.units) as units
    from spread
    inner join losses as of_protection
        on
            cast(spread.protection_mean as {{ dbt.type_float() }}) = of_protection.mean
            and spread.protection_dispersion = of_protection.dispersion
    left join losses as of_lead
        on
            cast(spread.lead_mean as {{ dbt.type_float() }}) = of_lead.mean
            and spread.lead_dispersion = of_lead.dispersion
            and of_protection.units = of_lead.units
    where
        spread.service_kind = 'fill'
        and of_protection.loss - coalesce(of_lead.loss, 0)
        <= (1 - spread.service_level) * (spread.protection_mean - spread.lead_mean) + 1e-9
    group by spread.branch_number, spread.article_number
),

final as (
    select
        spread.branch_number,
        spread.article_number,
        spread.model,
        spread.forecast_origin,
        spread.is_from_batch,
        cast(spread.daily_demand as numeric(18, 6)) as daily_demand,
        cast(spread.lead_mean as numeric(18, 6)) as lead_demand,
        cast(spread.protection_mean as numeric(18, 6)) as protection_demand,
        spread.protection_dispersion,
        cast(coalesce(fill_levels.units, levels.units) as numeric(18, 4)) as protection_level,
        cast(spread.demand_until_season_end as numeric(18, 6)) as demand_until_season_end,
        spread.days_until_season_end
    from spread
    inner join levels
        on
            cast(spread.protection_mean as {{ dbt.type_float() }}) = levels.mean
            and spread.protection_dispersion = levels.dispersion
            and spread.stop_level = levels.stop_level
    left join fill_levels
        on spread.branch_number = fill_levels.branch_number and spread.article_number = fill_levels.article_number
)

select * from final
