{{ config(materialized='view') }}

with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

classes as (
    select * from {{ ref('int_articles__classification') }}
),

final as (
    select
        metrics.branch_number,
        metrics.article_number,
        metrics.on_hand,
        metrics.negative_stock_units,
        metrics.inventory_value_cost,
        metrics.inventory_value_retail,
        metrics.avg_daily_demand_30d,
        metrics.avg_daily_demand_90d,
        metrics.days_of_supply,
        metrics.turnover_rate,
        metrics.gmroi,
        metrics.stockout_days_90d,
        metrics.stockout_frequency,
        metrics.size_availability_rate,
        metrics.excess_units,
        metrics.excess_value_cost,
        metrics.days_since_last_sale,
        metrics.is_slow_moving,
        metrics.is_dead_stock,
        metrics.stock_status,
        metrics.assortment_type,
        classes.abc_class,
        metrics.is_stock_history_complete,
        metrics.range_start,
        metrics.as_of_date
    from metrics
    left join classes
        on metrics.article_number = classes.article_number
)

select * from final
