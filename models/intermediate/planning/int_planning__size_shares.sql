{{ config(materialized='table', indexes=[{'columns': ['article_number', 'article_size_number'], 'unique': true}]) }}

with

curves as (
    select * from {{ ref('int_articles__size_curves') }}
),

-- To half a per cent: with every line of a category that is sold or corrected, exact shares of all its articles move.
weighed as (
    select
        article_number,
        article_size_number,
        is_core_size,
        round(200 * size_share_of_sales) as weight
    from curves
),

shared as (
    select
        article_number,
        article_size_number,
        is_core_size,
        {{ rate('weight', 'sum(weight) over (partition by article_number)') }} as size_share
    from weighed
),

final as (
    {{ with_change_number('shared', ['article_number', 'article_size_number'], ['size_share', 'is_core_size']) }}
)

select * from final
