{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={'changes': 'int_planning__order_levels', 'slice': ['branch_number', 'article_number']},
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

with

pairs as (
    select *
    from {{ ref('int_planning__order_levels') }}
    where
        not is_superseded
        {%- if is_incremental() %}
        and change_number > {{ seen_change_number() }}
        {%- endif %}
),

sizes as (
    select * from {{ ref('int_planning__size_needs') }}
),

-- A row per size from here to the sums. By windows instead of joins: how many rows a group has is not known beforehand.
of_sizes as (
    select
        pairs.*,
        sizes.article_size_number,
        sizes.on_hand as on_hand_of_size,
        sizes.level_units as level_of_size,
        sizes.needed_units as needed_of_size,
        sum(sizes.level_units) over of_pair as order_up_to_level,
        sum(sizes.needed_units) over of_pair as needed_units,
        pairs.supplied_from <> pairs.branch_number as is_supplied
    from pairs
    inner join sizes
        on pairs.branch_number = sizes.branch_number and pairs.article_number = sizes.article_number
    window of_pair as (partition by pairs.branch_number, pairs.article_number)
),

netted as (
    select
        *,
        greatest(0, needed_units - on_order_units - inbound_transfer_units) as net_units_of_pair
    from of_sizes
),

-- What supplied branches need of a size is a need of the branch that supplies them; outlets ask for nothing.
passed_on as (
    select
        *,
        sum(
            case
                when is_supplied and shop_type <> 'outlet'
                    then coalesce(needed_of_size * net_units_of_pair / nullif(needed_units, 0), 0)
                else 0
            end
        ) over (partition by supplied_from, article_number, article_size_number) as asked_of_supplier
    from netted
),

summed as (
    select
        branch_number,
        article_number,
        supplied_from,
        lead_time_days,
        pack_units,
        minimum_order_units,
        shop_type,
        assortment_type,
        is_active,
        is_stock_kept,
        is_supplied,
        on_hand,
        on_order_units,
        inbound_transfer_units,
        daily_demand,
        lead_demand,
        protection_demand,
        reorder_point,
        order_up_to_level,
        needed_units,
        net_units_of_pair,
        demand_until_season_end as demand_of_pair,
        days_until_season_end as days_of_pair,
        as_of_date,
        sum(
            greatest(
                0,
                level_of_size + case when is_supplied then 0 else asked_of_supplier end - greatest(on_hand_of_size, 0)
            )
        ) as needed_units_of_group
    from passed_on
    group by
        branch_number, article_number, supplied_from, lead_time_days, pack_units, minimum_order_units, shop_type,
        assortment_type, is_active, is_stock_kept, is_supplied, on_hand, on_order_units, inbound_transfer_units,
        daily_demand, lead_demand, protection_demand, reorder_point, order_up_to_level, needed_units, net_units_of_pair,
        demand_until_season_end, days_until_season_end, as_of_date
),

wanted as (
    select
        *,
        greatest(0, needed_units_of_group - on_order_units - inbound_transfer_units) as net_units,
        sum(demand_of_pair) over of_group as demand_until_season_end,
        min(days_of_pair) over of_group as days_until_season_end
    from summed
    window of_group as (partition by supplied_from, article_number)
),

judged as (
    select
        *,
        case
            when days_until_season_end is not null
                then floor(
                    greatest(
                        0, demand_until_season_end - greatest(on_hand, 0) - on_order_units - inbound_transfer_units
                    ) / pack_units
                ) * pack_units
        end as most_units,
        case
            when shop_type = 'outlet' then 'outlet'
            when not is_active then 'inactive'
            when not is_stock_kept then 'not_kept'
            when is_supplied then 'supplied'
            when assortment_type = 'one_shot' then 'one_shot'
            when days_until_season_end < lead_time_days + 28 then 'season'
        end as hindrance,
        -- A thousandth of a unit is no need: what is passed on is a share of whole units.
        case
            when net_units > 0.001
                then ceil(greatest(ceil(net_units - 0.001), minimum_order_units) / pack_units) * pack_units
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
        cast(case when hindrance = 'supplied' then ceil(net_units_of_pair) else 0 end as numeric(18, 4))
            as replenishment_units,
        hindrance,
        cast(net_units as numeric(18, 4)) as net_units,
        cast(most_units as numeric(18, 4)) as most_units,
        cast(demand_until_season_end as numeric(18, 6)) as demand_until_season_end,
        packed_units > ceil(net_units - 0.001) as is_rounded_up,
        coalesce(packed_units > most_units, false) as is_capped,
        cast(
            case
                when hindrance is not null then 0
                else least(packed_units, coalesce(most_units, packed_units))
            end as numeric(18, 4)
        ) as order_units,
        as_of_date
    from judged
)

select * from final
