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
            over (partition by rounds.from_branch, rounds.to_branch) as parcel_value,
        sum(rounds.units) over (partition by rounds.article_number, rounds.from_branch) as sent_units
    from rounds
    inner join relations
        on rounds.from_branch = relations.from_branch and rounds.to_branch = relations.to_branch
),

final as (
    select
        valued.article_number,
        valued.from_branch,
        valued.to_branch,
        valued.units,
        valued.value,
        valued.value_per_unit,
        valued.is_all as is_sender_emptied,
        senders.on_hand as from_on_hand,
        senders.avg_daily_demand_90d as from_avg_daily_demand_90d,
        senders.reorder_point as from_reorder_point,
        receivers.on_hand as to_on_hand,
        receivers.avg_daily_demand_90d as to_avg_daily_demand_90d,
        receivers.order_up_to_level as to_order_up_to_level,
        valued.from_branch
        || ' holds ' || {{ text_of_number('senders.on_hand', 2) }}
        || ' and sells ' || {{ text_of_number('senders.avg_daily_demand_90d', 2) }} || ' a day'
        || case
            when valued.is_all then ', so all of it goes; '
            else ', of which it keeps ' || {{ text_of_number('senders.on_hand - valued.sent_units', 2) }} || '; '
        end
        || valued.to_branch
        || ' holds ' || {{ text_of_number('receivers.on_hand', 2) }}
        || ', sells ' || {{ text_of_number('receivers.avg_daily_demand_90d', 2) }} || ' a day'
        || ' and should hold ' || {{ text_of_number('receivers.order_up_to_level', 1) }}
        || case
            when receivers.on_hand > 0 then ''
            else coalesce('; it is out since ' || {{ text_of_day('receivers.out_of_stock_since') }}, '; it is out')
        end
        || '.' as reason,
        senders.as_of_date
    from valued
    inner join reorder_points as senders
        on valued.from_branch = senders.branch_number and valued.article_number = senders.article_number
    inner join reorder_points as receivers
        on valued.to_branch = receivers.branch_number and valued.article_number = receivers.article_number
    where
        valued.parcel_units >= valued.minimum_units
        and valued.parcel_value >= valued.minimum_value
)

select * from final
