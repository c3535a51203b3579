with

daily as (
    select * from {{ ref('fct_inventory_daily') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- on_hand is the newest observation, so the running day counts for what came in and ran out; for demand it does not.
recent_days as (
    select
        daily.branch_number,
        daily.article_number,
        daily.date_day,
        daily.demand_units,
        daily.inferred_receipts > 0 as is_receipt,
        daily.closing_stock > 0 as is_full,
        daily.is_ranged and daily.is_in_stock and daily.date_day <= as_of.as_of_date as is_available
    from daily
    cross join as_of
    where
        daily.date_day > {{ days_after('as_of.as_of_date', -90) }}
        {% if var('as_of_date') is not none -%}
        and daily.date_day <= as_of.as_of_date
        {%- endif %}
),

final as (
    select
        branch_number,
        article_number,
        count(*) filter (where is_available) as available_days_90d,
        cast(coalesce(sum(demand_units) filter (where is_available), 0) as numeric(18, 4)) as available_demand_units_90d,
        cast(coalesce(sum(demand_units * demand_units) filter (where is_available), 0) as numeric(18, 4))
            as available_demand_squares_90d,
        max(date_day) filter (where is_receipt) as last_received_on,
        max(date_day) filter (where is_full) as last_in_stock_on
    from recent_days
    group by branch_number, article_number
)

select * from final
