{{ config(materialized='table') }}

with

branches as (
    select * from {{ ref('int_branches__resolved') }} where has_own_stock and not is_deleted
),

relations as (
    select * from {{ ref('transfer_relations') }}
),

pairs as (
    select
        senders.branch_number as from_branch,
        receivers.branch_number as to_branch,
        receivers.shop_type = 'outlet' as is_to_outlet,
        relations.is_allowed,
        relations.rest_days,
        relations.minimum_units,
        relations.minimum_value,
        -- A named branch counts more than its type; of two rows that name one branch each, the sender's.
        row_number() over (
            partition by senders.branch_number, receivers.branch_number
            order by
                case when relations.from_scope = 'branch' and relations.to_scope = 'branch' then 1 else 2 end,
                case when relations.from_scope = 'branch' then 1 else 2 end,
                case when relations.to_scope = 'branch' then 1 else 2 end
        ) as place
    from relations
    inner join branches as senders
        on
            relations.from_value
            = case when relations.from_scope = 'branch' then senders.branch_number else senders.shop_type end
    inner join branches as receivers
        on
            relations.to_value
            = case when relations.to_scope = 'branch' then receivers.branch_number else receivers.shop_type end
            and senders.branch_number <> receivers.branch_number
            and receivers.is_active
),

final as (
    select
        from_branch,
        to_branch,
        is_to_outlet,
        rest_days,
        minimum_units,
        minimum_value
    from pairs
    where
        place = 1
        and is_allowed
)

select * from final
