with

pair_spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

as_of as (
    select greatest(newest_day, as_of_date) as last_day from {{ ref('int_as_of') }}
),

final as (
    select
        pair_spans.branch_number,
        pair_spans.article_number,
        pair_spans.first_day,
        least(pair_spans.last_day, as_of.last_day) as last_day,
        pair_spans.opening_stock,
        pair_spans.closing_stock,
        pair_spans.stock_value_cost,
        pair_spans.demand_units,
        pair_spans.net_units,
        pair_spans.inferred_receipts,
        pair_spans.inferred_issues,
        pair_spans.is_ranged,
        pair_spans.is_in_stock,
        pair_spans.is_observed
    from pair_spans
    inner join as_of
        on pair_spans.first_day <= as_of.last_day
)

select * from final
