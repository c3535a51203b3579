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

sellers as (
    select
        article_number,
        branch_number,
        demand_units_28d,
        sum(demand_units_28d) over (partition by article_number) as demand_units_of_all,
        row_number() over (partition by article_number order by demand_units_28d desc, branch_number) as place
    from sales
),

group_sizes as (
    select
        branch_number,
        count(*) as selling_branches
    from supply_groups
    group by branch_number
),

own_demand as (
    select
        supply_groups.branch_number,
        sales.article_number,
        sum(sales.demand_units_28d) as demand_units
    from supply_groups
    inner join sales
        on supply_groups.selling_branch_number = sales.branch_number
    group by supply_groups.branch_number, sales.article_number
),

unsold as (
    select
        metrics.branch_number,
        metrics.article_number,
        metrics.on_hand,
        metrics.inventory_value_cost,
        metrics.as_of_date,
        windows.delivered_on as received_on,
        windows.delivered_units as received_units,
        {{ days_apart('windows.delivered_on', 'metrics.as_of_date') }} as days_since,
        coalesce(own_demand.demand_units, 0) as own_demand_units
    from metrics
    inner join branches
        on metrics.branch_number = branches.branch_number
    inner join windows
        on metrics.branch_number = windows.branch_number and metrics.article_number = windows.article_number
    left join own_demand
        on metrics.branch_number = own_demand.branch_number and metrics.article_number = own_demand.article_number
    where
        metrics.days_since_last_sale is null
        or metrics.days_since_last_sale > {{ days_apart('windows.delivered_on', 'metrics.as_of_date') }}
),

-- Beyond as many as sell from the stock of the branch itself, no seller can be the best of the others.
best_sellers as (
    select
        unsold.*,
        sellers.branch_number as best_branch,
        sellers.demand_units_of_all,
        row_number() over (partition by unsold.branch_number, unsold.article_number order by sellers.place) as seller
    from unsold
    inner join group_sizes
        on unsold.branch_number = group_sizes.branch_number
    inner join sellers
        on unsold.article_number = sellers.article_number and sellers.place <= group_sizes.selling_branches + 1
    left join supply_groups
        on
            unsold.branch_number = supply_groups.branch_number
            and sellers.branch_number = supply_groups.selling_branch_number
    where supply_groups.branch_number is null
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
        cast(demand_units_of_all - own_demand_units as numeric(18, 4)) as demand_units_elsewhere_28d,
        best_branch
    from best_sellers
    where seller = 1
)

select * from final
