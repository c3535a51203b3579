with

landed as (
    select * from {{ ref('base_prohandel__orders') }}
),

final as (
    select
        order_id,
        order_number,
        customer_ref,
        order_date,
        delivery_date,
        total_amount,
        status,
        payment_method,
        shipping_method,
        created_at,
        updated_at,
        landed_delivery_time_days,
        landed_order_age_days,
        {{- common_columns('order') }}
    from landed
    where rejection_reasons is null
)

select * from final
