with

classes as (
    select
        sum(revenue_share) as revenue_share,
        max(cumulative_share) as cumulative_share,
        count(*) as articles
    from {{ ref('int_articles__classification') }}
    where revenue_share is not null
)

-- Every share is rounded to six decimals.
select *
from classes
where
    articles > 0
    and (abs(revenue_share - 1) > articles * 0.0000005 or cumulative_share <> 1)
