{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='sale_line_id',
    indexes=[
        {'columns': ['sale_line_id', 'date_day', 'branch_number', 'article_number'], 'unique': true},
        {'columns': ['change_number']},
    ],
) }}

with

{#-
  Base and log are named where they are read, and base instead of the staging view: PostgreSQL reads all of the history
  behind a CTE that is used twice, and behind a view with a CTE that is joined.
#}
{%- set landed_sales = ref('base_prohandel__sales') %}
{%- set seen = newest_change_number(this) if is_incremental() else -1 %}

branches as (
    select * from {{ ref('int_branches__references') }}
),

parents as (
    select *
    from {{ ref('int_sales__parent_changes') }}
    {% if is_incremental() %}
    where change_number > {{ seen }}
    {% endif %}
),

{% if is_incremental() %}
touched as (
    select landed.sale_line_id
    from {{ landed_sales }} as landed
    where landed.change_number > {{ seen }}
    union
    {% for parent, reference in [
        ('article', 'article_number'), ('article_cost', 'article_number'),
        ('branch', 'branch_ref'), ('customer', 'customer_ref'),
    ] -%}
    select landed.sale_line_id
    from parents
    inner join {{ landed_sales }} as landed
        on parents.parent_ref = landed.{{ reference }}
    where
        parents.parent = '{{ parent }}'
        {%- if parent == 'article_cost' %}
        and (coalesce(landed.purchase_price, 0) = 0 or landed.quantity = 0)
        {%- endif %}
    {{ 'union' if not loop.last }}
    {% endfor -%}
    {% if var('nightly') | as_bool -%}
    union
    -- Lines that were taken out of the landed table without a mark leave nothing but their absence.
    select log.sale_line_id
    from {{ this }} as log
    left join {{ landed_sales }} as landed
        on log.sale_line_id = landed.sale_line_id
    where
        landed.sale_line_id is null
        and not log.is_gone
    {%- endif %}
),

slices as (
    select
        sales.sale_line_id,
        sales.sale_date as date_day,
        coalesce(branches.branch_number, sales.branch_ref, 'unknown') as branch_number,
        sales.article_number
    from touched
    inner join {{ landed_sales }} as sales
        on touched.sale_line_id = sales.sale_line_id
    left join branches
        on sales.branch_ref = branches.branch_ref
    where sales.rejection_reasons is null
    union
    select
        log.sale_line_id,
        log.date_day,
        log.branch_number,
        log.article_number
    from touched
    inner join {{ this }} as log
        on touched.sale_line_id = log.sale_line_id
),

final as (
    select
        slices.sale_line_id,
        slices.date_day,
        slices.branch_number,
        slices.article_number,
        landed.sale_line_id is null as is_gone,
        {{ next_change_number() }} as change_number
    from slices
    left join {{ landed_sales }} as landed
        on slices.sale_line_id = landed.sale_line_id
)
{% else %}
final as (
    select
        sales.sale_line_id,
        sales.sale_date as date_day,
        coalesce(branches.branch_number, sales.branch_ref, 'unknown') as branch_number,
        sales.article_number,
        false as is_gone,
        {{ next_change_number() }} as change_number
    from {{ landed_sales }} as sales
    left join branches
        on sales.branch_ref = branches.branch_ref
    where sales.rejection_reasons is null
)
{% endif %}

select * from final
