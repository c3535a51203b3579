{{ config(
    materialized='table',
    indexes=[{'columns': ['purchase_order_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('purchase_order') }}
),

final as (
    select * from landed
)

select * from final
