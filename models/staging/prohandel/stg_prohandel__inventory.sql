with

landed as (
    select * from {{ ref('base_prohandel__inventory') }}
),

final as (
    select
        inventory_key,
        inventory_id,
        branch_ref,
        article_ref,
        article_size_number,
        quantity,
        updated_at,
        landed_stock_status,
        {{- common_columns('inventory') }}
    from landed
    where rejection_reasons is null
)

select * from final
