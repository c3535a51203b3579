-- What of the old seasons is left, and at what value? A row per season that is over and category. Read
-- retail_value_gross against value_cost: what is left at list price. days_over says how long the season has been over;
-- share_without_sale_60d, how much of the units has not sold anywhere in its branch for 60 days: that will need a markdown.
with

status as (
    select * from {{ ref('inventory_status') }} where on_hand > 0
),

articles as (
    select * from {{ ref('dim_articles') }}
),

seasons as (
    select * from {{ ref('season_calendar') }}
)

select
    seasons.season,
    max({{ days_apart('seasons.ends_on', 'status.as_of_date') }}) as days_over,
    articles.category,
    count(distinct status.article_number) as articles,
    sum(status.on_hand) as units,
    sum(status.inventory_value_cost) as value_cost,
    sum(status.inventory_value_retail) as retail_value_gross,
    sum(case when coalesce(status.days_since_last_sale, 60) >= 60 then status.on_hand else 0 end) / sum(status.on_hand)
        as share_without_sale_60d,
    sum(case when status.inventory_value_cost is null then status.on_hand else 0 end) as units_without_cost
from status
inner join articles
    on status.article_number = articles.article_number
inner join seasons
    on articles.season = seasons.season and status.as_of_date > seasons.ends_on
group by seasons.season, articles.category
order by days_over desc, value_cost desc nulls last, articles.category
