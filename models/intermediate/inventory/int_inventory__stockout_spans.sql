{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'first_day'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'from': 'next_day',
    },
    indexes=[{'columns': ['branch_number', 'article_number', 'first_day'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}
{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set events = ref('int_inventory__pair_events') %}

with

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }}
    where not is_superseded and is_merchandise and known_from is not null
),

all_spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

pairs as (
    select
        all_pairs.branch_number,
        all_pairs.article_number,
        all_pairs.known_from_at,
        {% if is_incremental() %}changed.rebuild_from{% else %}cast('1900-01-01' as date){% endif %} as rebuild_from
    from all_pairs
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number'], true) }} as changed
        on all_pairs.branch_number = changed.branch_number and all_pairs.article_number = changed.article_number
    where
        exists (
            select 1
            from {{ events }} as later
            where
                later.branch_number = all_pairs.branch_number
                and later.article_number = all_pairs.article_number
                and later.date_day >= changed.rebuild_from
        )
        or exists (
            select 1
            from {{ this }} as kept
            where
                kept.branch_number = all_pairs.branch_number
                and kept.article_number = all_pairs.article_number
                and kept.next_day >= changed.rebuild_from
        )
    {%- endif %}
),

spans as (
    select
        all_spans.branch_number,
        all_spans.article_number,
        all_spans.first_day,
        all_spans.last_day,
        all_spans.demand_units,
        all_spans.is_in_stock,
        all_spans.is_observed and all_spans.closing_stock <= 0 as is_stockout,
        pairs.known_from_at,
        pairs.rebuild_from
    from pairs
    inner join all_spans
        on pairs.branch_number = all_spans.branch_number and pairs.article_number = all_spans.article_number
    where all_spans.is_ranged
),

beginnings as (
    select
        *,
        case
            when
                {{ days_after('first_day', -1) }}
                = lag(last_day) over (partition by branch_number, article_number order by first_day)
                then null
            else first_day
        end as begins_on
    from spans
    where is_stockout
),

runs as (
    select
        *,
        max(begins_on) over (partition by branch_number, article_number order by first_day) as started_on
    from beginnings
),

-- What sold out on its first day is in stock on that day, and out of it: it belongs to the run alone.
days_before as (
    select
        runs.branch_number,
        runs.article_number,
        runs.started_on,
        sum(
            {{ days_apart(
                'greatest(spans.first_day, ' ~ days_after('runs.started_on', -28) ~ ')',
                'least(spans.last_day, ' ~ days_after('runs.started_on', -1) ~ ')',
            ) }} + 1
        ) as available_days,
        sum(case when spans.first_day >= {{ days_after('runs.started_on', -28) }} then spans.demand_units else 0 end)
            as demand_units
    from runs
    inner join spans
        on
            runs.branch_number = spans.branch_number
            and runs.article_number = spans.article_number
            and runs.started_on > spans.first_day
            and {{ days_after('runs.started_on', -28) }} <= spans.last_day
            and spans.is_in_stock
    where runs.begins_on is not null
    group by runs.branch_number, runs.article_number, runs.started_on
),

final as (
    select
        runs.branch_number,
        runs.article_number,
        runs.first_day,
        runs.last_day,
        {{ days_after('runs.last_day', 1) }} as next_day,
        runs.started_on,
        runs.demand_units,
        events.stockout_hours as first_day_hours,
        runs.known_from_at,
        coalesce(days_before.available_days, 0) as available_days_before,
        cast(coalesce(days_before.demand_units, 0) as numeric(18, 4)) as demand_units_before
    from runs
    left join {{ events }} as events
        on
            runs.branch_number = events.branch_number
            and runs.article_number = events.article_number
            and runs.first_day = events.date_day
    left join days_before
        on
            runs.branch_number = days_before.branch_number
            and runs.article_number = days_before.article_number
            and runs.started_on = days_before.started_on
    where {{ days_after('runs.last_day', 1) }} >= runs.rebuild_from
)

select * from final
