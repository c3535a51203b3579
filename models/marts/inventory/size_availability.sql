{{ config(materialized='view') }}

with

size_runs as (
    select * from {{ ref('int_inventory__size_runs') }}
),

curves as (
    select * from {{ ref('int_articles__size_curves') }}
),

final as (
    select
        size_runs.branch_number,
        size_runs.article_number,
        size_runs.article_size_number,
        size_runs.on_hand,
        curves.size_share_of_sales,
        size_runs.is_in_stock,
        size_runs.is_core_size,
        size_runs.is_broken_size_run
    from size_runs
    left join curves
        on
            size_runs.article_number = curves.article_number
            and size_runs.article_size_number = curves.article_size_number
)

select * from final
