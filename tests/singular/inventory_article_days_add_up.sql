{{ config(tags=['nightly']) }}

with

days as (
    select
        article_number,
        sum(moved_units) as moved_units,
        sum(received_units) - sum(issued_units) - sum(net_units) as kept_units,
        sum(net_units) as net_units
    from {{ ref('int_inventory__article_days') }}
    group by article_number
),

moved as (
    select
        changes.article_number,
        sum(changes.quantity_change) as moved_units
    from {{ ref('int_inventory__stock_changes') }} as changes
    inner join {{ ref('dim_articles') }} as articles
        on changes.article_number = articles.article_number
    where not changes.is_superseded and articles.is_merchandise
    group by changes.article_number
),

sold as (
    select
        sales.article_number,
        sum(sales.net_units) as net_units
    from {{ ref('fct_sales_daily') }} as sales
    inner join {{ ref('dim_articles') }} as articles
        on sales.article_number = articles.article_number
    where articles.is_merchandise
    group by sales.article_number
)

select
    coalesce(days.article_number, moved.article_number, sold.article_number) as article_number,
    days.moved_units,
    moved.moved_units as moved_units_of_changes,
    days.net_units,
    sold.net_units as net_units_of_sales
from days
full outer join moved
    on days.article_number = moved.article_number
full outer join sold
    on coalesce(days.article_number, moved.article_number) = sold.article_number
where
    coalesce(days.moved_units, 0) <> coalesce(moved.moved_units, 0)
    or coalesce(days.net_units, 0) <> coalesce(sold.net_units, 0)
    or days.kept_units <> days.moved_units
