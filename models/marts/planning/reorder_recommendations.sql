{{ config(materialized='table', indexes=[{'columns': ['supplier']}]) }}

with

pairs as (
    select * from {{ ref('int_planning__order_units') }}
),

policies as (
    select * from {{ ref('int_planning__order_policies') }}
),

demand as (
    select * from {{ ref('int_planning__lead_time_demand') }}
),

articles as (
    select * from {{ ref('int_forecasting__articles') }}
),

reorder_points as (
    select * from {{ ref('reorder_points') }}
),

described as (
    select
        pairs.*,
        articles.supplier,
        articles.unit_cost,
        articles.season_ends_on,
        policies.lead_time_days,
        policies.review_period_days,
        policies.lead_time_sd_days,
        policies.service_level,
        policies.service_kind,
        policies.pack_units,
        policies.minimum_order_units,
        policies.minimum_order_value,
        demand.model,
        demand.forecast_origin,
        coalesce(demand.is_from_batch, false) as is_from_batch,
        -- Whole packs of sizes may come to more, or to less where the season ends.
        case when pairs.order_units > 0 then coalesce(size_lines.recommended_units, pairs.order_units) else 0 end
            as recommended_order_units,
        pairs.on_hand + pairs.on_order_units + pairs.inbound_transfer_units as position_units,
        cast(
            policies.z * sqrt(cast(
                (policies.lead_time_days + policies.review_period_days)
                * reorder_points.demand_sd_90d * reorder_points.demand_sd_90d
                + reorder_points.avg_daily_demand_90d * reorder_points.avg_daily_demand_90d
                * policies.lead_time_sd_days * policies.lead_time_sd_days
                as {{ dbt.type_float() }}
            )) as numeric(18, 6)
        ) as safety_stock_normal
    from pairs
    inner join policies
        on pairs.branch_number = policies.branch_number and pairs.article_number = policies.article_number
    inner join articles
        on pairs.article_number = articles.article_number
    left join demand
        on pairs.branch_number = demand.branch_number and pairs.article_number = demand.article_number
    left join reorder_points
        on pairs.branch_number = reorder_points.branch_number and pairs.article_number = reorder_points.article_number
    -- Looked up pair by pair: how many a sum by pairs would have is not known beforehand.
    left join lateral (
        select sum(lines.recommended_units) as recommended_units
        from {{ ref('reorder_size_lines') }} as lines
        where
            pairs.order_units > 0
            and lines.article_number = pairs.article_number
            and lines.branch_number = pairs.branch_number
        {{ computed_once() }}
    ) as size_lines
        on true
),

valued as (
    select
        *,
        recommended_order_units * unit_cost as order_value_cost,
        sum(recommended_order_units * unit_cost) over (partition by branch_number, supplier) as proposal_value_cost,
        max(case when recommended_order_units > 0 then minimum_order_value else 0 end)
            over (partition by branch_number, supplier) as minimum_proposal_value_cost,
        case
            when hindrance in ('one_shot', 'season', 'outlet', 'supplied', 'inactive', 'not_kept') then hindrance
            when recommended_order_units = 0 and is_capped then 'season'
            when recommended_order_units = 0 then null
            when is_capped then 'season'
            when recommended_order_units > ceil(net_units - 0.001) and minimum_order_units > net_units
                then 'minimum_order'
            when recommended_order_units > ceil(net_units - 0.001) then 'pack'
        end as binding_constraint
    from described
),

judged as (
    select
        *,
        coalesce(proposal_value_cost < minimum_proposal_value_cost, false) and recommended_order_units > 0
            as is_below_minimum_value,
        case
            when recommended_order_units = 0 and replenishment_units = 0 then 'none'
            when position_units <= lead_demand then 'now'
            when position_units < reorder_point then 'soon'
            else 'later'
        end as urgency
    from valued
),

final as (
    select
        article_number,
        branch_number,
        supplier,
        supplied_from,
        on_hand,
        on_order_units,
        {% if var('using_purchase_order') -%}
        'purchase_orders'
        {%- elif stored_forecasts('proposals') is not none -%}
        'proposals'
        {%- else -%}
        'unknown'
        {%- endif %} as on_order_source,
        inbound_transfer_units,
        lead_time_days,
        cast(lead_time_sd_days as numeric(18, 6)) as lead_time_sd_days,
        review_period_days,
        service_level,
        service_kind,
        daily_demand as expected_daily_demand,
        protection_demand as expected_lead_time_demand,
        cast(reorder_point - protection_demand as numeric(18, 6)) as safety_stock,
        safety_stock_normal,
        reorder_point,
        order_up_to_level,
        needed_units,
        cast(recommended_order_units as numeric(18, 4)) as recommended_order_units,
        replenishment_units,
        cast(pack_units as numeric(18, 4)) as pack_units,
        cast(unit_cost as numeric(18, 4)) as unit_cost,
        cast(order_value_cost as numeric(18, 6)) as order_value_cost,
        cast(proposal_value_cost as numeric(18, 6)) as proposal_value_cost,
        cast(minimum_proposal_value_cost as numeric(18, 6)) as minimum_proposal_value_cost,
        is_below_minimum_value,
        urgency,
        binding_constraint,
        'Sells ' || {{ text_of_number('7 * daily_demand', 1) }} || ' a week, '
        || {{ text_of_number('on_hand', 2) }} || ' left'
        || case
            when on_order_units > 0 then ', ' || {{ text_of_number('on_order_units', 2) }} || ' on order' else ''
        end
        || case
            when inbound_transfer_units > 0
                then ', ' || {{ text_of_number('inbound_transfer_units', 2) }} || ' to come from other branches'
            else ''
        end
        || case
            when supplied_from = branch_number
                then ', supplier needs ' || cast(lead_time_days as {{ dbt.type_string() }}) || ' days'
            else ', comes from ' || supplied_from
        end
        || case
            when recommended_order_units > 0 or replenishment_units > 0
                then
                    ', ' || {{ text_of_number('100 * service_level', 1) }} || ' % safe until '
                    || {{ text_of_day(days_after('as_of_date', '(lead_time_days + review_period_days)')) }}
            else ''
        end
        || ': '
        || case
            when hindrance in ('one_shot', 'season') then 'cannot be reordered: transfer or mark down'
            when hindrance = 'outlet' then 'outlets do not buy: fill it by transfer'
            when hindrance = 'inactive' then 'switched off, so nothing is ordered'
            when hindrance = 'not_kept' then 'its stock is not kept, so what is lacking is not known'
            when hindrance = 'supplied' and replenishment_units > 0
                then 'send ' || {{ text_of_number('replenishment_units', 2) }} || ' from ' || supplied_from
            when recommended_order_units > 0 then 'order ' || {{ text_of_number('recommended_order_units', 2) }}
            when net_units > 0 and is_capped then 'order nothing'
            else 'there is enough'
        end
        || case
            when hindrance is not null and hindrance <> 'season' then ''
            when binding_constraint = 'season'
                then ' (the season ends on ' || {{ text_of_day('season_ends_on') }} || ')'
            when binding_constraint = 'minimum_order'
                then ' (minimum ' || {{ text_of_number('minimum_order_units', 2) }} || ')'
            when binding_constraint = 'pack' and pack_units <> 1
                then ' (packs of ' || {{ text_of_number('pack_units', 2) }} || ')'
            when binding_constraint = 'pack' then ' (whole packs of sizes)'
            else ''
        end
        || '.'
        || case
            when is_below_minimum_value
                then
                    ' All that goes to ' || supplier || ' is worth '
                    || {{ text_of_number('proposal_value_cost', 2) }} || ' EUR, less than the '
                    || {{ text_of_number('minimum_proposal_value_cost', 2) }} || ' EUR that it asks for.'
            else ''
        end
        {%- if not var('using_purchase_order') and stored_forecasts('proposals') is none %}
        || case when recommended_order_units > 0 then ' What is on order is not known.' else '' end
        {%- endif %} as reason,
        model,
        forecast_origin,
        is_from_batch,
        as_of_date
    from judged
)

select * from final
