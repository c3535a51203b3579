-- Which sizes are broken where the warehouse has them? A row per branch and article, with the sizes to send: all are core
-- sizes that are out in the branch. share_of_sales_missing is the part of the article's demand that finds no size; read
-- from the top, as the article's sales of the last 30 days are at stake there. Sizes of a row can be sent together.
with

gaps as (
    select * from {{ ref('size_gaps') }}
),

status as (
    select * from {{ ref('inventory_status') }}
),

articles as (
    select * from {{ ref('dim_articles') }}
)

select
    gaps.branch_number,
    gaps.article_number,
    articles.name as article_name,
    articles.category,
    gaps.warehouse_branch,
    count(*) as sizes_missing,
    string_agg(gaps.article_size_number, ', ' order by gaps.article_size_number) as sizes,
    sum(gaps.size_share_of_sales) as share_of_sales_missing,
    sum(gaps.warehouse_units) as warehouse_units,
    status.on_hand as units_left,
    status.size_availability_rate,
    status.avg_daily_demand_30d
from gaps
inner join status
    on gaps.branch_number = status.branch_number and gaps.article_number = status.article_number
inner join articles
    on gaps.article_number = articles.article_number
group by
    gaps.branch_number,
    gaps.article_number,
    articles.name,
    articles.category,
    gaps.warehouse_branch,
    status.on_hand,
    status.size_availability_rate,
    status.avg_daily_demand_30d
order by
    coalesce(status.avg_daily_demand_30d, 0) * sum(gaps.size_share_of_sales) desc,
    gaps.branch_number,
    gaps.article_number,
    gaps.warehouse_branch
