-- Which stockouts cost most? The fifty events of the last 90 days that lost most net revenue, sold-out fashion apart: a
-- one_shot that is gone is a success. is_lasting says that the shelf is still empty; warehouse_units, that the warehouse
-- could fill it today. Lost revenue is an estimate from the demand before (see stockout_events) and ignores what customers
-- bought instead: compare events by it, do not book it.
with

events as (
    select * from {{ ref('stockout_events') }}
),

articles as (
    select * from {{ ref('dim_articles') }}
),

shops as (
    select * from {{ ref('dim_shops') }}
),

status as (
    select * from {{ ref('inventory_status') }}
),

warehouse_stock as (
    select
        status.article_number,
        sum(greatest(status.on_hand, 0)) as warehouse_units
    from status
    inner join shops
        on status.branch_number = shops.branch_number
    where shops.shop_type = 'warehouse' and status.on_hand is not null
    group by status.article_number
)

select
    events.branch_number,
    shops.name as branch_name,
    events.article_number,
    articles.name as article_name,
    articles.category,
    events.started_on,
    events.ended_on,
    events.ended_on is null as is_lasting,
    events.stockout_days,
    events.demand_per_day_before,
    events.estimated_lost_units,
    events.estimated_lost_net_revenue,
    coalesce(warehouse_stock.warehouse_units, 0) as warehouse_units
from events
inner join status
    on events.branch_number = status.branch_number and events.article_number = status.article_number
inner join articles
    on events.article_number = articles.article_number
inner join shops
    on events.branch_number = shops.branch_number
left join warehouse_stock
    on events.article_number = warehouse_stock.article_number and shops.shop_type <> 'warehouse'
where
    events.assortment_type <> 'one_shot'
    and coalesce(events.ended_on, status.as_of_date) > {{ days_after('status.as_of_date', -90) }}
    and events.estimated_lost_net_revenue > 0
order by events.estimated_lost_net_revenue desc, events.branch_number, events.article_number, events.started_on
limit 50
