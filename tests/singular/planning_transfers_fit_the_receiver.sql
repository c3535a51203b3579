with

transfers as (
    select * from {{ ref('transfer_recommendations') }}
),

received as (
    select
        to_branch,
        article_number,
        sum(units) as received_units
    from transfers
    group by to_branch, article_number
)

select
    received.*,
    reorder_points.on_hand,
    reorder_points.order_up_to_level
from received
left join {{ ref('reorder_points') }} as reorder_points
    on received.to_branch = reorder_points.branch_number and received.article_number = reorder_points.article_number
left join transfers as also_sent
    on received.to_branch = also_sent.from_branch and received.article_number = also_sent.article_number
where
    also_sent.article_number is not null
    or coalesce(
        received.received_units
        + greatest(reorder_points.on_hand, 0)
        + reorder_points.on_order_units
        > reorder_points.order_up_to_level,
        true
    )
