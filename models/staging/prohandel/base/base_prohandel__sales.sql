{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='sale_line_id',
    indexes=[
        {'columns': ['sale_line_id'], 'unique': true},
        {'columns': ['synced_at']},
        {'columns': ['sale_date']},
        {'columns': ['change_number']},
        {'columns': ['rejection_reasons']},
        {'columns': ['article_number']},
        {'columns': ['branch_ref']},
        {'columns': ['customer_ref']},
    ],
    post_hook=["{{ delete_rows_not_landed('sale') }}"],
) }}

with

landed as (
    {{ landed_rows('sale') }}
),

voided as (
    select
        {%- for column in staged_columns('sale') %}
        {{ column }},
        {%- endfor %}
        source_relation,
        synced_at,
        is_synced_at_known,
        is_deleted
        or coalesce(lower(status) in ('cancelled', 'canceled', 'void', 'voided', 'storniert'), false) as is_deleted,
        unreadable_columns,
        rejection_reasons,
        raw_row,
        row_hash
    from landed
),

final as (
    select
        *,
        {{ is_new_key('voided.sale_line_id') }} as is_new,
        {{ next_change_number() }} as change_number
    from voided
)

select * from final
