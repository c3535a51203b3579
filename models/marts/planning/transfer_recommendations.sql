with

rounds as (
    select * from {{ ref('int_planning__transfer_rounds') }} where units > 0
),

relations as (
    select * from {{ ref('int_planning__transfer_relations') }}
),

reorder_points as (
    select * from {{ ref('reorder_points') }}
),

valued as (
    select
        rounds.*,
        cast(rounds.units * rounds.value_per_unit as numeric(18, 6)) as value,
        relations.minimum_units,
        relations.minimum_value,
        sum(rounds.units) over (partition by rounds.from_branch, rounds.to_branch) as parcel_units,
        sum(cast(rounds.units * rounds.value_per_unit as numeric(18, 6)))
            over (partition by rounds.from_branch, rounds.to_branch) as parcel_value
    from rounds
    inner join relations
        on rounds.from_branch = relations.from_branch and rounds.to_branch = relations.to_branch
),

going as (
    select
        *,
        sum(units) over (partition by article_number, from_branch) as sent_units
    from valued
    where
        parcel_units >= minimum_units
        and parcel_value >= minimum_value
),

final as (
    select
        going.article_number,
        going.from_branch,
        going.to_branch,
        going.units,
        going.value,
        going.value_per_unit,
        going.is_all as is_sender_emptied,
        senders.on_hand as from_on_hand,
        senders.avg_daily_demand_90d as from_avg_daily_demand_90d,
        senders.reorder_point as from_reorder_point,
        receivers.on_hand as to_on_hand,
        receivers.avg_daily_demand_90d as to_avg_daily_demand_90d,
        receivers.order_up_to_level as to_order_up_to_level,
        going.from_branch
        || ' holds ' || {{ text_of_number('senders.on_hand', 2) }}
        || ' and sells ' || {{ text_of_number('senders.avg_daily_demand_90d', 2) }} || ' a day'
        || case
            when going.is_all then ', so all of it goes; '
            else ', of which it keeps ' || {{ text_of_number('senders.on_hand - going.sent_units', 2) }} || '; '
        end
        || going.to_branch
        || ' holds ' || {{ text_of_number('receivers.on_hand', 2) }}
        || ', sells ' || {{ text_of_number('receivers.avg_daily_demand_90d', 2) }} || ' a day'
        || ' and should hold ' || {{ text_of_number('receivers.order_up_to_level', 1) }}
        || case
            when receivers.on_hand > 0 then ''
            else coalesce('; it is out since ' || {{ text_of_day('receivers.out_of_stock_since') }}, '; it is out')
        end
        || '.' as reason,
        senders.as_of_date
    from going
    inner join reorder_points as senders
        on going.from_branch = senders.branch_number and going.article_number = senders.article_number
    inner join reorder_points as receivers
        on going.to_branch = receivers.branch_number and going.article_number = receivers.article_number
)

select * from final
