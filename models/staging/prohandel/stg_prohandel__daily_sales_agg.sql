with

landed as (
    select * from {{ ref('base_prohandel__daily_sales_agg') }}
),

final as (
    select
        sale_date,
        sale_count,
        total_quantity,
        total_amount,
        aggregation_type,
        {{- common_columns('daily_sales_agg') }}
    from landed
    where rejection_reasons is null
)

select * from final
