{{ config(
    materialized='table',
    indexes=[{'columns': ['category_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('category') }}
),

final as (
    select * from landed
)

select * from final
