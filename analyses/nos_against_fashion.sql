-- Never-out-of-stock against fashion, company-wide and by branch: who earns, who binds the stock? Read: a stock_share far
-- above the revenue_share is stock that does not earn its place; margin_per_stock_euro says what a euro at cost brought
-- in 90 days.
with

assortment as (
    select * from {{ ref('assortment_performance') }}
),

sums as (
    select
        'all' as branch_number,
        assortment_type,
        sum(net_revenue_90d) as net_revenue_90d,
        sum(net_revenue_with_cost_90d) as net_revenue_with_cost_90d,
        sum(gross_margin_90d) as gross_margin_90d,
        sum(stock_units) as stock_units,
        sum(inventory_value_cost) as inventory_value_cost
    from assortment
    group by assortment_type
    union all
    select
        branch_number,
        assortment_type,
        sum(net_revenue_90d) as net_revenue_90d,
        sum(net_revenue_with_cost_90d) as net_revenue_with_cost_90d,
        sum(gross_margin_90d) as gross_margin_90d,
        sum(stock_units) as stock_units,
        sum(inventory_value_cost) as inventory_value_cost
    from assortment
    group by branch_number, assortment_type
),

final as (
    select
        branch_number,
        assortment_type,
        net_revenue_90d,
        {{ rate('net_revenue_90d', 'sum(net_revenue_90d) over (partition by branch_number)') }} as revenue_share,
        {{ rate('gross_margin_90d', 'net_revenue_with_cost_90d') }} as margin_pct,
        inventory_value_cost,
        {{ rate('stock_units', 'sum(stock_units) over (partition by branch_number)') }} as stock_share,
        {{ rate('gross_margin_90d', 'inventory_value_cost') }} as margin_per_stock_euro
    from sums
)

select * from final
order by branch_number = 'all' desc, branch_number, net_revenue_90d desc
