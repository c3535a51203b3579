{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

with

pairs as (
    select * from {{ ref('int_planning__order_levels') }}
),

sizes as (
    select * from {{ ref('int_planning__size_needs') }}
),

on_order as (
    select * from {{ ref('int_planning__on_order') }}
),

policies as (
    select * from {{ ref('int_planning__order_policies') }}
),

demand as (
    select * from {{ ref('int_planning__lead_time_demand') }}
),

needs as (
    select
        branch_number,
        article_number,
        sum(level_units) as order_up_to_level,
        sum(needed_units) as needed_units
    from sizes
    group by branch_number, article_number
),

own as (
    select
        pairs.*,
        needs.order_up_to_level,
        needs.needed_units,
        coalesce(on_order.on_order_units, 0) as on_order_units,
        coalesce(on_order.inbound_transfer_units, 0) as inbound_transfer_units,
        greatest(
            0,
            needs.needed_units - coalesce(on_order.on_order_units, 0) - coalesce(on_order.inbound_transfer_units, 0)
        ) as net_units,
        pairs.supplied_from <> pairs.branch_number as is_supplied
    from pairs
    inner join needs
        on pairs.branch_number = needs.branch_number and pairs.article_number = needs.article_number
    left join on_order
        on pairs.branch_number = on_order.branch_number and pairs.article_number = on_order.article_number
),

-- What supplied branches need of a size is a need of the branch that supplies them; outlets ask for nothing.
passed_on as (
    select
        own.supplied_from as branch_number,
        own.article_number,
        sizes.article_size_number,
        sum(sizes.needed_units * own.net_units / own.needed_units) as units
    from own
    inner join sizes
        on own.branch_number = sizes.branch_number and own.article_number = sizes.article_number
    where
        own.is_supplied
        and own.needed_units > 0
        and own.shop_type <> 'outlet'
    group by own.supplied_from, own.article_number, sizes.article_size_number
),

group_needs as (
    select
        sizes.branch_number,
        sizes.article_number,
        sum(greatest(0, sizes.level_units + coalesce(passed_on.units, 0) - greatest(sizes.on_hand, 0))) as units
    from sizes
    left join passed_on
        on
            sizes.branch_number = passed_on.branch_number
            and sizes.article_number = passed_on.article_number
            and sizes.article_size_number = passed_on.article_size_number
    group by sizes.branch_number, sizes.article_number
),

season_demand as (
    select
        policies.supplied_from as branch_number,
        demand.article_number,
        sum(demand.demand_until_season_end) as units,
        min(demand.days_until_season_end) as days_until_season_end
    from demand
    inner join policies
        on demand.branch_number = policies.branch_number and demand.article_number = policies.article_number
    group by policies.supplied_from, demand.article_number
),

wanted as (
    select
        own.*,
        policies.lead_time_days,
        policies.pack_units,
        policies.minimum_order_units,
        greatest(
            0, group_needs.units - own.on_order_units - own.inbound_transfer_units
        ) as net_units_of_group,
        season_demand.units as demand_until_season_end,
        case
            when season_demand.days_until_season_end is not null
                then floor(
                    greatest(
                        0,
                        season_demand.units
                        - greatest(own.on_hand, 0)
                        - own.on_order_units
                        - own.inbound_transfer_units
                    ) / policies.pack_units
                ) * policies.pack_units
        end as most_units,
        case
            when own.shop_type = 'outlet' then 'outlet'
            when not own.is_active then 'inactive'
            when own.is_supplied then 'supplied'
            when own.assortment_type = 'one_shot' then 'one_shot'
            when season_demand.days_until_season_end < policies.lead_time_days + 28 then 'season'
        end as hindrance
    from own
    inner join policies
        on own.branch_number = policies.branch_number and own.article_number = policies.article_number
    inner join group_needs
        on own.branch_number = group_needs.branch_number and own.article_number = group_needs.article_number
    left join season_demand
        on own.branch_number = season_demand.branch_number and own.article_number = season_demand.article_number
),

-- A thousandth of a unit is no need: what is passed on is a share of whole units.
packed as (
    select
        *,
        case
            when net_units_of_group > 0.001
                then
                    ceil(
                        greatest(ceil(net_units_of_group - 0.001), minimum_order_units) / pack_units
                    ) * pack_units
            else 0
        end as packed_units
    from wanted
),

final as (
    select
        branch_number,
        article_number,
        supplied_from,
        shop_type,
        assortment_type,
        on_hand,
        cast(on_order_units as numeric(18, 4)) as on_order_units,
        cast(inbound_transfer_units as numeric(18, 4)) as inbound_transfer_units,
        daily_demand,
        lead_demand,
        protection_demand,
        cast(reorder_point as numeric(18, 6)) as reorder_point,
        cast(order_up_to_level as numeric(18, 6)) as order_up_to_level,
        cast(needed_units as numeric(18, 4)) as needed_units,
        cast(
            case when is_supplied and hindrance = 'supplied' then ceil(net_units) else 0 end as numeric(18, 4)
        ) as replenishment_units,
        hindrance,
        cast(net_units_of_group as numeric(18, 4)) as net_units,
        cast(most_units as numeric(18, 4)) as most_units,
        cast(demand_until_season_end as numeric(18, 6)) as demand_until_season_end,
        packed_units > ceil(net_units_of_group - 0.001) as is_rounded_up,
        coalesce(packed_units > most_units, false) as is_capped,
        cast(
            case
                when hindrance is not null then 0
                else least(packed_units, coalesce(most_units, packed_units))
            end as numeric(18, 4)
        ) as order_units,
        as_of_date
    from packed
)

select * from final
