with

landed as (
    select * from {{ ref('base_prohandel__inventory_history') }}
),

final as (
    select
        inventory_history_key,
        inventory_id || '|' || branch_ref || '|' || article_ref || '|' || article_size_number as inventory_key,
        inventory_id,
        branch_ref,
        article_ref,
        article_size_number,
        quantity,
        valid_from,
        case when valid_to < timestamptz '9999-01-01 00:00:00Z' then valid_to end as valid_to,
        coalesce(is_current, valid_to is null or valid_to >= timestamptz '9999-01-01 00:00:00Z') as is_current,
        updated_at,
        landed_stock_status,
        change_number,
        {{- common_columns('inventory_history') }}
    from landed
    where rejection_reasons is null
)

select * from final
