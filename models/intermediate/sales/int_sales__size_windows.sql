{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number', 'article_size_number'],
    meta={
        'changes': 'int_sales__line_changes',
        'slice': ['article_number'],
        'until_as_of': ['date_day'],
        'moves_with_as_of_date': true,
    },
    indexes=[{'columns': ['article_number', 'article_size_number'], 'unique': true}],
) }}
{%- set changes = ref('int_sales__line_changes') %}

with

lines as (
    select * from {{ ref('fct_sale_lines') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% if is_incremental() %}
changed as {{ changed_slices(changes, ['article_number']) }},
{% endif %}

sums as (
    select
        lines.article_number,
        lines.article_size_number,
        {{ sale_sums() }}
    from lines
    cross join as_of
    {% if is_incremental() %}
    inner join changed
        on lines.article_number = changed.article_number
    {% endif %}
    where
        lines.sale_date > {{ days_after('as_of.as_of_date', -365) }}
        and lines.sale_date <= as_of.as_of_date
    group by lines.article_number, lines.article_size_number
),

final as (
    select
        article_number,
        article_size_number,
        cast(demand_units as numeric(18, 4)) as demand_units_365d,
        cast(return_units as numeric(18, 4)) as return_units_365d
    from sums
)

select * from final
