with

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

final as (
    select
        branch_number,
        name,
        city,
        postal_code,
        state,
        country,
        shop_type,
        is_online,
        is_active,
        is_deleted,
        is_landed,
        supplied_from,
        has_own_stock
    from branches
)

select * from final
