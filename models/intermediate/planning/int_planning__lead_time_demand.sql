{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'also': 'int_planning__lead_time_sums',
        'until_as_of': ['rebuild_from', 'has_changed_pair'],
        'moves_with_as_of_date': true,
        'variables': ['as_of_date', 'forecast_horizon_days', 'forecast_max_age_days'],
    },
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

-- depends_on: {{ ref('int_inventory__pair_changes') }}

with recursive

sums as (
    select *
    from {{ ref('int_planning__lead_time_sums') }}
    {%- if is_incremental() %}
    where change_number > {{ seen_change_number() }}
    {%- endif %}
),

distributions as (
    select
        branch_number,
        article_number,
        true as is_protection,
        cast(protection_demand as {{ dbt.type_float() }}) as mean,
        protection_dispersion as dispersion,
        stop_level
    from sums
    union all
    select
        branch_number,
        article_number,
        false as is_protection,
        cast(lead_demand as {{ dbt.type_float() }}) as mean,
        lead_dispersion as dispersion,
        stop_level
    from sums
    where service_kind = 'fill'
),

{{ negative_binomial_steps(
    'distributions', 'stop_level', carried=['branch_number', 'article_number', 'is_protection', 'stop_level']
) }},

levels as (
    select
        branch_number,
        article_number,
        {{ quantile_of_steps('stop_level') }} as units
    from steps
    where is_protection
    group by branch_number, article_number
),

-- What is short beyond a level: the mean less what the level covers. Of the lead time what it was short already.
losses as (
    select
        branch_number,
        article_number,
        is_protection,
        units,
        mean - coalesce(
            sum(1 - probability) over (
                partition by branch_number, article_number, is_protection order by units
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as loss
    from steps
    where stop_level = 0.99999
),

shortages as (
    select
        branch_number,
        article_number,
        units,
        sum(case when is_protection then loss else -loss end) as short_units,
        bool_or(is_protection) as is_reached
    from losses
    group by branch_number, article_number, units
),

fill_levels as (
    select
        shortages.branch_number,
        shortages.article_number,
        min(shortages.units) as units
    from shortages
    inner join {{ ref('int_planning__lead_time_sums') }} as allowed
        on shortages.branch_number = allowed.branch_number and shortages.article_number = allowed.article_number
    where
        shortages.is_reached
        and allowed.service_kind = 'fill'
        and shortages.short_units
        <= (1 - allowed.service_level) * (allowed.protection_demand - allowed.lead_demand) + 1e-9
    group by shortages.branch_number, shortages.article_number
),

served as (
    select
        branch_number,
        article_number,
        units,
        1 as place
    from fill_levels
    union all
    select
        branch_number,
        article_number,
        units,
        2 as place
    from levels
),

-- The fill rate's level where there is one.
chosen as (
    select
        branch_number,
        article_number,
        min(case when place = 1 then units end) as fill_units,
        min(case when place = 2 then units end) as cycle_units
    from served
    group by branch_number, article_number
),

final as (
    select
        chosen.branch_number,
        chosen.article_number,
        described.model,
        described.forecast_origin,
        described.is_from_batch,
        described.daily_demand,
        described.lead_demand,
        described.protection_demand,
        described.protection_dispersion,
        cast(coalesce(chosen.fill_units, chosen.cycle_units) as numeric(18, 4)) as protection_level,
        described.demand_until_season_end,
        described.days_until_season_end
    from chosen
    inner join {{ ref('int_planning__lead_time_sums') }} as described
        on chosen.branch_number = described.branch_number and chosen.article_number = described.article_number
)

select * from final
