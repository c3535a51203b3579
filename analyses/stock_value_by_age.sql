-- How old is the money in stock? A row per category and age of the receipt, with its share of the category's value at cost.
-- Fashion counts from the first delivery of the article, what is always there first in, first out. A share of 366+ above a
-- few percent is money to be freed; units_without_cost are not in the value.
with

ages as (
    select * from {{ ref('stock_age') }}
)

select
    category,
    age_bucket,
    count(*) as articles,
    sum(stock_units) as units,
    sum(stock_value_cost) as value_cost,
    sum(stock_value_cost) / nullif(sum(sum(stock_value_cost)) over (partition by category), 0) as share_of_value,
    sum(case when stock_value_cost is null then stock_units else 0 end) as units_without_cost
from ages
group by category, age_bucket
order by
    category,
    case age_bucket
        when '0-30' then 1
        when '31-90' then 2
        when '91-180' then 3
        when '181-365' then 4
        when '366+' then 5
        else 6
    end
