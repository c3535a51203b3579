{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['date_day', 'branch_number', 'article_number'],
    meta={'changes': 'int_sales__line_changes', 'slice': ['date_day', 'branch_number', 'article_number']},
    indexes=[{'columns': ['article_number', 'branch_number', 'date_day']}],
) }}
{%- set changes = ref('int_sales__line_changes') %}

with

lines as (
    select * from {{ ref('fct_sale_lines') }}
),

{% if is_incremental() %}
changed as {{ changed_slices(changes, ['date_day', 'branch_number', 'article_number']) }},
{% endif %}

sums as (
    select
        lines.sale_date as date_day,
        lines.branch_number,
        lines.article_number,
        {{ sale_sums() }}
    from lines
    {% if is_incremental() %}
    inner join changed
        on
            lines.sale_date = changed.date_day
            and lines.branch_number = changed.branch_number
            and lines.article_number = changed.article_number
    {% endif %}
    group by lines.sale_date, lines.branch_number, lines.article_number
),

final as (
    select
        date_day,
        branch_number,
        article_number,
        lines as sale_lines,
        cast(demand_units as numeric(18, 4)) as demand_units,
        cast(return_units as numeric(18, 4)) as return_units,
        cast(adjustment_units as numeric(18, 4)) as adjustment_units,
        cast(demand_units - return_units as numeric(18, 4)) as net_units,
        cast(gross_revenue as numeric(18, 6)) as gross_revenue,
        cast(net_revenue as numeric(18, 6)) as net_revenue,
        cast(net_revenue_with_cost as numeric(18, 6)) as net_revenue_with_cost,
        cast(cogs as numeric(18, 6)) as cogs,
        cast(gross_margin as numeric(18, 6)) as gross_margin,
        cast(label_value as numeric(18, 6)) as label_value,
        cast(discount_amount as numeric(18, 6)) as discount_amount
    from sums
)

select * from final
