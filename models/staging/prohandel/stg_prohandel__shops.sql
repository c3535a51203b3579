with

landed as (
    select * from {{ ref('base_prohandel__shops') }}
),

final as (
    select
        shop_id,
        branch_number,
        name,
        search_term,
        street,
        city,
        postal_code,
        country,
        phone,
        email,
        shop_type,
        coalesce(landed_is_online, is_webshop, shop_type = 'online') as is_online,
        is_active,
        created_at,
        updated_at,
        {{- common_columns('shop') }}
    from landed
    where rejection_reasons is null
)

select * from final
