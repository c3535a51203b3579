with

curves as (
    select
        article_number,
        sum(size_share_of_sales) as shares,
        count(*) as sizes,
        count(size_share_of_sales) as sizes_with_share,
        sum(case when is_core_size then size_share_of_sales else 0 end) as core_share
    from {{ ref('int_articles__size_curves') }}
    group by article_number
)

-- Each share is rounded to six decimals.
select *
from curves
where
    sizes_with_share not in (0, sizes)
    or abs(shares - 1) * 1000000 > sizes
    or (core_share > 0 and core_share * 1000000 + sizes < 700000)
