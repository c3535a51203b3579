{{ config(tags=['nightly']) }}
{%- set measures = [
    'sale_lines', 'demand_units', 'return_units', 'net_units', 'gross_revenue', 'net_revenue', 'net_revenue_with_cost',
    'cogs', 'gross_margin', 'label_value', 'discount_amount',
] %}

with

daily as (
    select
        date_day,
        branch_number,
        {% for measure in measures -%}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('fct_sales_daily') }}
    group by date_day, branch_number
),

performance as (
    select
        date_day,
        branch_number,
        max(receipts) as most_receipts,
        sum(receipts) as all_receipts,
        {% for measure in measures -%}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('sales_performance') }}
    group by date_day, branch_number
),

receipts as (
    select
        sale_date as date_day,
        branch_number,
        count(*) as sale_lines,
        count(distinct receipt_number) + sum(case when receipt_number is null then 1 else 0 end) as receipts
    from {{ ref('fct_sale_lines') }}
    group by sale_date, branch_number
),

final as (
    select
        coalesce(days.date_day, daily.date_day) as date_day,
        coalesce(days.branch_number, daily.branch_number) as branch_number
    from {{ ref('branch_day_performance') }} as days
    full outer join daily
        on days.date_day = daily.date_day and days.branch_number = daily.branch_number
    left join performance
        on days.date_day = performance.date_day and days.branch_number = performance.branch_number
    left join receipts
        on days.date_day = receipts.date_day and days.branch_number = receipts.branch_number
    where
        days.date_day is null
        or days.sale_lines <> coalesce(receipts.sale_lines, 0)
        or days.receipts <> coalesce(receipts.receipts, 0)
        or days.receipts < coalesce(performance.most_receipts, 0)
        or days.receipts > coalesce(performance.all_receipts, 0)
        {% for measure in measures -%}
        or coalesce(days.{{ measure }}, 0) <> coalesce(daily.{{ measure }}, 0)
        or coalesce(days.{{ measure }}, 0) <> coalesce(performance.{{ measure }}, 0)
        {% endfor %}
)

select * from final
