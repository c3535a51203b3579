{{ config(
    materialized='table',
    indexes=[{'columns': ['daily_sales_agg_key'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('daily_sales_agg') }}
),

final as (
    select * from landed
)

select * from final
