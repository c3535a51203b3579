{{ config(materialized='view') }}

with

classification as (
    select * from {{ ref('int_articles__classification') }}
),

final as (
    select
        article_number,
        net_revenue_365d,
        revenue_share,
        cumulative_share,
        abc_class,
        weekly_demand_cv,
        xyz_class,
        is_new_article
    from classification
)

select * from final
