with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }} where on_hand > 0
),

branches as (
    select * from {{ ref('int_branches__resolved') }} where shop_type in ('retail', 'outlet', 'online')
),

windows as (
    select * from {{ ref('int_inventory__pair_windows') }} where delivered_on is not null
),

sales as (
    select * from {{ ref('int_sales__pair_windows') }} where demand_units_28d > 0
),

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }}
),

stock_branches as (
    select distinct
        selling_branch_number,
        stock_branch_number
    from supply_groups
),

sellers as (
    select
        sales.article_number,
        sales.branch_number,
        sales.demand_units_28d,
        coalesce(stock_branches.stock_branch_number, sales.branch_number) as stock_branch_number
    from sales
    left join stock_branches
        on sales.branch_number = stock_branches.selling_branch_number
),

demand_of_stocks as (
    select
        article_number,
        stock_branch_number,
        sum(demand_units_28d) as demand_units
    from sellers
    group by article_number, stock_branch_number
),

placed as (
    select
        *,
        row_number() over (
            partition by article_number, stock_branch_number
            order by demand_units_28d desc, branch_number
        ) as place_in_group
    from sellers
),

ranked as (
    select
        *,
        sum(case when place_in_group = 1 then 1 else 0 end) over (
            partition by article_number
            order by demand_units_28d desc, branch_number
            rows between unbounded preceding and current row
        ) as place
    from placed
),

-- The best seller of the best stock, and of the next: that is the best elsewhere where the first stock is one's own.
best_sellers as (
    select
        article_number,
        sum(demand_units_28d) as demand_units,
        max(case when place_in_group = 1 and place = 1 then branch_number end) as first_branch,
        max(case when place_in_group = 1 and place = 1 then stock_branch_number end) as first_stock_branch,
        max(case when place_in_group = 1 and place = 2 then branch_number end) as next_branch
    from ranked
    group by article_number
),

unsold as (
    select
        metrics.branch_number,
        metrics.article_number,
        metrics.on_hand,
        metrics.inventory_value_cost,
        windows.delivered_on as received_on,
        windows.delivered_units as received_units,
        {{ days_apart('windows.delivered_on', 'metrics.as_of_date') }} as days_since
    from metrics
    inner join branches
        on metrics.branch_number = branches.branch_number
    inner join windows
        on metrics.branch_number = windows.branch_number and metrics.article_number = windows.article_number
    where
        metrics.days_since_last_sale is null
        or metrics.days_since_last_sale > {{ days_apart('windows.delivered_on', 'metrics.as_of_date') }}
),

elsewhere as (
    select
        unsold.*,
        cast(best_sellers.demand_units - coalesce(own.demand_units, 0) as numeric(18, 4)) as demand_units_elsewhere_28d,
        case
            when best_sellers.first_stock_branch = unsold.branch_number then best_sellers.next_branch
            else best_sellers.first_branch
        end as best_branch
    from unsold
    inner join best_sellers
        on unsold.article_number = best_sellers.article_number
    left join demand_of_stocks as own
        on
            unsold.article_number = own.article_number
            and unsold.branch_number = own.stock_branch_number
),

final as (
    select
        branch_number,
        article_number,
        received_on,
        received_units,
        days_since,
        on_hand,
        inventory_value_cost,
        demand_units_elsewhere_28d,
        best_branch
    from elsewhere
    where best_branch is not null
)

select * from final
