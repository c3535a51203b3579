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
    indexes=[
        {'columns': ['branch_number', 'article_number', 'article_size_number'], 'unique': true},
        {'columns': ['article_number', 'article_size_number']},
    ],
) }}

{#- Named where they are read: PostgreSQL reads all of the stock behind a CTE that is used twice. -#}
{%- set changes = ref('int_inventory__pair_changes') %}
{%- set all_pairs = ref('int_inventory__pairs') %}
{%- set all_stock = ref('int_inventory__size_stock') %}
{%- set is_partial = is_incremental() and not var('nightly') %}

with

curves as (
    select * from {{ ref('int_articles__size_curves') }}
),

{% if is_partial -%}
-- A curve that moved makes other sizes the core; it is the same in all branches.
moved_articles as (
    select distinct curves.article_number
    from curves
    cross join lateral (
        select kept.is_core_size
        from {{ this }} as kept
        where
            kept.article_number = curves.article_number
            and kept.article_size_number = curves.article_size_number
        limit 1
    ) as held_as
    where held_as.is_core_size <> curves.is_core_size
),

changed as (
    select
        logged.branch_number,
        logged.article_number
    from {{ changed_slices(changes, ['branch_number', 'article_number']) }} as logged
    union
    select
        pairs.branch_number,
        pairs.article_number
    from {{ all_pairs }} as pairs
    inner join moved_articles
        on pairs.article_number = moved_articles.article_number
),
{%- endif %}

sizes as (
    select
        pairs.branch_number,
        pairs.article_number,
        size_stock.article_size_number,
        size_stock.on_hand,
        size_stock.on_hand > 0 as is_in_stock,
        coalesce(curves.is_core_size, false) as is_core_size
    {% if is_partial -%}
    from changed
    inner join {{ all_pairs }} as pairs
        on changed.branch_number = pairs.branch_number and changed.article_number = pairs.article_number
    {%- else -%}
    from {{ all_pairs }} as pairs
    {%- endif %}
    inner join {{ all_stock }} as size_stock
        on pairs.branch_number = size_stock.branch_number and pairs.article_number = size_stock.article_number
    left join curves
        on
            size_stock.article_number = curves.article_number
            and size_stock.article_size_number = curves.article_size_number
    where
        not pairs.is_superseded
        and pairs.is_merchandise
        and pairs.range_start is not null
        and pairs.known_from is not null
        and size_stock.article_size_number <> 'unknown'
),

rated as (
    select
        *,
        bool_or(is_core_size and not is_in_stock) over (partition by branch_number, article_number)
        and bool_or(is_in_stock) over (partition by branch_number, article_number) as is_broken_size_run
    from sizes
),

final as (
    select
        rated.branch_number,
        rated.article_number,
        rated.article_size_number,
        rated.on_hand,
        rated.is_in_stock,
        rated.is_core_size,
        rated.is_broken_size_run
    from rated
    {% if is_incremental() and var('nightly') -%}
    left join {{ changed_slices(changes, ['branch_number', 'article_number']) }} as logged
        on rated.branch_number = logged.branch_number and rated.article_number = logged.article_number
    left join {{ this }} as kept
        on
            rated.branch_number = kept.branch_number
            and rated.article_number = kept.article_number
            and rated.article_size_number = kept.article_size_number
    where
        logged.article_number is not null
        or kept.on_hand is distinct from rated.on_hand
        or kept.is_core_size is distinct from rated.is_core_size
        or kept.is_broken_size_run is distinct from rated.is_broken_size_run
    {%- endif %}
)

select * from final
