with

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

sales as (
    select * from {{ ref('int_sales__pair_windows') }}
),

stock as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

classification as (
    select * from {{ ref('int_articles__classification') }}
),

ranged_or_sold as (
    select
        branch_number,
        article_number
    from pairs
    where range_start is not null
    union
    select
        sales.branch_number,
        sales.article_number
    from sales
    inner join articles
        on sales.article_number = articles.article_number
),

-- What a branch holds that sells from another's stock is not known to be nothing: it has no stock of its own.
stock_holders as (
    select distinct branch_number
    from stock
    where on_hand is not null
),

described as (
    select
        ranged_or_sold.branch_number,
        ranged_or_sold.article_number,
        coalesce(pairs.assortment_type, articles.assortment_type) as assortment_type,
        coalesce(classification.is_new_article, false) as is_new_article
    from ranged_or_sold
    inner join articles
        on ranged_or_sold.article_number = articles.article_number
    left join pairs
        on
            ranged_or_sold.branch_number = pairs.branch_number
            and ranged_or_sold.article_number = pairs.article_number
    left join classification
        on ranged_or_sold.article_number = classification.article_number
),

sums as (
    select
        described.branch_number,
        described.assortment_type,
        described.is_new_article,
        sum(coalesce(sales.demand_units_90d, 0)) as demand_units_90d,
        sum(coalesce(sales.net_units_90d, 0)) as net_units_90d,
        sum(coalesce(sales.net_revenue_90d, 0)) as net_revenue_90d,
        sum(coalesce(sales.net_revenue_with_cost_90d, 0)) as net_revenue_with_cost_90d,
        sum(sales.gross_margin_90d) as gross_margin_90d,
        case when max(stock_holders.branch_number) is not null then sum(coalesce(greatest(stock.on_hand, 0), 0)) end
            as stock_units,
        case when max(stock_holders.branch_number) is not null then sum(coalesce(stock.inventory_value_cost, 0)) end
            as inventory_value_cost
    from described
    left join stock_holders
        on described.branch_number = stock_holders.branch_number
    left join sales
        on described.branch_number = sales.branch_number and described.article_number = sales.article_number
    left join stock
        on described.branch_number = stock.branch_number and described.article_number = stock.article_number
    group by described.branch_number, described.assortment_type, described.is_new_article
),

final as (
    select
        branch_number,
        assortment_type,
        is_new_article,
        cast(demand_units_90d as numeric(18, 4)) as demand_units_90d,
        cast(net_units_90d as numeric(18, 4)) as net_units_90d,
        cast(net_revenue_90d as numeric(18, 6)) as net_revenue_90d,
        {{ rate('net_revenue_90d', 'sum(net_revenue_90d) over (partition by branch_number)') }} as revenue_share,
        cast(net_revenue_with_cost_90d as numeric(18, 6)) as net_revenue_with_cost_90d,
        cast(gross_margin_90d as numeric(18, 6)) as gross_margin_90d,
        {{ rate('gross_margin_90d', 'net_revenue_with_cost_90d') }} as margin_pct,
        cast(stock_units as numeric(18, 4)) as stock_units,
        {{ rate('stock_units', 'sum(stock_units) over (partition by branch_number)') }} as stock_share,
        cast(inventory_value_cost as numeric(18, 6)) as inventory_value_cost
    from sums
)

select * from final
