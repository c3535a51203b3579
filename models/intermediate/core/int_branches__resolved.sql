{{ config(materialized='table', indexes=[{'columns': ['branch_number'], 'unique': true}]) }}

with

members as (
    select
        branch_number,
        bool_or(is_landed) as is_landed
    from {{ ref('int_branches__references') }}
    group by branch_number
),

shops as (
    select
        *,
        row_number() over (
            partition by branch_number
            order by is_deleted asc, synced_at desc, shop_id desc
        ) as place
    from {{ ref('stg_prohandel__shops') }}
),

branch_references as (
    select * from {{ ref('int_branches__references') }}
),

stocked as (
    {{ distinct_values(ref('base_prohandel__inventory'), 'branch_ref', 'rejection_reasons is null') }}
),

stocked_before as (
    {{ distinct_values(ref('base_prohandel__inventory_history'), 'branch_ref', 'rejection_reasons is null') }}
),

own_stock as (
    select branch_references.branch_number
    from branch_references
    inner join stocked
        on branch_references.branch_ref = stocked.value
    union
    select branch_references.branch_number
    from branch_references
    inner join stocked_before
        on branch_references.branch_ref = stocked_before.value
),

supply_network as (
    select * from {{ ref('supply_network') }}
),

calendar as (
    select
        scope,
        scope_value,
        upper(state) as state
    from {{ ref('branch_calendar') }}
),

postal_code_states as (
    select * from {{ ref('postal_code_states') }}
),

landed as (
    select
        *,
        {{ german_postal_code('postal_code', 'country') }} as german_postal_code
    from shops
    where place = 1
),

final as (
    select
        members.branch_number,
        landed.shop_id,
        {{ or_unknown('landed.name') }} as name,
        {{ or_unknown('landed.city') }} as city,
        {{ or_unknown('landed.postal_code') }} as postal_code,
        coalesce(by_branch.state, postal_code_states.state, by_type.state, by_default.state, 'unknown') as state,
        {{ or_unknown('landed.country') }} as country,
        {{ or_unknown('landed.shop_type') }} as shop_type,
        coalesce(landed.is_online, false) as is_online,
        coalesce(landed.is_active, true) as is_active,
        coalesce(landed.is_deleted, false) as is_deleted,
        members.is_landed,
        coalesce(supply_network.supplied_from, members.branch_number) as supplied_from,
        own_stock.branch_number is not null as has_own_stock
    from members
    left join landed
        on members.branch_number = landed.branch_number
    left join supply_network
        on members.branch_number = supply_network.branch_number
    left join own_stock
        on members.branch_number = own_stock.branch_number
    left join postal_code_states
        on landed.german_postal_code between postal_code_states.from_postal_code and postal_code_states.to_postal_code
    left join calendar as by_branch
        on by_branch.scope = 'branch' and members.branch_number = by_branch.scope_value
    left join calendar as by_type
        on by_type.scope = 'shop_type' and landed.shop_type = by_type.scope_value
    left join calendar as by_default
        on by_default.scope = 'default'
)

select * from final
