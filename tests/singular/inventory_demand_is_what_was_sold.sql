{{ config(tags=['nightly']) }}

with

looked_at as (
    select * from {{ sampled_days() }} as days
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
    where date_day in (select looked_at.date_day from looked_at)
),

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }} where is_own_demand
),

sold as (
    select
        sales.date_day,
        supply_groups.branch_number,
        sum(sales.demand_units) as demand_units
    from sales
    inner join articles
        on sales.article_number = articles.article_number
    inner join supply_groups
        on sales.branch_number = supply_groups.selling_branch_number
    group by sales.date_day, supply_groups.branch_number
),

daily as (
    select
        date_day,
        branch_number,
        sum(demand_units) as demand_units
    from {{ ref('fct_inventory_daily') }}
    where date_day in (select looked_at.date_day from looked_at)
    group by date_day, branch_number
)

select
    coalesce(sold.date_day, daily.date_day) as date_day,
    coalesce(sold.branch_number, daily.branch_number) as branch_number,
    sold.demand_units as sold_units,
    daily.demand_units
from sold
full outer join daily
    on sold.date_day = daily.date_day and sold.branch_number = daily.branch_number
where coalesce(sold.demand_units, 0) <> coalesce(daily.demand_units, 0)
