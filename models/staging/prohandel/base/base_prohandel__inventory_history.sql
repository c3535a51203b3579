{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='inventory_history_key',
    indexes=[
        {'columns': ['inventory_history_key'], 'unique': true},
        {'columns': ['synced_at']},
        {'columns': ['change_number']},
        {'columns': ['source_relation', 'valid_from']},
        {'columns': ['article_ref', 'branch_ref']},
        {'columns': ['branch_ref']},
        {'columns': ['rejection_reasons']},
    ],
    post_hook=["{{ delete_rows_not_landed('inventory_history') }}"],
) }}

with

landed as (
    {{ landed_rows('inventory_history') }}
),

final as (
    select
        *,
        {{ is_new_key('landed.inventory_history_key') }} as is_new,
        {{ next_change_number() }} as change_number
    from landed
)

select * from final
