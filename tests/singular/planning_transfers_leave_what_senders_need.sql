with

sent as (
    select
        from_branch,
        article_number,
        sum(units) as sent_units,
        count(*) as parcels,
        bool_or(is_sender_emptied) as is_sender_emptied
    from {{ ref('transfer_recommendations') }}
    group by from_branch, article_number
)

select
    sent.*,
    status.on_hand,
    reorder_points.reorder_point
from sent
left join {{ ref('inventory_status') }} as status
    on sent.from_branch = status.branch_number and sent.article_number = status.article_number
left join {{ ref('reorder_points') }} as reorder_points
    on sent.from_branch = reorder_points.branch_number and sent.article_number = reorder_points.article_number
where
    sent.sent_units <= 0
    or coalesce(sent.sent_units > status.on_hand, true)
    or (
        sent.is_sender_emptied
        and (sent.parcels > 1 or sent.sent_units <> status.on_hand)
    )
    or (
        not sent.is_sender_emptied
        and coalesce(status.on_hand - sent.sent_units < reorder_points.reorder_point, true)
    )
