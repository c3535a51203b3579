{{ config(
    materialized='table',
    indexes=[{'columns': ['customer_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('customer') }}
),

final as (
    select * from landed
)

select * from final
