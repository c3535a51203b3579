with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

revenue as (
    select * from {{ ref('int_articles__revenue_per_unit') }}
),

final as (
    select
        articles.article_number,
        articles.list_price_gross,
        cast(revenue.list_price_net as numeric(18, 6)) as list_price_net,
        articles.unit_cost,
        cast(revenue.net_revenue_per_unit as numeric(18, 6)) as net_revenue_per_unit
    from articles
    inner join revenue
        on articles.article_number = revenue.article_number
)

select * from final
