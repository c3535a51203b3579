{{ config(materialized='table', indexes=[{'columns': ['article_number', 'article_size_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

demand as (
    select * from {{ ref('int_articles__size_demand') }} where article_size_number <> 'unknown'
),

size_stock as (
    select * from {{ ref('int_inventory__size_stock') }} where article_size_number <> 'unknown'
),

sizes as (
    select
        article_number,
        article_size_number
    from size_stock
    union
    select
        article_number,
        article_size_number
    from demand
    where demand_units > 0
),

by_article as (
    select
        article_number,
        sum(demand_units_365d) as demand_units
    from demand
    group by article_number
),

by_category as (
    select
        articles.category,
        demand.article_size_number,
        sum(demand.demand_units_365d) as demand_units
    from demand
    inner join articles
        on demand.article_number = articles.article_number
    group by articles.category, demand.article_size_number
),

-- An article has a curve of its own once it sold 30 in the window.
weighed as (
    select
        sizes.article_number,
        sizes.article_size_number,
        coalesce(by_article.demand_units >= 30, false) as is_own_curve,
        coalesce(
            case when by_article.demand_units >= 30 then demand.demand_units_365d else by_category.demand_units end, 0
        ) as weight
    from sizes
    inner join articles
        on sizes.article_number = articles.article_number
    left join by_article
        on sizes.article_number = by_article.article_number
    left join demand
        on
            sizes.article_number = demand.article_number
            and sizes.article_size_number = demand.article_size_number
    left join by_category
        on
            articles.category = by_category.category
            and sizes.article_size_number = by_category.article_size_number
),

ranked as (
    select
        *,
        sum(weight) over (partition by article_number) as total,
        sum(weight) over (
            partition by article_number
            order by weight desc, article_size_number
            rows between unbounded preceding and current row
        ) as weight_up_to
    from weighed
),

-- Compared by multiplication: a share on the edge must not fall to either side by rounding.
final as (
    select
        article_number,
        article_size_number,
        is_own_curve,
        {{ rate('weight', 'total') }} as size_share_of_sales,
        total > 0 and (weight_up_to - weight) * 100 < total * 70 as is_core_size
    from ranked
)

select * from final
