with

status as (
    select
        branch_number,
        sum(inventory_value_cost) as inventory_value_cost,
        sum(inventory_value_retail) as inventory_value_retail,
        sum(case when on_hand > 0 then on_hand else 0 end) as stock_units,
        sum(negative_stock_units) as negative_stock_units,
        sum(excess_units) as excess_units,
        sum(excess_value_cost) as excess_value_cost,
        sum(stockout_days_90d) as stockout_days_90d
    from {{ ref('inventory_status') }}
    group by branch_number
),

slow as (
    select
        branch_number,
        sum(case when is_slow_moving then inventory_value_cost end) as slow_moving_value_cost,
        sum(case when is_dead_stock then inventory_value_cost end) as dead_value_cost
    from {{ ref('slow_moving_inventory') }}
    group by branch_number
),

sales as (
    select
        sales.branch_number,
        sum(sales.net_revenue) as net_revenue_365d,
        sum(sales.gross_margin) as gross_margin_365d
    from {{ ref('fct_sales_daily') }} as sales
    inner join {{ ref('int_as_of') }} as as_of
        on
            sales.date_day > {{ days_after('as_of.as_of_date', -365) }}
            and sales.date_day <= as_of.as_of_date
    group by sales.branch_number
),

branches as (
    select * from {{ ref('warehouse_performance') }}
)

select
    coalesce(branches.branch_number, status.branch_number, sales.branch_number) as branch_number,
    branches.inventory_value_cost,
    status.inventory_value_cost as inventory_value_cost_of_status
from branches
full outer join status
    on branches.branch_number = status.branch_number
full outer join sales
    on coalesce(branches.branch_number, status.branch_number) = sales.branch_number
left join slow
    on branches.branch_number = slow.branch_number
where
    branches.branch_number is null
    or coalesce(branches.inventory_value_cost, 0) <> coalesce(status.inventory_value_cost, 0)
    or coalesce(branches.inventory_value_retail, 0) <> coalesce(status.inventory_value_retail, 0)
    or coalesce(branches.stock_units, 0) <> coalesce(status.stock_units, 0)
    or coalesce(branches.negative_stock_units, 0) <> coalesce(status.negative_stock_units, 0)
    or coalesce(branches.excess_units, 0) <> coalesce(status.excess_units, 0)
    or coalesce(branches.excess_value_cost, 0) <> coalesce(status.excess_value_cost, 0)
    or coalesce(branches.slow_moving_value_cost, 0) <> coalesce(slow.slow_moving_value_cost, 0)
    or coalesce(branches.dead_value_cost, 0) <> coalesce(slow.dead_value_cost, 0)
    or branches.net_revenue_365d <> coalesce(sales.net_revenue_365d, 0)
    or branches.gross_margin_365d is distinct from sales.gross_margin_365d
    or branches.broken_size_runs > branches.size_run_pairs
