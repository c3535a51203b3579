{{ config(tags=['nightly']) }}
{%- set measures = [
    'demand_units', 'return_units', 'adjustment_units', 'gross_revenue', 'net_revenue', 'net_revenue_with_cost',
    'cogs', 'gross_margin', 'label_value', 'discount_amount',
] %}

with

lines as (
    select
        count(*) as sale_lines,
        sum(case when is_demand then quantity else 0 end) as demand_units,
        sum(case when is_return then -quantity else 0 end) as return_units,
        sum(case when is_adjustment then quantity else 0 end) as adjustment_units,
        sum(gross_revenue) as gross_revenue,
        sum(net_revenue) as net_revenue,
        sum(case when gross_margin is not null then net_revenue end) as net_revenue_with_cost,
        sum(cogs) as cogs,
        sum(gross_margin) as gross_margin,
        sum(label_value) as label_value,
        sum(discount_amount) as discount_amount
    from {{ ref('fct_sale_lines') }}
),

daily as (
    select
        {% for measure in measures -%}
        sum({{ measure }}) as {{ measure }},
        {% endfor -%}
        sum(sale_lines) as sale_lines
    from {{ ref('fct_sales_daily') }}
),

performance as (
    select
        {% for measure in measures -%}
        sum({{ measure }}) as {{ measure }},
        {% endfor -%}
        sum(sale_lines) as sale_lines
    from {{ ref('sales_performance') }}
),

compared as (
    {% for measure in measures + ['sale_lines'] -%}
    select
        '{{ measure }}' as measure,
        coalesce(lines.{{ measure }}, 0) as of_lines,
        coalesce(daily.{{ measure }}, 0) as of_sales_daily,
        coalesce(performance.{{ measure }}, 0) as of_sales_performance
    from lines
    cross join daily
    cross join performance
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select *
from compared
where
    of_lines <> of_sales_daily
    or of_lines <> of_sales_performance
