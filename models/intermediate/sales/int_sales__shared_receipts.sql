{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['date_day', 'branch_number', 'receipt_number', 'customer_key'],
    meta={'changes': 'int_sales__line_changes', 'slice': ['date_day', 'branch_number']},
    indexes=[{'columns': ['date_day', 'branch_number', 'receipt_number', 'customer_key'], 'unique': true}],
) }}
{%- set changes = ref('int_sales__line_changes') %}

with

lines as (
    select * from {{ ref('fct_sale_lines') }}
    where
        receipt_number is not null
        and customer_key is not null
),

{% if is_incremental() %}
changed as {{ changed_slices(changes, ['date_day', 'branch_number']) }},
{% endif %}

customers as (
    select
        lines.sale_date as date_day,
        lines.branch_number,
        lines.receipt_number,
        lines.customer_key
    from lines
    {% if is_incremental() %}
    inner join changed
        on
            lines.sale_date = changed.date_day
            and lines.branch_number = changed.branch_number
    {% endif %}
    group by lines.sale_date, lines.branch_number, lines.receipt_number, lines.customer_key
),

counted as (
    select
        *,
        count(*) over (partition by date_day, branch_number, receipt_number) as customers
    from customers
),

final as (
    select
        date_day,
        branch_number,
        receipt_number,
        customer_key
    from counted
    where customers > 1
)

select * from final
