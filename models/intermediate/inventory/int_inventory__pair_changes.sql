{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_seen_changes() }}",
    indexes=[{'columns': ['change_number']}],
) }}

with

pairs as (
    select * from {{ ref('int_inventory__pairs') }}
),

branch_days as (
    select * from {{ ref('int_inventory__branch_days') }}
),

stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }}
),

line_changes as (
    select * from {{ ref('int_sales__line_changes') }}
),

changes as (
    {%- if is_incremental() %}
    select
        branch_number,
        article_number,
        date_day as rebuild_from
    from line_changes
    where change_number > {{ worked_in_number() }}
    union all
    select
        branch_number,
        article_number,
        observed_on as rebuild_from
    from stock_changes
    where change_number > {{ worked_in_number() }}
    union all
    select
        branch_number,
        article_number,
        case
            when is_new and branch_number = stock_branch_number
                then least(first_line_on, {{ berlin_day('first_observed_at') }})
            else cast('1900-01-01' as date)
        end as rebuild_from
    from pairs
    where change_number > {{ worked_in_number() }}
    union all
    select
        pairs.branch_number,
        pairs.article_number,
        moved.rebuild_from
    from (
        select
            branch_number,
            min(date_day) as rebuild_from
        from branch_days
        where change_number > {{ worked_in_number() }}
        group by branch_number
    ) as moved
    inner join pairs
        on moved.branch_number = pairs.branch_number
    {%- else %}
    -- Whoever reads this log is built whole whenever the log is: there is nothing to tell.
    select
        branch_number,
        article_number,
        cast(null as date) as rebuild_from
    from pairs
    where false
    {%- endif %}
),

earliest as (
    select
        branch_number,
        article_number,
        min(rebuild_from) as rebuild_from
    from changes
    group by branch_number, article_number
),

-- Branches that are served from one stock share its demand and its in-stock state: what changes one changes all.
final as (
    select
        neighbours.branch_number,
        neighbours.article_number,
        min(earliest.rebuild_from) as rebuild_from,
        {{ next_change_number() }} as change_number
    from earliest
    inner join pairs
        on earliest.branch_number = pairs.branch_number and earliest.article_number = pairs.article_number
    inner join pairs as neighbours
        on
            pairs.article_number = neighbours.article_number
            and pairs.stock_branch_number = neighbours.stock_branch_number
    group by neighbours.branch_number, neighbours.article_number
)

select * from final
