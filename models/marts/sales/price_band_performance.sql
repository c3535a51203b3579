with

articles as (
    select * from {{ ref('dim_articles') }} where is_merchandise
),

bands as (
    select * from {{ ref('price_bands') }}
),

sales as (
    select * from {{ ref('int_sales__pair_windows') }}
),

pairs as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

sold as (
    select
        article_number,
        sum(net_units_90d) as net_units_90d,
        sum(net_revenue_90d) as net_revenue_90d
    from sales
    group by article_number
),

stocked as (
    select
        article_number,
        sum(greatest(on_hand, 0)) as stock_units
    from pairs
    group by article_number
),

sums as (
    select
        articles.category,
        coalesce(bands.price_band, 'unknown') as price_band,
        count(*) as articles,
        sum(coalesce(sold.net_units_90d, 0)) as net_units_90d,
        sum(coalesce(sold.net_revenue_90d, 0)) as net_revenue_90d,
        sum(coalesce(stocked.stock_units, 0)) as stock_units
    from articles
    left join bands
        on
            articles.list_price_gross >= bands.from_price_gross
            and (bands.below_price_gross is null or articles.list_price_gross < bands.below_price_gross)
    left join sold
        on articles.article_number = sold.article_number
    left join stocked
        on articles.article_number = stocked.article_number
    group by articles.category, coalesce(bands.price_band, 'unknown')
),

final as (
    select
        category,
        price_band,
        articles,
        cast(net_units_90d as numeric(18, 4)) as net_units_90d,
        cast(net_revenue_90d as numeric(18, 6)) as net_revenue_90d,
        {{ rate('net_units_90d', 'sum(net_units_90d) over (partition by category)') }} as sales_share,
        cast(stock_units as numeric(18, 4)) as stock_units,
        {{ rate('stock_units', 'sum(stock_units) over (partition by category)') }} as stock_share
    from sums
)

select * from final
