{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['branch_number', 'date_day'],
    indexes=[{'columns': ['branch_number', 'date_day'], 'unique': true}, {'columns': ['change_number']}],
) }}

{%- set states = ['bb', 'be', 'bw', 'by', 'hb', 'he', 'hh', 'mv', 'ni', 'nw', 'rp', 'sh', 'sl', 'sn', 'st', 'th'] %}

with

pairs as (
    select * from {{ ref('int_inventory__pairs') }}
),

stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }}
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

-- A sync reads the stock of all branches, so a change anywhere shows that it ran.
observed_hours as (
    select distinct
        source_relation,
        date_trunc('hour', observed_at) as hour_at
    from stock_changes
    where not is_superseded and quantity_change <> 0
),

tenants as (
    select distinct
        branch_number,
        source_relation
    from stock_changes
    where is_first and not is_superseded
),

reached as (
    select
        source_relation,
        max(observed_at) as reached_at
    from stock_changes
    where not is_superseded
    group by source_relation
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
            else coalesce(observation.is_observed_by_the_hour, false)
        end as is_observed_by_the_hour
    from days
    left join opening_hours
        on days.branch_number = opening_hours.branch_number and days.date_day = opening_hours.date_day
    left join observation
        on days.branch_number = observation.branch_number and days.date_day = observation.date_day
    left join tenants
        on days.branch_number = tenants.branch_number
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
