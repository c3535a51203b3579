{{ config(materialized='view') }}

with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

final as (
    select
        metrics.branch_number,
        metrics.article_number,
        articles.category,
        articles.season,
        metrics.assortment_type,
        metrics.on_hand,
        metrics.inventory_value_cost,
        metrics.inventory_value_retail,
        metrics.days_since_last_sale,
        metrics.days_of_supply,
        metrics.is_slow_moving,
        metrics.is_dead_stock
    from metrics
    inner join articles
        on metrics.article_number = articles.article_number
    where metrics.is_slow_moving or metrics.is_dead_stock
)

select * from final
