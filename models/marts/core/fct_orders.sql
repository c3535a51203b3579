{{ config(indexes=[{'columns': ['order_date']}, {'columns': ['customer_key']}]) }}

with

orders as (
    select * from {{ ref('stg_prohandel__orders') }} where not is_deleted
),

customers as (
    select * from {{ ref('int_customers__references') }}
),

final as (
    select
        orders.order_id,
        orders.order_number,
        orders.order_date,
        orders.delivery_date,
        {{ days_apart('orders.order_date', 'orders.delivery_date') }} as delivery_days,
        case
            when customers.is_person then {{ hash_personal("':' || customers.customer_number") }}
        end as customer_key,
        {{ or_unknown('orders.status') }} as status,
        {{ or_unknown('orders.payment_method') }} as payment_method,
        {{ or_unknown('orders.shipping_method') }} as shipping_method,
        orders.total_amount
    from orders
    left join customers
        on orders.customer_ref = customers.customer_ref
)

select * from final
