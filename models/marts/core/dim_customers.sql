with

customer_references as (
    select * from {{ ref('int_customers__references') }} where is_person
),

customers as (
    select
        *,
        row_number() over (
            partition by customer_number
            order by is_deleted asc, synced_at desc, customer_id desc
        ) as place
    from {{ ref('stg_prohandel__customers') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

members as (
    select distinct
        customer_number,
        {{ hash_personal("':' || customer_number") }} as customer_key
    from customer_references
),

landed as (
    select
        customer_number,
        {{ or_unknown('country') }} as country,
        {{ german_postal_code('postal_code', 'country') }} as german_postal_code,
        postal_code,
        is_deleted
    from customers
    where place = 1
),

first_orders as (
    select
        customer_key,
        min(order_date) as first_order_date
    from orders
    group by customer_key
),

final as (
    select
        members.customer_key,
        coalesce(substr(coalesce(landed.german_postal_code, landed.postal_code), 1, 2), 'unknown') as postal_area,
        {{ or_unknown('landed.country') }} as country,
        first_orders.first_order_date,
        coalesce(landed.is_deleted, false) as is_deleted,
        landed.customer_number is not null as is_landed
    from members
    left join landed
        on members.customer_number = landed.customer_number
    left join first_orders
        on members.customer_key = first_orders.customer_key
)

select * from final
