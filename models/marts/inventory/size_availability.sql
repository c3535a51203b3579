with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }} where known_from is not null
),

size_stock as (
    select * from {{ ref('int_inventory__size_stock') }} where article_size_number <> 'unknown'
),

curves as (
    select * from {{ ref('int_articles__size_curves') }}
),

sizes as (
    select
        metrics.branch_number,
        metrics.article_number,
        size_stock.article_size_number,
        size_stock.on_hand,
        size_stock.on_hand > 0 as is_in_stock,
        curves.size_share_of_sales,
        coalesce(curves.is_core_size, false) as is_core_size
    from metrics
    inner join size_stock
        on metrics.branch_number = size_stock.branch_number and metrics.article_number = size_stock.article_number
    left join curves
        on
            size_stock.article_number = curves.article_number
            and size_stock.article_size_number = curves.article_size_number
),

final as (
    select
        branch_number,
        article_number,
        article_size_number,
        on_hand,
        size_share_of_sales,
        is_in_stock,
        is_core_size,
        bool_or(is_core_size and not is_in_stock) over (partition by branch_number, article_number)
        and bool_or(is_in_stock) over (partition by branch_number, article_number) as is_broken_size_run
    from sizes
)

select * from final
