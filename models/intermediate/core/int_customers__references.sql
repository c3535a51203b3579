{{ config(materialized='table', indexes=[{'columns': ['customer_ref'], 'unique': true}]) }}

with

customers as (
    select * from {{ ref('stg_prohandel__customers') }} where customer_number is not null
),

buying as (
    {{ distinct_values(ref('base_prohandel__sales'), 'customer_ref', 'rejection_reasons is null') }}
),

ordering as (
    select distinct customer_ref from {{ ref('stg_prohandel__orders') }}
),

numbers as (
    select distinct customer_number from customers
),

ids as (
    select
        customers.customer_id,
        max(customers.customer_number) as customer_number
    from customers
    left join numbers
        on customers.customer_id = numbers.customer_number
    where numbers.customer_number is null
    group by customers.customer_id
),

landed as (
    select
        customer_number as customer_ref,
        customer_number
    from numbers
    union all
    select
        customer_id as customer_ref,
        customer_number
    from ids
),

named as (
    select value as customer_ref from buying
    union
    select customer_ref from ordering
),

resolved as (
    select
        coalesce(landed.customer_ref, named.customer_ref) as customer_ref,
        coalesce(landed.customer_number, named.customer_ref) as customer_number,
        landed.customer_ref is not null as is_landed
    from landed
    full outer join named
        on landed.customer_ref = named.customer_ref
    where coalesce(landed.customer_ref, named.customer_ref) is not null
),

final as (
    select
        customer_ref,
        customer_number,
        {{ is_person('customer_number') }} as is_person,
        is_landed
    from resolved
)

select * from final
