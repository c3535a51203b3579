{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number', 'month_start_date', 'list_price_gross'],
    meta={
        'changes': 'int_sales__line_changes',
        'slice': ['article_number', 'month_start_date'],
        'derived': {'month_start_date': month_start('date_day')},
    },
    indexes=[{'columns': ['article_number', 'month_start_date', 'list_price_gross'], 'unique': true}],
) }}
{%- set changes = ref('int_sales__line_changes') %}
{%- set derived = {'month_start_date': month_start('date_day')} %}

with

lines as (
    select * from {{ ref('fct_sale_lines') }} where is_demand and list_price_gross is not null
),

{% if is_incremental() %}
changed as {{ changed_slices(changes, ['article_number', 'month_start_date'], derived=derived) }},
{% endif %}

final as (
    select
        lines.article_number,
        {{ month_start('lines.sale_date') }} as month_start_date,
        lines.list_price_gross,
        cast(sum(lines.quantity) as numeric(18, 4)) as demand_units
    from lines
    {% if is_incremental() %}
    inner join changed
        on
            lines.article_number = changed.article_number
            and lines.sale_date >= changed.month_start_date
            and lines.sale_date < {{ months_after('changed.month_start_date', 1) }}
    {% endif %}
    group by 1, 2, 3
)

select * from final
