{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key='sale_line_id',
    meta={'changes': 'int_sales__line_changes', 'slice': ['sale_line_id']},
    indexes=[
        {'columns': ['sale_date', 'branch_number', 'article_number']},
        {'columns': ['article_number', 'sale_date']},
        {'columns': ['customer_key']},
    ],
) }}
{%- set changes = ref('int_sales__line_changes') %}

with

lines as (
    select * from {{ ref('int_sales_with_margins') }}
),

{% if is_incremental() %}
changed as (
    select sale_line_id from {{ changed_slices(changes, ['sale_line_id']) }} as slices
),
{% endif %}

final as (
    select
        lines.sale_line_id,
        lines.receipt_number,
        lines.sale_date,
        lines.sold_at,
        lines.branch_number,
        lines.article_number,
        lines.article_size_number,
        lines.customer_key,
        lines.sale_type,
        lines.payment_method,
        lines.quantity,
        lines.is_demand,
        lines.is_return,
        lines.is_adjustment,
        lines.is_merchandise,
        lines.is_price_missing,
        lines.vat_rate,
        lines.gross_revenue,
        lines.net_revenue,
        lines.unit_cost,
        lines.cogs,
        lines.gross_margin,
        lines.list_price_gross,
        lines.label_value,
        lines.discount_amount,
        lines.recorded_discount_gross
    from lines
    {% if is_incremental() -%}
    where
        not lines.is_deleted
        and {{ is_among('lines.sale_line_id', 'select changed.sale_line_id from changed') }}
    {%- else -%}
    where not lines.is_deleted
    {%- endif %}
)

select * from final
