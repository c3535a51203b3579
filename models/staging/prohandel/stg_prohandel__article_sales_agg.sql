with

landed as (
    select * from {{ ref('base_prohandel__article_sales_agg') }}
),

final as (
    select
        agg_id,
        article_number,
        total_quantity,
        total_amount,
        sale_count,
        aggregation_type,
        name,
        description,
        category,
        supplier,
        {{- common_columns('article_sales_agg') }}
    from landed
    where rejection_reasons is null
)

select * from final
