{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

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

as_of as (
    select * from {{ ref('int_as_of') }}
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
        articles.season_ends_on,
        demand.demand_until_season_end,
        demand.days_until_season_end,
        coalesce(
            metrics.assortment_type,
            max(metrics.assortment_type) over (partition by pairs.article_number, policies.supplied_from)
        ) as assortment_type,
        articles.is_active and branches.is_active and not branches.is_deleted as is_active,
        coalesce(metrics.on_hand, 0) as on_hand,
        coalesce(demand.daily_demand, 0) as daily_demand,
        coalesce(demand.lead_demand, 0) as lead_demand,
        coalesce(demand.protection_demand, 0) as protection_demand,
        coalesce(demand.protection_level, 0) as reorder_point,
        coalesce(policies.presentation_minimum, 0) as presentation_minimum,
        -- So late there is no floor any more: what fills a shelf then is left over.
        coalesce({{ days_after('as_of.as_of_date', 28) }} <= articles.season_ends_on, true) as has_floor,
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
),

final as (
    select
        branch_number,
        article_number,
        supplied_from,
        lead_time_days,
        cast(pack_units as numeric(18, 4)) as pack_units,
        cast(minimum_order_units as numeric(18, 4)) as minimum_order_units,
        shop_type,
        coalesce(assortment_type, 'one_shot') as assortment_type,
        is_active,
        cast(on_hand as numeric(18, 4)) as on_hand,
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
        as_of_date
    from described
)

select * from final
