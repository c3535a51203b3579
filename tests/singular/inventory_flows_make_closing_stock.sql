{{ config(tags=['nightly']) }}

with

looked_at as (
    select * from {{ sampled_pairs() }} as pairs
),

daily as (
    select
        daily.date_day,
        daily.branch_number,
        daily.article_number,
        daily.opening_stock,
        daily.closing_stock,
        daily.net_units,
        daily.inferred_receipts,
        daily.inferred_issues,
        daily.is_observed,
        lag(daily.date_day) over (
            partition by daily.branch_number, daily.article_number order by daily.date_day
        ) as previous_day,
        lag(daily.closing_stock) over (
            partition by daily.branch_number, daily.article_number order by daily.date_day
        ) as previous_closing_stock
    from {{ ref('fct_inventory_daily') }} as daily
    inner join looked_at
        on daily.branch_number = looked_at.branch_number and daily.article_number = looked_at.article_number
)

-- Between two rows that do not follow each other the pair held nothing.
select *
from daily
where
    opening_stock + inferred_receipts - inferred_issues - net_units <> closing_stock
    or (
        opening_stock is not null
        and opening_stock <> case
            when previous_day = {{ days_after('date_day', -1) }} then previous_closing_stock
            else 0
        end
    )
    or (inferred_receipts > 0 and inferred_issues > 0)
    or (opening_stock is null) <> (inferred_receipts is null)
    or (closing_stock is null) = is_observed
