{{ config(
    materialized='table',
    indexes=[{'columns': ['agg_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('article_sales_agg') }}
),

final as (
    select * from landed
)

select * from final
