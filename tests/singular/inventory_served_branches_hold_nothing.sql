select
    branch_number,
    article_number
from {{ ref('int_inventory_with_metrics') }}
where
    branch_number <> stock_branch_number
    and (
        on_hand is not null
        or excess_units is not null
        or turnover_rate is not null
        or stockout_days_90d is not null
        or stockout_frequency is not null
        or stock_status is not null
        or is_slow_moving
        or is_dead_stock
    )
