{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number', 'month_start_date'],
    meta={
        'changes': 'int_sales__line_changes',
        'slice': ['article_number', 'month_start_date'],
        'derived': {'month_start_date': month_start('date_day')},
    },
    indexes=[{'columns': ['article_number', 'month_start_date'], 'unique': true}],
) }}
{%- set changes = ref('int_sales__line_changes') %}
{%- set derived = {'month_start_date': month_start('date_day')} %}

with

lines as (
    select * from {{ ref('fct_sale_lines') }}
),

{% if is_incremental() %}
changed as {{ changed_slices(changes, ['article_number', 'month_start_date'], derived=derived) }},
{% endif %}

sums as (
    select
        lines.article_number,
        {{ month_start('lines.sale_date') }} as month_start_date,
        count(lines.gross_margin) as lines_with_margin,
        {{ sale_sums() }}
    from lines
    {% if is_incremental() %}
    inner join changed
        on
            lines.article_number = changed.article_number
            and lines.sale_date >= changed.month_start_date
            and lines.sale_date < {{ months_after('changed.month_start_date', 1) }}
    {% endif %}
    group by 1, 2
),

final as (
    select
        article_number,
        month_start_date,
        lines_with_margin,
        cast(net_revenue as numeric(18, 6)) as net_revenue,
        cast(net_revenue_with_cost as numeric(18, 6)) as net_revenue_with_cost,
        cast(gross_margin as numeric(18, 6)) as gross_margin
    from sums
)

select * from final
