{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'article_size_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'and_by_key': true,
        'variables': ['as_of_date'],
    },
    indexes=[{'columns': ['branch_number', 'article_number', 'article_size_number'], 'unique': true}],
) }}

{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set changes = ref('int_inventory__pair_changes') %}
{%- set is_partial = is_incremental() and not var('nightly') %}

with

{% if var('as_of_date') is none -%}
landed as (
    select * from {{ ref('stg_prohandel__inventory') }}
),

branches as (
    select * from {{ ref('int_branches__references') }}
),

articles as (
    select * from {{ ref('int_articles__references') }}
),

{% endif -%}
stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }} where not is_superseded
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% if is_incremental() -%}
changed as {{ changed_slices(changes, ['branch_number', 'article_number']) }},
{%- endif %}

-- The sizes that a pair ever had, with what is there now (or was, at the day that a variable sets).
sizes as (
    {%- if var('as_of_date') is none %}
    select
        branches.branch_number,
        articles.article_number,
        landed.article_size_number,
        case when landed.is_deleted then 0 else landed.quantity end as quantity
    {% if is_partial -%}
    from changed
    inner join branches
        on changed.branch_number = branches.branch_number
    inner join articles
        on changed.article_number = articles.article_number
    inner join landed
        on branches.branch_ref = landed.branch_ref and articles.article_ref = landed.article_ref
    {%- else -%}
    from landed
    inner join branches
        on landed.branch_ref = branches.branch_ref
    inner join articles
        on landed.article_ref = articles.article_ref
    {%- endif %}
    union all
    select distinct
        stock_changes.branch_number,
        stock_changes.article_number,
        stock_changes.article_size_number,
        0 as quantity
    from stock_changes
    {% if is_partial -%}
    inner join changed
        on
            stock_changes.branch_number = changed.branch_number
            and stock_changes.article_number = changed.article_number
    {%- endif %}
    {%- else %}
    select
        stock_changes.branch_number,
        stock_changes.article_number,
        stock_changes.article_size_number,
        case when stock_changes.observed_on <= as_of.as_of_date then stock_changes.quantity_change else 0 end
            as quantity
    from stock_changes
    cross join as_of
    {% if is_partial -%}
    inner join changed
        on
            stock_changes.branch_number = changed.branch_number
            and stock_changes.article_number = changed.article_number
    {%- endif %}
    {%- endif %}
),

size_stock as (
    select
        branch_number,
        article_number,
        article_size_number,
        cast(sum(quantity) as numeric(18, 4)) as on_hand
    from sizes
    group by branch_number, article_number, article_size_number
),

final as (
    select
        size_stock.branch_number,
        size_stock.article_number,
        size_stock.article_size_number,
        size_stock.on_hand,
        {{ next_change_number() }} as change_number
    from size_stock
    {% if is_incremental() and var('nightly') -%}
    -- Rows that have landed no more are in no log.
    left join changed
        on size_stock.branch_number = changed.branch_number and size_stock.article_number = changed.article_number
    left join {{ this }} as kept
        on
            size_stock.branch_number = kept.branch_number
            and size_stock.article_number = kept.article_number
            and size_stock.article_size_number = kept.article_size_number
    where
        changed.article_number is not null
        or kept.on_hand is distinct from size_stock.on_hand
    {%- endif %}
)

select * from final
