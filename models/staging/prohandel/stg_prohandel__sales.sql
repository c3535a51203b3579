with

landed as (
    select * from {{ ref('base_prohandel__sales') }}
),

final as (
    select
        sale_line_id,
        receipt_number,
        sale_date,
        sold_at,
        branch_ref,
        article_number,
        article_size_number,
        customer_ref,
        staff_number,
        quantity,
        purchase_price,
        sale_price,
        label_price,
        discount,
        sale_type,
        payment_method,
        created_at,
        updated_at,
        landed_sale_age_days,
        change_number,
        {{- common_columns('sale') }}
    from landed
    where rejection_reasons is null
)

select * from final
