with

landed as (
    select * from {{ ref('base_prohandel__customers') }}
),

final as (
    select
        customer_id,
        customer_number,
        name,
        email,
        phone,
        street,
        city,
        postal_code,
        country,
        is_active,
        created_at,
        updated_at,
        landed_full_address,
        {{- common_columns('customer') }}
    from landed
    where rejection_reasons is null
)

select * from final
