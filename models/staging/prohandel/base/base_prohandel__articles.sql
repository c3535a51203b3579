{{ config(
    materialized='table',
    indexes=[{'columns': ['article_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('article') }}
),

final as (
    select * from landed
)

select * from final
