with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

sales as (
    select * from {{ ref('int_sales__pair_windows') }}
),

pairs as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

sold as (
    select
        article_number,
        sum(demand_units_28d) as demand_units,
        sum(return_units_28d) as return_units,
        sum(net_units_28d) as net_units,
        sum(net_revenue_28d) as net_revenue,
        sum(gross_margin_28d) as gross_margin
    from sales
    group by article_number
),

stocked as (
    select
        article_number,
        sum(greatest(on_hand, 0)) as on_hand,
        min(range_start) as range_start
    from pairs
    group by article_number
),

active as (
    select
        articles.article_number,
        articles.name,
        articles.category,
        articles.brand,
        articles.season,
        coalesce(sold.demand_units, 0) as demand_units,
        coalesce(sold.net_units, 0) as net_units,
        coalesce(sold.net_revenue, 0) as net_revenue,
        sold.gross_margin,
        coalesce(stocked.on_hand, 0) as on_hand,
        stocked.range_start
    from articles
    left join sold
        on articles.article_number = sold.article_number
    left join stocked
        on articles.article_number = stocked.article_number
    where
        sold.demand_units > 0
        or sold.return_units > 0
        or stocked.on_hand > 0
),

ranked as (
    select
        *,
        row_number() over (partition by category order by net_revenue desc, article_number) as rank_in_category,
        count(*) over (partition by category) as articles_in_category
    from active
),

-- A tenth is rounded up: rank <= ceil(n / 10) is (rank - 1) x 10 < n, and likewise from the end.
flagged as (
    select
        ranked.*,
        (ranked.rank_in_category - 1) * 10 < ranked.articles_in_category and ranked.net_revenue > 0 as is_renner,
        (ranked.articles_in_category - ranked.rank_in_category) * 10 < ranked.articles_in_category
        and ranked.on_hand > 0
        and coalesce(
            {{ days_apart('ranked.range_start', 'as_of.as_of_date') }} > {{ var('new_article_days') }}, false
        ) as is_last_and_not_new
    from ranked
    cross join as_of
),

final as (
    select
        article_number,
        name,
        category,
        brand,
        season,
        cast(demand_units as numeric(18, 4)) as demand_units_28d,
        cast(net_units as numeric(18, 4)) as net_units_28d,
        cast(net_revenue as numeric(18, 6)) as net_revenue_28d,
        cast(gross_margin as numeric(18, 6)) as gross_margin_28d,
        cast(on_hand as numeric(18, 4)) as on_hand,
        {{ rate('on_hand * 4', 'demand_units') }} as weeks_of_cover,
        rank_in_category,
        articles_in_category,
        is_renner,
        is_last_and_not_new and not is_renner as is_penner
    from flagged
)

select * from final
