with

landed as (
    select * from {{ ref('base_prohandel__warehouse_inventory_agg') }}
),

final as (
    select
        agg_id,
        warehouse,
        total_quantity,
        article_count,
        aggregation_type,
        {{- common_columns('warehouse_inventory_agg') }}
    from landed
    where rejection_reasons is null
)

select * from final
