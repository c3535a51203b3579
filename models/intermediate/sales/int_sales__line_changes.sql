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

landed_sales as (
    select * from {{ ref('base_prohandel__sales') }}
),

sales as (
    select * from {{ ref('stg_prohandel__sales') }}
),

branches as (
    select * from {{ ref('int_branches__references') }}
),

parents as (
    select * from {{ ref('int_sales__parent_changes') }}
    {% if is_incremental() %}
    where change_number > (select coalesce(max(log.change_number), 0) from {{ this }} as log)
    {% endif %}
),

{% if is_incremental() %}
known as (
    select * from {{ this }}
),

touched as (
    select landed_sales.sale_line_id
    from landed_sales
    where landed_sales.change_number > (select coalesce(max(known.change_number), 0) from known)
    union
    select landed_sales.sale_line_id
    from landed_sales
    inner join parents
        on landed_sales.article_number = parents.parent_ref
    where
        parents.parent = 'article'
        or (
            parents.parent = 'article_cost'
            and (coalesce(landed_sales.purchase_price, 0) = 0 or landed_sales.quantity = 0)
        )
    union
    select landed_sales.sale_line_id
    from landed_sales
    inner join parents
        on landed_sales.branch_ref = parents.parent_ref
    where parents.parent = 'branch'
    union
    select landed_sales.sale_line_id
    from landed_sales
    inner join parents
        on landed_sales.customer_ref = parents.parent_ref
    where parents.parent = 'customer'
    {% if var('nightly') %}
    union
    -- Lines that were taken out of the landed table without a mark leave nothing but their absence.
    select known.sale_line_id
    from known
    left join landed_sales
        on known.sale_line_id = landed_sales.sale_line_id
    where
        landed_sales.sale_line_id is null
        and not known.is_gone
    {% endif %}
),
{% endif %}

current_slices as (
    select
        sales.sale_line_id,
        sales.sale_date as date_day,
        coalesce(branches.branch_number, sales.branch_ref, 'unknown') as branch_number,
        sales.article_number
    from sales
    {% if is_incremental() %}
    inner join touched
        on sales.sale_line_id = touched.sale_line_id
    {% endif %}
    left join branches
        on sales.branch_ref = branches.branch_ref
),

{% if is_incremental() %}
slices as (
    select
        sale_line_id,
        date_day,
        branch_number,
        article_number
    from current_slices
    union
    select
        known.sale_line_id,
        known.date_day,
        known.branch_number,
        known.article_number
    from known
    inner join touched
        on known.sale_line_id = touched.sale_line_id
),

final as (
    select
        slices.sale_line_id,
        slices.date_day,
        slices.branch_number,
        slices.article_number,
        landed_sales.sale_line_id is null as is_gone,
        {{ next_change_number() }} as change_number
    from slices
    left join landed_sales
        on slices.sale_line_id = landed_sales.sale_line_id
)
{% else %}
final as (
    select
        sale_line_id,
        date_day,
        branch_number,
        article_number,
        false as is_gone,
        {{ next_change_number() }} as change_number
    from current_slices
)
{% endif %}

select * from final
