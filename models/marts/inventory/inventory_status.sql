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
        cast(metrics.on_hand as numeric(18, 4)) as on_hand,
        cast(metrics.negative_stock_units as numeric(18, 4)) as negative_stock_units,
        cast(metrics.inventory_value_cost as numeric(18, 6)) as inventory_value_cost,
        cast(metrics.inventory_value_retail as numeric(18, 6)) as inventory_value_retail,
        cast(metrics.avg_daily_demand_30d as numeric(18, 6)) as avg_daily_demand_30d,
        cast(metrics.avg_daily_demand_90d as numeric(18, 6)) as avg_daily_demand_90d,
        cast(metrics.days_of_supply as numeric(18, 6)) as days_of_supply,
        cast(metrics.turnover_rate as numeric(18, 6)) as turnover_rate,
        cast(metrics.gmroi as numeric(18, 6)) as gmroi,
        cast(metrics.stockout_days_90d as bigint) as stockout_days_90d,
        cast(metrics.stockout_frequency as numeric(18, 6)) as stockout_frequency,
        cast(metrics.size_availability_rate as numeric(18, 6)) as size_availability_rate,
        cast(metrics.excess_units as numeric(18, 6)) as excess_units,
        cast(metrics.excess_value_cost as numeric(18, 6)) as excess_value_cost,
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
