{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'article_size_number'],
    meta={'changes': 'int_inventory__pair_changes', 'slice': ['branch_number', 'article_number']},
    indexes=[{'columns': ['branch_number', 'article_number', 'article_size_number'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }} where not is_superseded
),

final as (
    select distinct
        stock_changes.branch_number,
        stock_changes.article_number,
        stock_changes.article_size_number
    from stock_changes
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number']) }} as changed
        on
            stock_changes.branch_number = changed.branch_number
            and stock_changes.article_number = changed.article_number
    {%- endif %}
)

select * from final
