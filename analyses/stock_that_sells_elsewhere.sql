-- Where does stock lie that sells elsewhere? A row per pair that is slow moving or dead here while another branch sold the
-- article in the last 90 days and has none left, or less than it sells in two weeks. Read from the top: most money tied up
-- first. units_to_move is what the other branch would sell in 28 days, at most what lies here; transfer_recommendations
-- has what may really be moved.
with

status as (
    select * from {{ ref('inventory_status') }}
),

slow as (
    select * from {{ ref('slow_moving_inventory') }}
),

-- Branches that are served from elsewhere have no stock of their own to fill up.
needing as (
    select
        branch_number,
        article_number,
        on_hand,
        avg_daily_demand_90d
    from status
    where avg_daily_demand_90d > 0 and on_hand is not null and coalesce(days_of_supply, 0) < 14
),

ranked as (
    select
        slow.branch_number as lies_in,
        needing.branch_number as sells_in,
        slow.article_number,
        slow.category,
        slow.season,
        slow.on_hand,
        slow.inventory_value_cost,
        slow.days_since_last_sale,
        needing.on_hand as on_hand_there,
        needing.avg_daily_demand_90d as demand_per_day_there,
        least(slow.on_hand, ceil(needing.avg_daily_demand_90d * 28 - greatest(needing.on_hand, 0))) as units_to_move,
        row_number() over (
            partition by slow.branch_number, slow.article_number
            order by needing.avg_daily_demand_90d desc, needing.branch_number
        ) as place
    from slow
    inner join needing
        on slow.article_number = needing.article_number and slow.branch_number <> needing.branch_number
)

select
    lies_in,
    sells_in,
    article_number,
    category,
    season,
    on_hand,
    inventory_value_cost,
    days_since_last_sale,
    on_hand_there,
    demand_per_day_there,
    units_to_move
from ranked
where place = 1
order by inventory_value_cost desc nulls last, lies_in, article_number
