{%- set first_day = days_after('as_of.as_of_date', -89) %}

with

spans as (
    select * from {{ ref('int_inventory__spans') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- on_hand is the newest observation, so the running day counts for what came in and ran out; for demand it does not.
recent_spans as (
    select
        spans.branch_number,
        spans.article_number,
        spans.demand_units,
        spans.inferred_receipts > 0 as is_receipt,
        spans.closing_stock > 0 as is_full,
        spans.is_ranged and spans.is_in_stock and spans.first_day <= as_of.as_of_date as is_available,
        spans.first_day,
        greatest(spans.first_day, {{ first_day }}) as begins_on,
        {{ 'spans.last_day' if var('as_of_date') is none else 'least(spans.last_day, as_of.as_of_date)' }} as last_day,
        least(spans.last_day, as_of.as_of_date) as available_until
    from spans
    inner join as_of
        on
            spans.last_day >= {{ first_day }}
            {%- if var('as_of_date') is not none %}
            and spans.first_day <= as_of.as_of_date
            {%- endif %}
),

-- What moved is on the first day of a span, which may lie before the window.
final as (
    select
        branch_number,
        article_number,
        coalesce(sum({{ days_apart('begins_on', 'available_until') }} + 1) filter (where is_available), 0)
            as available_days_90d,
        cast(
            coalesce(sum(demand_units) filter (where is_available and first_day = begins_on), 0) as numeric(18, 4)
        ) as available_demand_units_90d,
        cast(
            coalesce(sum(demand_units * demand_units) filter (where is_available and first_day = begins_on), 0)
            as numeric(18, 4)
        ) as available_demand_squares_90d,
        max(first_day) filter (where is_receipt and first_day = begins_on) as last_received_on,
        max(last_day) filter (where is_full) as last_in_stock_on
    from recent_spans
    group by branch_number, article_number
)

select * from final
