{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['month_start_date', 'branch_number', 'customer_key'],
    meta={
        'changes': 'int_sales__line_changes',
        'slice': ['month_start_date', 'branch_number'],
        'derived': {'month_start_date': month_start('date_day')},
    },
    indexes=[{'columns': ['month_start_date', 'branch_number', 'customer_key'], 'unique': true}],
) }}
{%- set changes = ref('int_sales__line_changes') %}
{%- set derived = {'month_start_date': month_start('date_day')} %}

with

lines as (
    select * from {{ ref('fct_sale_lines') }}
),

{% if is_incremental() %}
changed as {{ changed_slices(changes, ['month_start_date', 'branch_number'], derived=derived) }},
{% endif %}

-- Who the customer of a changed line was before nobody tells: a branch's month is rebuilt for all of its customers.
customer_lines as (
    select
        {{ month_start('lines.sale_date') }} as month_start_date,
        lines.branch_number,
        coalesce(lines.customer_key, 'walk_in') as customer_key,
        lines.sale_date,
        lines.is_demand,
        coalesce(lines.net_revenue, 0) as net_revenue,
        coalesce('receipt ' || lines.receipt_number, 'line ' || lines.sale_line_id) as receipt
    from lines
    {% if is_incremental() %}
    inner join changed
        on
            lines.branch_number = changed.branch_number
            and lines.sale_date >= changed.month_start_date
            and lines.sale_date < {{ months_after('changed.month_start_date', 1) }}
    {% endif %}
),

customer_days as (
    select
        month_start_date,
        branch_number,
        customer_key,
        min(case when is_demand then sale_date end) as first_demand_on,
        count(distinct receipt) as receipts,
        sum(net_revenue) as net_revenue
    from customer_lines
    group by month_start_date, branch_number, customer_key, sale_date
),

final as (
    select
        month_start_date,
        branch_number,
        customer_key,
        min(first_demand_on) as first_demand_on,
        cast(sum(receipts) as bigint) as receipts,
        cast(sum(net_revenue) as numeric(18, 6)) as net_revenue
    from customer_days
    group by month_start_date, branch_number, customer_key
)

select * from final
