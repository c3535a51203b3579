{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['branch_number', 'date_day'],
    indexes=[{'columns': ['branch_number', 'date_day'], 'unique': true}, {'columns': ['change_number']}],
) }}

{#- Named where it is read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set stock_changes = ref('int_inventory__stock_changes') %}
{%- set seen = worked_in_number() if is_incremental() else -1 %}
{%- set states = ['bb', 'be', 'bw', 'by', 'hb', 'he', 'hh', 'mv', 'ni', 'nw', 'rp', 'sh', 'sl', 'sn', 'st', 'th'] %}

with

pairs as (
    select * from {{ ref('int_inventory__pairs') }}
),

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

calendar as (
    select * from {{ ref('branch_calendar') }}
),

holidays as (
    select * from {{ ref('public_holidays') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

holidays_by_state as (
    {%- for state in states %}
    select
        date_day,
        '{{ state | upper }}' as state
    from holidays
    where {{ state }}
    union all
    {%- endfor %}
    select
        date_day,
        'unknown' as state
    from holidays
    where {{ states | join(' and ') }}
),

spans as (
    select
        pairs.branch_number,
        min(least(pairs.first_line_on, pairs.known_from)) as first_day,
        (select greatest(as_of.newest_day, as_of.as_of_date) from as_of) as last_day
    from pairs
    where not pairs.is_superseded
    group by pairs.branch_number
),

hours as (
    select
        branches.branch_number,
        coalesce(by_branch.opens_at, by_type.opens_at, by_default.opens_at) as opens_at,
        coalesce(by_branch.closes_at, by_type.closes_at, by_default.closes_at) as closes_at,
        coalesce(by_branch.open_on_sundays, by_type.open_on_sundays, by_default.open_on_sundays) as open_on_sundays,
        branches.state
    from branches
    left join calendar as by_branch
        on by_branch.scope = 'branch' and branches.branch_number = by_branch.scope_value
    left join calendar as by_type
        on by_type.scope = 'shop_type' and branches.shop_type = by_type.scope_value
    left join calendar as by_default
        on by_default.scope = 'default'
),

days as (
    select
        spans.branch_number,
        days.date_day,
        hours.opens_at,
        hours.closes_at,
        hours.open_on_sundays
        or ({{ iso_weekday('days.date_day') }} < 7 and holidays_by_state.date_day is null) as is_open
    from spans
    inner join hours
        on spans.branch_number = hours.branch_number
    cross join lateral {{ each_day('spans.first_day', 'spans.last_day') }} as days
    left join holidays_by_state
        on days.date_day = holidays_by_state.date_day and hours.state = holidays_by_state.state
),

opening_hours as (
    select
        branch_number,
        date_day,
        {{ moment_of('(cast(date_day as timestamp) + cast(opens_at as interval))', 'Europe/Berlin') }} as opens_at,
        {{ moment_of('(cast(date_day as timestamp) + cast(closes_at as interval))', 'Europe/Berlin') }} as closes_at
    from days
    where is_open and closes_at > opens_at
),

sources as (
    {{ distinct_values(stock_changes, 'source_relation', 'not is_superseded') }}
),

tenants as (
    select
        branches.branch_number,
        sources.value as source_relation
    from branches
    cross join sources
    cross join lateral (
        select held.branch_number
        from {{ stock_changes }} as held
        where
            held.branch_number = branches.branch_number
            and held.source_relation = sources.value
            and not held.is_superseded
        order by held.branch_number
        limit 1
    ) as any_stock
),

reached as (
    select
        sources.value as source_relation,
        newest.reached_at
    from sources
    cross join lateral (
        select max(held.observed_at) as reached_at
        from {{ stock_changes }} as held
        where
            held.source_relation = sources.value
            and not held.is_superseded
    ) as newest
),

{% if is_incremental() -%}
-- Whether a day was observed does not change once stock was seen after closing, unless stock or hours of that time do.
turning_days as (
    select coalesce({{ berlin_day('min(before.reached_at)') }}, cast('1900-01-01' as date)) as date_day
    from sources
    cross join lateral (
        select coalesce(max(held.observed_at), timestamptz '1900-01-01 00:00:00Z') as reached_at
        from {{ stock_changes }} as held
        where
            held.source_relation = sources.value
            and not held.is_superseded
            and held.change_number <= {{ seen }}
    ) as before
    union all
    select min(observed_on) as date_day
    from {{ stock_changes }}
    where change_number > {{ seen }}
    union all
    select min(days.date_day) as date_day
    from days
    inner join tenants
        on days.branch_number = tenants.branch_number
    left join opening_hours
        on days.branch_number = opening_hours.branch_number and days.date_day = opening_hours.date_day
    left join {{ this }} as kept
        on
            days.branch_number = kept.branch_number
            and days.date_day = kept.date_day
            and not kept.is_superseded
    where
        kept.date_day is null
        or kept.opens_at is distinct from opening_hours.opens_at
        or kept.closes_at is distinct from opening_hours.closes_at
),

-- The day before, because an hour may belong to another day elsewhere.
looked_at as (
    select {{ days_after('min(date_day)', -2) }} as first_day
    from turning_days
),
{%- endif %}

-- A sync reads the stock of all branches, so a change anywhere shows that it ran.
observed_hours as (
    select distinct
        stock_changes.source_relation,
        date_trunc('hour', stock_changes.observed_at) as hour_at
    from {{ stock_changes }} as stock_changes
    {% if is_incremental() -%}
    inner join looked_at
        on stock_changes.observed_at >= looked_at.first_day
    {%- endif %}
    where
        not stock_changes.is_superseded
        and stock_changes.quantity_change <> 0
),

observation as (
    select
        opening_hours.branch_number,
        opening_hours.date_day,
        max(reached.reached_at) >= opening_hours.closes_at
        and count(distinct observed_hours.hour_at) * 3 >= count(distinct hours.hour_at) * 2 as is_observed_by_the_hour
    from opening_hours
    inner join tenants
        on opening_hours.branch_number = tenants.branch_number
    inner join reached
        on tenants.source_relation = reached.source_relation
    {% if is_incremental() -%}
    inner join looked_at
        on opening_hours.date_day > {{ days_after('looked_at.first_day', 1) }}
    {%- endif %}
    cross join lateral {{ each_hour('opening_hours.opens_at', 'opening_hours.closes_at') }} as hours
    left join observed_hours
        on tenants.source_relation = observed_hours.source_relation and hours.hour_at = observed_hours.hour_at
    group by opening_hours.branch_number, opening_hours.date_day, opening_hours.closes_at
),

computed as (
    select
        days.branch_number,
        days.date_day,
        opening_hours.opens_at,
        opening_hours.closes_at,
        case
            when opening_hours.opens_at is null then tenants.branch_number is not null
            {% if is_incremental() -%}
            when days.date_day <= {{ days_after('looked_at.first_day', 1) }} then kept.is_observed_by_the_hour
            {% endif -%}
            else coalesce(observation.is_observed_by_the_hour, false)
        end as is_observed_by_the_hour
    from days
    left join opening_hours
        on days.branch_number = opening_hours.branch_number and days.date_day = opening_hours.date_day
    left join observation
        on days.branch_number = observation.branch_number and days.date_day = observation.date_day
    left join (select distinct branch_number from tenants) as tenants
        on days.branch_number = tenants.branch_number
    {% if is_incremental() -%}
    cross join looked_at
    left join {{ this }} as kept
        on
            days.branch_number = kept.branch_number
            and days.date_day = kept.date_day
            and not kept.is_superseded
    {%- endif %}
),

final as (
    {{ changes_against_kept(
        computed='computed',
        kept=this,
        keys=['branch_number', 'date_day'],
        compared=['opens_at', 'closes_at', 'is_observed_by_the_hour'],
    ) }}
)

select * from final
