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
    select * from {{ ref('fct_sales_daily') }} where demand_units > 0
),

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }}
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
        unsold.branch_number,
        unsold.article_number,
        sales.branch_number as selling_branch_number,
        sum(sales.demand_units) as demand_units
    from unsold
    inner join sales
        on
            unsold.article_number = sales.article_number
            and unsold.received_on <= sales.date_day
            and unsold.as_of_date >= sales.date_day
    left join supply_groups
        on
            unsold.branch_number = supply_groups.branch_number
            and sales.branch_number = supply_groups.selling_branch_number
    where supply_groups.branch_number is null
    group by unsold.branch_number, unsold.article_number, sales.branch_number
),

ranked as (
    select
        branch_number,
        article_number,
        selling_branch_number,
        sum(demand_units) over (partition by branch_number, article_number) as demand_units_elsewhere,
        row_number() over (
            partition by branch_number, article_number
            order by demand_units desc, selling_branch_number
        ) as place
    from elsewhere
),

final as (
    select
        unsold.branch_number,
        unsold.article_number,
        unsold.received_on,
        unsold.received_units,
        unsold.days_since,
        unsold.on_hand,
        unsold.inventory_value_cost,
        cast(ranked.demand_units_elsewhere as numeric(18, 4)) as demand_units_elsewhere,
        ranked.selling_branch_number as best_branch
    from unsold
    inner join ranked
        on
            unsold.branch_number = ranked.branch_number
            and unsold.article_number = ranked.article_number
            and ranked.place = 1
)

select * from final
