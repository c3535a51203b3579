{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'date_day'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'from': 'date_day',
    },
    indexes=[{'columns': ['branch_number', 'article_number', 'date_day'], 'unique': true}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }} where not is_superseded
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }}
),

branch_days as (
    select * from {{ ref('int_inventory__branch_days') }} where not is_superseded
),

pairs as (
    select
        all_pairs.branch_number,
        all_pairs.article_number,
        all_pairs.stock_branch_number,
        {% if is_incremental() %}changed.rebuild_from{% else %}cast('1900-01-01' as date){% endif %} as rebuild_from
    from all_pairs
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number'], true) }} as changed
        on all_pairs.branch_number = changed.branch_number and all_pairs.article_number = changed.article_number
    {%- endif %}
),

-- A branch without stock of its own sells from its server's: that stock is followed for both.
-- What moved before the days to rebuild counts as one movement on the eve, which makes the opening stock.
movements as (
    select
        pairs.branch_number,
        pairs.article_number,
        greatest(stock_changes.observed_on, {{ days_after('pairs.rebuild_from', -1) }}) as date_day,
        case when stock_changes.observed_on >= pairs.rebuild_from then stock_changes.observed_at end as moved_at,
        sum(stock_changes.quantity_change) as moved_units
    from pairs
    inner join stock_changes
        on
            pairs.stock_branch_number = stock_changes.branch_number
            and pairs.article_number = stock_changes.article_number
    group by 1, 2, 3, 4
),

levels as (
    select
        *,
        sum(moved_units) over (partition by branch_number, article_number order by moved_at nulls first) as stock,
        lag(date_day) over (partition by branch_number, article_number order by moved_at nulls first) as previous_day,
        lead(date_day) over (partition by branch_number, article_number order by moved_at nulls first) as next_day,
        lead(moved_at) over (partition by branch_number, article_number order by moved_at nulls first) as next_moved_at
    from movements
),

-- The time after each movement until the next or closing, and before the first one of a day, where nothing was there.
empty_hours as (
    select
        levels.branch_number,
        levels.article_number,
        levels.date_day,
        levels.moved_units,
        case
            when levels.stock > 0 then 0
            when levels.next_day = levels.date_day
                then {{ hours_between(
                    'greatest(levels.moved_at, branch_days.opens_at)',
                    'least(levels.next_moved_at, branch_days.closes_at)',
                ) }}
            else {{ hours_between('greatest(levels.moved_at, branch_days.opens_at)', 'branch_days.closes_at') }}
        end as hours_after,
        case
            when levels.previous_day = levels.date_day or levels.stock > levels.moved_units then 0
            else {{ hours_between('branch_days.opens_at', 'least(levels.moved_at, branch_days.closes_at)') }}
        end as hours_before
    from levels
    left join branch_days
        on levels.branch_number = branch_days.branch_number and levels.date_day = branch_days.date_day
),

-- Movements and sales of a day meet by being added up together.
events as (
    select
        branch_number,
        article_number,
        date_day,
        moved_units,
        hours_before + hours_after as stockout_hours,
        false as is_line,
        0 as demand_units,
        0 as net_units,
        0 as demand_units_of_group
    from empty_hours
    union all
    select
        pairs.branch_number,
        pairs.article_number,
        sales.date_day,
        0 as moved_units,
        null as stockout_hours,
        supply_groups.is_own_demand as is_line,
        case when supply_groups.is_own_demand then sales.demand_units else 0 end as demand_units,
        case when supply_groups.is_own_demand then sales.net_units else 0 end as net_units,
        sales.demand_units as demand_units_of_group
    from pairs
    inner join supply_groups
        on pairs.branch_number = supply_groups.branch_number
    inner join sales
        on
            supply_groups.selling_branch_number = sales.branch_number
            and pairs.article_number = sales.article_number
    where sales.date_day > {{ days_after('pairs.rebuild_from', -var('ranging_days')) }}
),

combined as (
    select
        branch_number,
        article_number,
        date_day,
        sum(moved_units) as moved_units,
        sum(stockout_hours) as stockout_hours,
        bool_or(is_line) as has_line,
        sum(demand_units) as demand_units,
        sum(net_units) as net_units,
        sum(demand_units_of_group) as demand_units_of_group
    from events
    group by branch_number, article_number, date_day
),

states as (
    select
        *,
        sum(moved_units) over (partition by branch_number, article_number order by date_day) as stock,
        max(case when demand_units > 0 then date_day end)
            over (partition by branch_number, article_number order by date_day) as last_demand_on,
        max(case when demand_units_of_group > 0 then date_day end)
            over (partition by branch_number, article_number order by date_day) as last_demand_of_group_on
    from combined
),

final as (
    select
        states.branch_number,
        states.article_number,
        states.date_day,
        cast(states.stock as numeric(18, 4)) as stock,
        cast(states.moved_units as numeric(18, 4)) as moved_units,
        cast(states.stockout_hours as numeric(18, 6)) as stockout_hours,
        states.has_line,
        cast(states.demand_units as numeric(18, 4)) as demand_units,
        cast(states.net_units as numeric(18, 4)) as net_units,
        states.demand_units_of_group > 0 as has_demand_of_group,
        -- Older demand than the days looked back on may be in states or not: it decides nothing any more.
        case
            when states.date_day < {{ days_after('states.last_demand_on', var('ranging_days')) }}
                then {{ days_after('states.last_demand_on', var('ranging_days') - 1) }}
        end as demanded_until,
        case
            when states.date_day < {{ days_after('states.last_demand_of_group_on', var('ranging_days')) }}
                then {{ days_after('states.last_demand_of_group_on', var('ranging_days') - 1) }}
        end as demanded_until_by_group
    from states
    inner join pairs
        on states.branch_number = pairs.branch_number and states.article_number = pairs.article_number
    where states.date_day >= pairs.rebuild_from
)

select * from final
