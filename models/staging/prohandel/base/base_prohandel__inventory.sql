{{ config(
    materialized='table',
    indexes=[{'columns': ['inventory_key'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('inventory') }}
),

final as (
    select * from landed
)

select * from final
