{{ config(
    materialized='table',
    indexes=[{'columns': ['supplier_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('supplier') }}
),

final as (
    select * from landed
)

select * from final
