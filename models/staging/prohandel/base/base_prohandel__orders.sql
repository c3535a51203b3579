{{ config(
    materialized='table',
    indexes=[{'columns': ['order_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('order') }}
),

final as (
    select * from landed
)

select * from final
