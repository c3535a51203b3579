with

parcels as (
    select
        transfers.from_branch,
        transfers.to_branch,
        sum(transfers.units) as units,
        sum(transfers.value) as value,
        min({{ days_apart('senders.last_received_on', 'senders.as_of_date') }}) as rested_days
    from {{ ref('transfer_recommendations') }} as transfers
    inner join {{ ref('reorder_points') }} as senders
        on transfers.from_branch = senders.branch_number and transfers.article_number = senders.article_number
    group by transfers.from_branch, transfers.to_branch
),

shops as (
    select * from {{ ref('dim_shops') }}
),

relations as (
    select * from {{ ref('transfer_relations') }}
),

found as (
    select
        parcels.*,
        coalesce(by_both.from_scope, by_sender.from_scope, by_receiver.from_scope, by_type.from_scope) as found_scope,
        case
            when by_both.from_scope is not null then by_both.is_allowed
            when by_sender.from_scope is not null then by_sender.is_allowed
            when by_receiver.from_scope is not null then by_receiver.is_allowed
            else by_type.is_allowed
        end as is_allowed,
        coalesce(by_both.rest_days, by_sender.rest_days, by_receiver.rest_days, by_type.rest_days) as rest_days,
        coalesce(by_both.minimum_units, by_sender.minimum_units, by_receiver.minimum_units, by_type.minimum_units)
            as minimum_units,
        coalesce(by_both.minimum_value, by_sender.minimum_value, by_receiver.minimum_value, by_type.minimum_value)
            as minimum_value
    from parcels
    inner join shops as senders
        on parcels.from_branch = senders.branch_number
    inner join shops as receivers
        on parcels.to_branch = receivers.branch_number
    left join relations as by_both
        on
            by_both.from_scope = 'branch'
            and by_both.to_scope = 'branch'
            and parcels.from_branch = by_both.from_value
            and parcels.to_branch = by_both.to_value
    left join relations as by_sender
        on
            by_sender.from_scope = 'branch'
            and by_sender.to_scope = 'shop_type'
            and parcels.from_branch = by_sender.from_value
            and receivers.shop_type = by_sender.to_value
    left join relations as by_receiver
        on
            by_receiver.from_scope = 'shop_type'
            and by_receiver.to_scope = 'branch'
            and senders.shop_type = by_receiver.from_value
            and parcels.to_branch = by_receiver.to_value
    left join relations as by_type
        on
            by_type.from_scope = 'shop_type'
            and by_type.to_scope = 'shop_type'
            and senders.shop_type = by_type.from_value
            and receivers.shop_type = by_type.to_value
)

select *
from found
where
    found_scope is null
    or not is_allowed
    or units < minimum_units
    or value < minimum_value
    or rested_days < rest_days
