{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'and_by_key': true,
        'variables': ['using_purchase_order'],
    },
    indexes=[{'columns': ['article_number']}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{#- By night all pairs are compared: stock may have landed no more, of which the log says nothing. -#}
{%- set is_narrowed = is_incremental() and not var('nightly') %}

with

pairs as (
    select * from {{ ref('int_inventory_with_metrics') }} where known_from is not null
),

policies as (
    select * from {{ ref('int_planning__policies') }}
),

windows as (
    select * from {{ ref('int_inventory__pair_windows') }}
),

open_orders as (
    select
        branch_number,
        article_number,
        sum(open_units) as on_order_units
    from {{ ref('int_planning__open_orders') }}
    group by branch_number, article_number
),

{% if is_narrowed -%}
-- Of policies, those of an article ask for its brand and category, whose moves the log names.
changed as (
    select
        branch_number,
        article_number
    from {{ changed_slices(changes, ['branch_number', 'article_number']) }} as logged
    union
    select
        branch_number,
        article_number
    from (
        select
            branch_number,
            article_number,
            on_order_units
        from open_orders
        union all
        select
            kept.branch_number,
            kept.article_number,
            -kept.on_order_units as on_order_units
        from {{ this }} as kept
        where kept.on_order_units <> 0
    ) as ordered
    group by branch_number, article_number
    having sum(on_order_units) <> 0
),

changed_pairs as (
    select pairs.*
    from pairs
    inner join changed
        on pairs.branch_number = changed.branch_number and pairs.article_number = changed.article_number
    {{ computed_once() }}
),
{%- endif %}

described as (
    select
        pairs.branch_number,
        pairs.article_number,
        pairs.on_hand,
        coalesce(open_orders.on_order_units, 0) as on_order_units,
        pairs.avg_daily_demand_90d,
        pairs.available_demand_units_90d as demand_units,
        pairs.available_days_90d as demand_days,
        -- n * sum of squares - square of the sum is n squared times the population variance.
        case
            when pairs.available_days_90d >= 2
                then
                    sqrt(cast(
                        pairs.available_days_90d * windows.available_demand_squares_90d
                        - pairs.available_demand_units_90d * pairs.available_demand_units_90d
                        as {{ dbt.type_float() }}
                    )) / pairs.available_days_90d
        end as demand_sd,
        policies.service_level,
        policies.z,
        policies.lead_time_days,
        policies.review_period_days,
        policies.lead_time_days + policies.review_period_days as protection_days,
        policies.pack_units,
        policies.presentation_minimum,
        windows.last_received_on,
        case when pairs.on_hand <= 0 then {{ days_after('windows.last_in_stock_on', 1) }} end as out_of_stock_since,
        pairs.as_of_date
    from {% if is_narrowed %}changed_pairs{% else %}pairs{% endif %} as pairs
    inner join policies
        on pairs.branch_number = policies.branch_number and pairs.article_number = policies.article_number
    left join windows
        on pairs.branch_number = windows.branch_number and pairs.article_number = windows.article_number
    left join open_orders
        on pairs.branch_number = open_orders.branch_number and pairs.article_number = open_orders.article_number
    {{ computed_once() }}
),

computed as (
    select
        *,
        cast(demand_units * protection_days / nullif(demand_days, 0) as numeric(18, 6)) as expected_demand,
        cast(z * demand_sd * sqrt(cast(protection_days as {{ dbt.type_float() }})) as numeric(18, 6)) as safety_stock
    from described
    {{ computed_once() }}
),

final as (
    select
        branch_number,
        article_number,
        on_hand,
        cast(on_order_units as numeric(18, 4)) as on_order_units,
        {{ 'true' if var('using_purchase_order') else 'false' }} as is_on_order_known,
        avg_daily_demand_90d,
        coalesce(demand_days, 0) as demand_days_90d,
        cast(demand_sd as numeric(18, 6)) as demand_sd_90d,
        service_level,
        cast(z as numeric(18, 6)) as z,
        lead_time_days,
        review_period_days,
        protection_days,
        pack_units,
        presentation_minimum,
        expected_demand,
        safety_stock,
        cast(expected_demand + safety_stock as numeric(18, 6)) as reorder_point,
        -- Where demand is unknown, a floor would order for what nobody sells any more.
        cast(
            case
                when expected_demand + safety_stock is not null
                    then greatest(expected_demand + safety_stock, coalesce(presentation_minimum, 0))
            end as numeric(18, 6)
        ) as order_up_to_level,
        last_received_on,
        out_of_stock_since,
        as_of_date
    from computed
)

select * from final
