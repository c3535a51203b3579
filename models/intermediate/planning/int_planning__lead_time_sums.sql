{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'also': 'int_forecasting__levels',
        'and_by_key': true,
        'until_as_of': ['rebuild_from', 'has_changed_pair'],
        'moves_with_as_of_date': true,
        'variables': ['as_of_date', 'forecast_horizon_days', 'forecast_max_age_days'],
    },
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{%- set levels = ref('int_forecasting__levels') %}
{%- set horizon = forecast_setting('forecast_horizon_days') %}
{%- set stretches = {'lead': 'lead_time_days', 'protection': 'protection_days'} %}
{#- What the rows hold of policies, seasons and batches. -#}
{%- set compared = [
    'lead_time_days', 'protection_days', 'lead_time_sd_days', 'service_level', 'service_kind', 'days_until_season_end',
    'run_id',
] %}
{#- How many of the days of a row lie within so many days ahead. -#}
{%- set counted = {
    'lead': 'lead_time_days', 'protection': 'protection_days', 'season': 'coalesce(days_until_season_end, 0)',
    'all': horizon, 'early': horizon - 7,
} %}

with

batches as (
    select * from {{ ref('int_forecasting__batches') }} where is_fresh
),

all_pairs as (
    select
        series.branch_number,
        series.article_number,
        series.series_end,
        series.is_forecastable,
        policies.lead_time_days,
        policies.lead_time_days + policies.review_period_days as protection_days,
        policies.lead_time_sd_days,
        policies.service_level,
        policies.service_kind,
        {{ days_apart('series.series_end', 'series.season_ends_on') }} as days_until_season_end,
        batches.run_id,
        batches.article_number is not null as has_batch
    from {{ ref('int_forecasting__series') }} as series
    inner join {{ ref('int_planning__order_policies') }} as policies
        on series.branch_number = policies.branch_number and series.article_number = policies.article_number
    left join batches
        on series.branch_number = batches.branch_number and series.article_number = batches.article_number
    where series.has_own_stock
),

{% if is_incremental() -%}
news as (
    select
        branch_number,
        article_number
    from {{ changed_slices(changes, ['branch_number', 'article_number']) }} as logged
    union
    select
        branch_number,
        article_number
    from {{ levels }}
    where change_number > {{ seen_change_number() }}
),

-- Policies and batches move without a change of the pair.
described as (
    select all_pairs.*
    from all_pairs
    left join news
        on all_pairs.branch_number = news.branch_number and all_pairs.article_number = news.article_number
    left join {{ this }} as kept
        on all_pairs.branch_number = kept.branch_number and all_pairs.article_number = kept.article_number
    where
        all_pairs.is_forecastable
        and (
            news.article_number is not null
            {%- for column in compared %}
            or kept.{{ column }} is distinct from all_pairs.{{ column }}
            {%- endfor %}
        )
    {{ computed_once() }}
),
{%- else -%}
described as (
    select * from all_pairs where is_forecastable
),
{%- endif %}

-- Days of the baseline differ by weekday alone: the first of each is read, and its like are counted.
of_baseline as (
    select
        described.*,
        mod(baseline.iso_weekday - {{ iso_weekday('described.series_end') }} + 6, 7) + 1 as days_ahead,
        cast(baseline.demand_mean as numeric(18, 6)) as demand_mean,
        cast(baseline.dispersion as numeric(18, 6)) as dispersion,
        cast(baseline.level_cv2 as numeric(18, 6)) as level_cv2,
        'baseline' as model,
        described.series_end as forecast_origin,
        false as is_from_batch
    from described
    inner join {{ ref('int_forecasting__baseline') }} as baseline
        on described.branch_number = baseline.branch_number and described.article_number = baseline.article_number
    where not described.has_batch
),

of_batch as (
    select
        described.*,
        {{ days_apart('described.series_end', 'forecasts.forecast_date') }} as days_ahead,
        forecasts.demand_mean,
        forecasts.dispersion,
        forecasts.level_cv2,
        forecasts.model,
        forecasts.forecast_origin,
        forecasts.is_from_batch
    from described
    inner join {{ ref('demand_forecast') }} as forecasts
        on described.branch_number = forecasts.branch_number and described.article_number = forecasts.article_number
    where described.has_batch
),

days as (
    select
        *
        {%- for stretch, length in counted.items() %},
        {{ whole_weeks('greatest(0, least(' ~ length ~ ', ' ~ horizon ~ ') - days_ahead + 7)') }} as days_of_{{ stretch }}
        {%- endfor %}
    from of_baseline
    union all
    select
        *
        {%- for stretch, length in counted.items() %},
        case when days_ahead <= {{ length }} then 1 else 0 end as days_of_{{ stretch }}
        {%- endfor %}
    from of_batch
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
        run_id,
        sum(demand_mean * days_of_all) / sum(days_of_all) as daily_demand,
        sum(demand_mean * (days_of_all - days_of_early)) / sum(days_of_all - days_of_early) as daily_demand_at_end,
        {%- for stretch in stretches %}
        sum(demand_mean * days_of_{{ stretch }}) as {{ stretch }}_sum,
        sum(demand_mean * demand_mean * days_of_{{ stretch }}) as {{ stretch }}_squares,
        {%- endfor %}
        sum(demand_mean * days_of_season) as season_sum,
        max(case when days_ahead = 1 then dispersion end) as dispersion,
        max(case when days_ahead = 1 then level_cv2 end) as level_cv2,
        max(case when days_ahead = 1 then model end) as model,
        max(case when days_ahead = 1 then forecast_origin end) as forecast_origin,
        bool_or(is_from_batch and days_ahead = 1) as is_from_batch
    from days
    group by
        branch_number, article_number, lead_time_days, protection_days, lead_time_sd_days, service_level, service_kind,
        days_until_season_end, run_id
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
        run_id,
        lead_time_days,
        protection_days,
        lead_time_sd_days,
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
        case when service_kind = 'fill' then 0.99999 else service_level end as stop_level,
        {{ next_change_number() }} as change_number
    from extended
)

select * from final
