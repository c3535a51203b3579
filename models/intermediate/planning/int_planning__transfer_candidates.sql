{{ config(materialized='table') }}

with

reorder_points as (
    select * from {{ ref('reorder_points') }}
),

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }} where not is_deleted
),

prices as (
    select * from {{ ref('int_planning__prices') }}
),

relations as (
    select * from {{ ref('int_planning__transfer_relations') }}
),

core_sizes as (
    select
        branch_number,
        article_number,
        count(*) as in_stock
    from {{ ref('int_inventory__size_runs') }}
    where is_core_size and is_in_stock
    group by branch_number, article_number
),

pairs as (
    select
        reorder_points.*,
        metrics.is_slow_moving,
        -- A piece of each core size stays, or all of the article goes.
        greatest(
            0,
            floor(reorder_points.on_hand - greatest(reorder_points.order_up_to_level, coalesce(core_sizes.in_stock, 0)))
        ) as spare_units,
        floor(
            reorder_points.order_up_to_level
            - greatest(reorder_points.on_hand, 0)
            - reorder_points.on_order_units
        ) as needed_units
    from reorder_points
    inner join metrics
        on
            reorder_points.branch_number = metrics.branch_number
            and reorder_points.article_number = metrics.article_number
    inner join articles
        on reorder_points.article_number = articles.article_number
    left join core_sizes
        on
            reorder_points.branch_number = core_sizes.branch_number
            and reorder_points.article_number = core_sizes.article_number
    where reorder_points.order_up_to_level is not null
),

senders as (
    select
        *,
        least(1, avg_daily_demand_90d * {{ var('transfer_horizon_days') }} / on_hand) as sold_share
    from pairs
    where
        on_hand > 0
        and (spare_units > 0 or is_slow_moving)
),

-- A slow mover may send all that it has: it is not sent more of it.
receivers as (
    select
        *,
        least(1, avg_daily_demand_90d * {{ var('transfer_horizon_days') }} / order_up_to_level) as sold_share
    from pairs
    where
        needed_units > 0
        and avg_daily_demand_90d > 0
        and demand_days_90d >= {{ var('min_demand_days') }}
        and not is_slow_moving
),

valued as (
    select
        senders.article_number,
        relations.from_branch,
        relations.to_branch,
        relations.is_to_outlet,
        senders.is_slow_moving as may_be_emptied,
        senders.on_hand as from_on_hand,
        senders.spare_units,
        receivers.needed_units,
        cast(prices.net_revenue_per_unit * (receivers.sold_share - senders.sold_share) as numeric(18, 6))
            as value_per_unit
    from senders
    inner join relations
        on
            senders.branch_number = relations.from_branch
            and coalesce(
                {{ days_apart('senders.last_received_on', 'senders.as_of_date') }} >= relations.rest_days, true
            )
    inner join receivers
        on senders.article_number = receivers.article_number and relations.to_branch = receivers.branch_number
    inner join prices
        on senders.article_number = prices.article_number
),

ways as (
    select
        *,
        true as is_all
    from valued
    where
        may_be_emptied
        and from_on_hand <= needed_units
    union all
    select
        *,
        false as is_all
    from valued
    where spare_units > 0
),

final as (
    select
        article_number,
        from_branch,
        to_branch,
        is_all,
        cast(from_on_hand as numeric(18, 4)) as from_on_hand,
        cast(spare_units as numeric(18, 4)) as spare_units,
        cast(needed_units as numeric(18, 4)) as needed_units,
        value_per_unit,
        row_number() over (
            partition by article_number
            order by is_to_outlet, value_per_unit desc, from_branch, to_branch, is_all desc
        ) as place
    from ways
    where value_per_unit > 0
)

select * from final
