with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

sales as (
    select * from {{ ref('int_sales__size_windows') }}
),

sums as (
    select
        articles.category,
        sales.article_size_number,
        sum(sales.demand_units_365d) as demand_units,
        sum(sales.return_units_365d) as return_units
    from sales
    inner join articles
        on sales.article_number = articles.article_number
    where
        sales.demand_units_365d > 0
        or sales.return_units_365d > 0
    group by articles.category, sales.article_size_number
),

compared as (
    select
        *,
        sum(demand_units) over (partition by category) as category_demand_units,
        sum(return_units) over (partition by category) as category_return_units
    from sums
),

final as (
    select
        category,
        article_size_number,
        cast(demand_units as numeric(18, 4)) as demand_units_365d,
        cast(return_units as numeric(18, 4)) as return_units_365d,
        {{ rate('return_units', 'demand_units') }} as return_rate,
        {{ rate('category_return_units', 'category_demand_units') }} as category_return_rate,
        {{ rate('return_units', 'category_return_units') }} as share_of_returns
    from compared
)

select * from final
