with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

windows as (
    select * from {{ ref('int_inventory__pair_windows') }}
),

articles as (
    select * from {{ ref('int_forecasting__articles') }}
),

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

final as (
    select
        metrics.branch_number,
        metrics.article_number,
        metrics.range_start as series_start,
        metrics.as_of_date as series_end,
        metrics.stock_branch_number,
        metrics.known_from is not null as has_own_stock,
        articles.category,
        articles.category_level_1,
        articles.brand,
        articles.supplier,
        articles.season,
        articles.season_starts_on,
        articles.season_ends_on,
        articles.price_tier,
        metrics.list_price_gross,
        metrics.unit_cost,
        metrics.assortment_type,
        articles.is_active and branches.is_active and not branches.is_deleted as is_active,
        articles.abc_class,
        articles.xyz_class,
        branches.state,
        branches.shop_type,
        branches.is_online,
        articles.is_active
        and branches.is_active
        and not branches.is_deleted
        and coalesce(windows.is_ranged, false) as is_forecastable
    from metrics
    inner join articles
        on metrics.article_number = articles.article_number
    inner join branches
        on metrics.branch_number = branches.branch_number
    left join windows
        on metrics.branch_number = windows.branch_number and metrics.article_number = windows.article_number
    where metrics.as_of_date >= metrics.range_start
)

select * from final
