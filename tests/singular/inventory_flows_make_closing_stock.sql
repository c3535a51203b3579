{{ config(tags=['nightly']) }}

with

daily as (
    select
        date_day,
        branch_number,
        article_number,
        opening_stock,
        closing_stock,
        net_units,
        inferred_receipts,
        inferred_issues,
        is_observed,
        lag(date_day) over (partition by branch_number, article_number order by date_day) as previous_day,
        lag(closing_stock) over (partition by branch_number, article_number order by date_day) as previous_closing_stock
    from {{ ref('fct_inventory_daily') }}
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
