with

ages as (
    select
        article_number,
        sum(stock_units) as stock_units,
        sum(stock_value_cost) as stock_value_cost
    from {{ ref('stock_age') }}
    group by article_number
),

status as (
    select
        article_number,
        sum(on_hand) as stock_units,
        sum(inventory_value_cost) as stock_value_cost
    from {{ ref('inventory_status') }}
    where on_hand > 0
    group by article_number
)

select
    coalesce(ages.article_number, status.article_number) as article_number,
    ages.stock_units,
    status.stock_units as stock_units_of_status
from ages
full outer join status
    on ages.article_number = status.article_number
where
    ages.stock_units is distinct from status.stock_units
    or abs(ages.stock_value_cost - status.stock_value_cost) > 0.0001
    or (ages.stock_value_cost is null) <> (status.stock_value_cost is null)
