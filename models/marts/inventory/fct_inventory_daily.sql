{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['date_day', 'branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'from': 'date_day',
    },
    indexes=[{'columns': ['branch_number', 'article_number', 'date_day']}],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }}
),

stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }}
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

as_of as (
    select * from {{ ref('int_as_of') }}
),

pairs as (
    select
        all_pairs.*,
        (select greatest(as_of.newest_day, as_of.as_of_date) from as_of) as last_day,
        {% if is_incremental() %}changed.rebuild_from{% else %}cast('1900-01-01' as date){% endif %} as rebuild_from
    from all_pairs
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number'], true) }} as changed
        on all_pairs.branch_number = changed.branch_number and all_pairs.article_number = changed.article_number
    {%- endif %}
    where not all_pairs.is_superseded and all_pairs.is_merchandise
),

-- A branch without stock of its own sells from its server's: that stock is followed here for both.
-- What moved before the days to rebuild counts as one movement on the eve, which makes the opening stock.
movements as (
    select
        pairs.branch_number,
        pairs.article_number,
        pairs.rebuild_from,
        greatest(stock_changes.observed_on, {{ days_after('pairs.rebuild_from', -1) }}) as date_day,
        case when stock_changes.observed_on >= pairs.rebuild_from then stock_changes.observed_at end as moved_at,
        sum(stock_changes.quantity_change) as moved_units
    from pairs
    inner join stock_changes
        on
            pairs.stock_branch_number = stock_changes.branch_number
            and pairs.article_number = stock_changes.article_number
    where not stock_changes.is_superseded and stock_changes.observed_on <= pairs.last_day
    group by 1, 2, 3, 4, 5
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

stock_days as (
    select
        levels.branch_number,
        levels.article_number,
        levels.date_day,
        sum(levels.moved_units) as moved_units,
        sum(
            case
                when levels.stock <= 0 then {{ hours_between(
                    'greatest(levels.moved_at, branch_days.opens_at)',
                    'case when levels.next_day = levels.date_day then least(levels.next_moved_at, branch_days.closes_at)'
                    ~ ' else branch_days.closes_at end',
                ) }}
                else 0
            end
            + case
                when levels.previous_day = levels.date_day or levels.stock > levels.moved_units then 0
                else {{ hours_between('branch_days.opens_at', 'least(levels.moved_at, branch_days.closes_at)') }}
            end
        ) as stockout_hours
    from levels
    left join branch_days
        on levels.branch_number = branch_days.branch_number and levels.date_day = branch_days.date_day
    group by 1, 2, 3
),

selling_days as (
    select
        pairs.branch_number,
        pairs.article_number,
        sales.date_day,
        bool_or(supply_groups.is_own_demand) as has_line,
        sum(case when supply_groups.is_own_demand then sales.demand_units else 0 end) as demand_units,
        sum(case when supply_groups.is_own_demand then sales.demand_units - sales.return_units else 0 end) as net_units,
        sum(sales.demand_units) as demand_units_of_group
    from pairs
    inner join supply_groups
        on pairs.branch_number = supply_groups.branch_number
    inner join sales
        on
            supply_groups.selling_branch_number = sales.branch_number
            and pairs.article_number = sales.article_number
    where
        sales.date_day <= pairs.last_day
        and sales.date_day > {{ days_after('pairs.rebuild_from', -var('ranging_days')) }}
    group by 1, 2, 3
),

events as (
    select
        coalesce(stock_days.branch_number, selling_days.branch_number) as branch_number,
        coalesce(stock_days.article_number, selling_days.article_number) as article_number,
        coalesce(stock_days.date_day, selling_days.date_day) as date_day,
        coalesce(stock_days.moved_units, 0) as moved_units,
        stock_days.stockout_hours,
        coalesce(selling_days.has_line, false) as has_line,
        coalesce(selling_days.demand_units, 0) as demand_units,
        coalesce(selling_days.net_units, 0) as net_units,
        coalesce(selling_days.demand_units_of_group, 0) as demand_units_of_group
    from stock_days
    full outer join selling_days
        on
            stock_days.branch_number = selling_days.branch_number
            and stock_days.article_number = selling_days.article_number
            and stock_days.date_day = selling_days.date_day
),

states as (
    select
        *,
        sum(moved_units) over (partition by branch_number, article_number order by date_day) as stock,
        max(case when demand_units > 0 then date_day end)
            over (partition by branch_number, article_number order by date_day) as last_demand_on,
        max(case when demand_units_of_group > 0 then date_day end)
            over (partition by branch_number, article_number order by date_day) as last_demand_of_group_on,
        lead(date_day) over (partition by branch_number, article_number order by date_day) as next_day
    from events
),

spans as (
    select
        states.*,
        pairs.rebuild_from,
        pairs.known_from,
        pairs.known_from_at,
        pairs.range_start,
        pairs.stock_known_from,
        pairs.unit_cost,
        pairs.is_deleted,
        {{ days_after('states.last_demand_on', var('ranging_days') - 1) }} as recent_until,
        {{ days_after('states.last_demand_of_group_on', var('ranging_days') - 1) }} as recent_until_of_group,
        case when pairs.known_from is not null then states.stock <> 0 else false end as holds_stock,
        coalesce({{ days_after('states.next_day', -1) }}, pairs.last_day) as last_day
    from states
    inner join pairs
        on states.branch_number = pairs.branch_number and states.article_number = pairs.article_number
),

-- The days up to the next event on which there is something to say.
days as (
    select
        spans.*,
        days.date_day as day_of_span,
        days.date_day = spans.date_day as is_event_day,
        not spans.is_deleted
        and (
            (spans.known_from is not null and spans.stock > 0)
            or coalesce(days.date_day <= spans.recent_until, false)
        ) as is_ranged
    from spans
    cross join lateral {{ each_day(
        'greatest(spans.date_day, spans.rebuild_from)',
        'case when spans.holds_stock then spans.last_day'
        ~ ' when spans.is_deleted then spans.date_day'
        ~ ' else greatest(spans.date_day, least(spans.last_day, spans.recent_until)) end',
    ) }} as days
),

final as (
    select
        days.day_of_span as date_day,
        days.branch_number,
        days.article_number,
        cast(
            case
                when days.day_of_span > days.known_from
                    then case when days.is_event_day then days.stock - days.moved_units else days.stock end
            end as numeric(18, 4)
        ) as opening_stock,
        cast(case when days.day_of_span >= days.known_from then days.stock end as numeric(18, 4)) as closing_stock,
        cast(
            case when days.day_of_span >= days.known_from then greatest(days.stock, 0) * days.unit_cost end
            as numeric(18, 6)
        ) as stock_value_cost,
        cast(case when days.is_event_day then days.demand_units else 0 end as numeric(18, 4)) as demand_units,
        cast(case when days.is_event_day then days.net_units else 0 end as numeric(18, 4)) as net_units,
        cast(
            case
                when days.day_of_span > days.known_from
                    then case when days.is_event_day then greatest(days.moved_units + days.net_units, 0) else 0 end
            end as numeric(18, 4)
        ) as inferred_receipts,
        cast(
            case
                when days.day_of_span > days.known_from
                    then case when days.is_event_day then greatest(-days.moved_units - days.net_units, 0) else 0 end
            end as numeric(18, 4)
        ) as inferred_issues,
        cast(
            case
                when not branch_days.is_observed_by_the_hour then null
                when days.day_of_span < days.known_from or days.known_from is null then null
                when branch_days.opens_at is null then 0
                when days.known_from_at > branch_days.opens_at then null
                when days.is_event_day and days.stockout_hours is not null then days.stockout_hours
                when days.stock <= 0 then {{ hours_between('branch_days.opens_at', 'branch_days.closes_at') }}
                else 0
            end as numeric(18, 6)
        ) as stockout_hours,
        days.is_ranged,
        (days.is_event_day and days.demand_units_of_group > 0)
        or case
            when days.day_of_span >= days.stock_known_from then days.stock > 0
            else not days.is_deleted and coalesce(days.day_of_span <= days.recent_until_of_group, false)
        end as is_in_stock,
        coalesce(days.day_of_span >= days.known_from, false) as is_observed
    from days
    inner join branch_days
        on days.branch_number = branch_days.branch_number and days.day_of_span = branch_days.date_day
    where
        days.day_of_span >= days.range_start
        and (
            days.is_ranged
            or days.holds_stock
            or (days.is_event_day and (days.has_line or (days.moved_units <> 0 and days.known_from is not null)))
        )
)

select * from final
