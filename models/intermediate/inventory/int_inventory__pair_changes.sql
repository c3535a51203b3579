{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_seen_changes() }}",
    indexes=[{'columns': ['change_number']}],
) }}

{#- Named where they are read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set all_pairs = ref('int_inventory__pairs') %}
{%- set stock_changes = ref('int_inventory__stock_changes') %}
{%- set line_changes = ref('int_sales__line_changes') %}
{%- set branch_days = ref('int_inventory__branch_days') %}
{%- set landed_stock = ref('base_prohandel__inventory') %}
{%- set branches = ref('int_branches__references') %}
{%- set articles = ref('int_articles__references') %}
{%- set seen = worked_in_number() if is_incremental() else -1 %}

with

changes as (
    {%- if is_incremental() %}
    select
        branch_number,
        article_number,
        date_day as rebuild_from,
        false as has_changed_pair
    from {{ line_changes }}
    where change_number > {{ seen }}
    union all
    select
        branch_number,
        article_number,
        observed_on as rebuild_from,
        false as has_changed_pair
    from {{ stock_changes }}
    where change_number > {{ seen }}
    union all
    select
        branch_number,
        article_number,
        case
            when is_new and branch_number = stock_branch_number
                then least(first_line_on, {{ berlin_day('first_observed_at') }})
            else cast('1900-01-01' as date)
        end as rebuild_from,
        true as has_changed_pair
    from {{ all_pairs }}
    where change_number > {{ seen }}
    union all
    -- Opening hours decide the empty hours of days on which stock moved.
    select
        pairs.branch_number,
        pairs.article_number,
        moved.date_day as rebuild_from,
        false as has_changed_pair
    from {{ branch_days }} as moved
    inner join {{ all_pairs }} as pairs
        on moved.branch_number = pairs.branch_number
    inner join {{ stock_changes }} as stock_changes
        on
            pairs.stock_branch_number = stock_changes.branch_number
            and pairs.article_number = stock_changes.article_number
            and moved.date_day = stock_changes.observed_on
    where moved.change_number > {{ seen }}
    {%- if var('as_of_date') is none %}
    union all
    -- What a branch holds now is what landed, even where its history says otherwise: no day changes.
    select
        branches.branch_number,
        articles.article_number,
        cast('9999-12-31' as date) as rebuild_from,
        false as has_changed_pair
    from {{ landed_stock }} as landed
    inner join {{ branches }} as branches
        on landed.branch_ref = branches.branch_ref
    inner join {{ articles }} as articles
        on landed.article_ref = articles.article_ref
    where landed.change_number > {{ seen }}
    {%- endif %}
    {%- else %}
    -- Whoever reads this log is built whole whenever the log is: there is nothing to tell.
    select
        branch_number,
        article_number,
        cast(null as date) as rebuild_from,
        cast(null as boolean) as has_changed_pair
    from {{ all_pairs }}
    where false
    {%- endif %}
),

earliest as (
    select
        branch_number,
        article_number,
        min(rebuild_from) as rebuild_from,
        bool_or(has_changed_pair) as has_changed_pair
    from changes
    group by branch_number, article_number
),

-- Branches that are served from one stock share its demand and its in-stock state: what changes one changes all.
final as (
    select
        neighbours.branch_number,
        neighbours.article_number,
        {% if is_incremental() -%}
        case when neighbours.category_changed_in <= {{ seen }} then neighbours.category end as category,
        {%- else -%}
        neighbours.category,
        {%- endif %}
        min(earliest.rebuild_from) as rebuild_from,
        bool_or(earliest.has_changed_pair) as has_changed_pair,
        {{ next_change_number() }} as change_number
    from earliest
    inner join {{ all_pairs }} as pairs
        on earliest.branch_number = pairs.branch_number and earliest.article_number = pairs.article_number
    inner join {{ all_pairs }} as neighbours
        on
            pairs.article_number = neighbours.article_number
            and pairs.stock_branch_number = neighbours.stock_branch_number
    group by
        neighbours.branch_number, neighbours.article_number, neighbours.category, neighbours.category_changed_in
)

select * from final
