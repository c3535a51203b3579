with

landed as (
    select * from {{ ref('base_prohandel__purchase_orders') }}
),

final as (
    select
        purchase_order_id,
        article_number,
        article_size_number,
        branch_ref,
        supplier_number,
        ordered_at,
        expected_at,
        quantity,
        received_quantity,
        status,
        {{- common_columns('purchase_order') }}
    from landed
    where rejection_reasons is null
)

select * from final
