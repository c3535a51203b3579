{{ config(materialized='table', indexes=[{'columns': ['branch_ref'], 'unique': true}]) }}

with

shops as (
    select * from {{ ref('stg_prohandel__shops') }}
),

selling as (
    {{ distinct_values(ref('base_prohandel__sales'), 'branch_ref', 'rejection_reasons is null') }}
),

vat_classes as (
    select * from {{ ref('vat_class') }}
),

stocked as (
    {{ distinct_values(ref('base_prohandel__inventory'), 'branch_ref', 'rejection_reasons is null') }}
),

stocked_before as (
    {{ distinct_values(ref('base_prohandel__inventory_history'), 'branch_ref', 'rejection_reasons is null') }}
),

ordering as (
    select distinct branch_ref from {{ ref('stg_prohandel__purchase_orders') }}
),

numbers as (
    select distinct branch_number from shops
),

ids as (
    select
        shops.shop_id,
        max(shops.branch_number) as branch_number
    from shops
    left join numbers
        on shops.shop_id = numbers.branch_number
    where numbers.branch_number is null
    group by shops.shop_id
),

landed as (
    select
        branch_number as branch_ref,
        branch_number
    from numbers
    union all
    select
        shop_id as branch_ref,
        branch_number
    from ids
),

named as (
    select value as branch_ref from selling
    union
    select value as branch_ref from stocked
    union
    select value as branch_ref from stocked_before
    union
    select branch_ref from ordering
    union
    select 'unknown' as branch_ref
),

resolved as (
    select
        coalesce(landed.branch_ref, named.branch_ref) as branch_ref,
        coalesce(landed.branch_number, named.branch_ref) as branch_number,
        landed.branch_ref is not null as is_landed
    from landed
    full outer join named
        on landed.branch_ref = named.branch_ref
    where coalesce(landed.branch_ref, named.branch_ref) is not null
),

final as (
    select
        resolved.branch_ref,
        resolved.branch_number,
        vat_classes.vat_class as branch_vat_class,
        resolved.is_landed
    from resolved
    left join vat_classes
        on
            vat_classes.scope = 'branch'
            and resolved.branch_number = vat_classes.scope_value
)

select * from final
