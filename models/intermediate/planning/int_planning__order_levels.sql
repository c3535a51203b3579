{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'reads': ['int_inventory__size_stock', 'int_planning__size_shares'],
        'moves_with_as_of_date': true,
    },
    indexes=[
        {'columns': ['branch_number', 'article_number'], 'unique': true},
        {'columns': ['change_number']},
    ],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{%- set size_stock = ref('int_inventory__size_stock') %}
{%- set keys = ['branch_number', 'article_number'] %}
{%- set compared = [
    'supplied_from', 'lead_time_days', 'pack_units', 'minimum_order_units', 'shop_type', 'assortment_type', 'brand',
    'category', 'is_active', 'is_stock_kept', 'on_hand', 'on_order_units', 'inbound_transfer_units', 'daily_demand',
    'lead_demand', 'protection_demand', 'reorder_point', 'has_floor', 'demand_until_season_end',
    'days_until_season_end', 'level_units', 'sizes', 'as_of_date',
] %}

with

policies as (
    select * from {{ ref('int_planning__order_policies') }}
),

demand as (
    select * from {{ ref('int_planning__lead_time_demand') }}
),

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

articles as (
    select * from {{ ref('int_forecasting__articles') }}
),

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

on_order as (
    select * from {{ ref('int_planning__on_order') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- What was never there in any branch, like bags, nobody counts.
kept_articles as (
    select
        article_number,
        min(first_quantity_on) as first_quantity_on
    from {{ ref('int_inventory__pairs') }}
    group by article_number
),

size_runs as (
    select
        article_number,
        count(*) as sizes,
        max(change_number) as change_number
    from {{ ref('int_planning__size_shares') }}
    group by article_number
),

-- The pairs with a forecast, and those that pairs with a forecast get their goods from.
named as (
    select
        demand.branch_number,
        demand.article_number,
        policies.supplied_from
    from demand
    inner join policies
        on demand.branch_number = policies.branch_number and demand.article_number = policies.article_number
),

pairs as (
    select
        branch_number,
        article_number
    from named
    union
    select
        supplied_from as branch_number,
        article_number
    from named
),

described as (
    select
        pairs.branch_number,
        pairs.article_number,
        policies.supplied_from,
        policies.lead_time_days,
        policies.pack_units,
        policies.minimum_order_units,
        branches.shop_type,
        articles.brand,
        articles.category,
        demand.demand_until_season_end,
        demand.days_until_season_end,
        coalesce(
            metrics.assortment_type,
            max(metrics.assortment_type) over (partition by pairs.article_number, policies.supplied_from)
        ) as assortment_type,
        articles.is_active and branches.is_active and not branches.is_deleted as is_active,
        coalesce(kept_articles.first_quantity_on <= as_of.as_of_date, false) as is_stock_kept,
        coalesce(metrics.on_hand, 0) as on_hand,
        coalesce(on_order.on_order_units, 0) as on_order_units,
        coalesce(on_order.inbound_transfer_units, 0) as inbound_transfer_units,
        coalesce(demand.daily_demand, 0) as daily_demand,
        coalesce(demand.lead_demand, 0) as lead_demand,
        coalesce(demand.protection_demand, 0) as protection_demand,
        coalesce(demand.protection_level, 0) as reorder_point,
        coalesce(policies.presentation_minimum, 0) as presentation_minimum,
        -- So late there is no floor any more: what fills a shelf then is left over.
        coalesce({{ days_after('as_of.as_of_date', 28) }} <= articles.season_ends_on, true) as has_floor,
        coalesce(size_runs.sizes, 0) as sizes,
        as_of.as_of_date
    from pairs
    cross join as_of
    inner join policies
        on pairs.branch_number = policies.branch_number and pairs.article_number = policies.article_number
    inner join articles
        on pairs.article_number = articles.article_number
    inner join branches
        on pairs.branch_number = branches.branch_number
    left join demand
        on pairs.branch_number = demand.branch_number and pairs.article_number = demand.article_number
    left join metrics
        on pairs.branch_number = metrics.branch_number and pairs.article_number = metrics.article_number
    left join on_order
        on pairs.branch_number = on_order.branch_number and pairs.article_number = on_order.article_number
    left join kept_articles
        on pairs.article_number = kept_articles.article_number
    left join size_runs
        on pairs.article_number = size_runs.article_number
),

computed as (
    select
        branch_number,
        article_number,
        supplied_from,
        lead_time_days,
        cast(pack_units as numeric(18, 4)) as pack_units,
        cast(minimum_order_units as numeric(18, 4)) as minimum_order_units,
        shop_type,
        coalesce(assortment_type, 'one_shot') as assortment_type,
        brand,
        category,
        is_active,
        is_stock_kept,
        cast(on_hand as numeric(18, 4)) as on_hand,
        cast(on_order_units as numeric(18, 4)) as on_order_units,
        cast(inbound_transfer_units as numeric(18, 4)) as inbound_transfer_units,
        daily_demand,
        lead_demand,
        protection_demand,
        reorder_point,
        has_floor,
        demand_until_season_end,
        days_until_season_end,
        cast(
            greatest(reorder_point, case when has_floor then ceil(presentation_minimum) else 0 end) as numeric(18, 4)
        ) as level_units,
        cast(sizes as integer) as sizes,
        as_of_date
    from described
),

{% if is_incremental() -%}
-- Pairs whose sizes moved, though they themselves may look the same.
resized as (
    select
        branch_number,
        article_number
    from {{ changed_slices(changes, keys) }} as logged
    union
    select
        branch_number,
        article_number
    from {{ size_stock }}
    where change_number > {{ seen_change_number() }}
    union
    select
        pairs.branch_number,
        pairs.article_number
    from pairs
    inner join size_runs
        on pairs.article_number = size_runs.article_number
    where size_runs.change_number > {{ seen_change_number() }}
),
{%- endif %}

changed as (
    {{ changes_against_kept('computed', this, keys, compared, touched='resized') }}
),

final as (
    select * from changed
    {%- if is_incremental() %}
    union all
    -- What a branch needs is asked of the one that supplies it, so all that it supplies of an article moves together.
    select
        {% for column in keys + compared %}computed.{{ column }}, {% endfor %}
        false as is_new,
        false as is_superseded,
        {{ next_change_number() }} as change_number
    from computed
    inner join (
        select distinct
            supplied_from,
            article_number
        from changed
    ) as groups
        on computed.supplied_from = groups.supplied_from and computed.article_number = groups.article_number
    left join changed
        on computed.branch_number = changed.branch_number and computed.article_number = changed.article_number
    where changed.article_number is null
    {%- endif %}
)

select * from final
