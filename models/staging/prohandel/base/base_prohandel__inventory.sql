{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='inventory_key',
    indexes=[
        {'columns': ['inventory_key'], 'unique': true},
        {'columns': ['synced_at']},
        {'columns': ['branch_ref']},
        {'columns': ['article_ref', 'branch_ref']},
        {'columns': ['change_number']},
        {'columns': ['rejection_reasons']},
    ],
    post_hook=["{{ delete_rows_not_landed('inventory') }}"],
) }}

with

landed as (
    {{ landed_rows('inventory') }}
),

final as (
    select
        *,
        {{ is_new_key('landed.inventory_key') }} as is_new,
        {{ next_change_number() }} as change_number
    from landed
)

select * from final
