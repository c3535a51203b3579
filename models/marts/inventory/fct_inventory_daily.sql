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
    where not is_superseded and is_merchandise and range_start is not null
),

events as (
    select * from {{ ref('int_inventory__pair_events') }}
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
        {% if is_incremental() -%}
        greatest(all_pairs.range_start, changed.rebuild_from) as first_day
        {%- else -%}
        all_pairs.range_start as first_day
        {%- endif %}
    from all_pairs
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number'], true) }} as changed
        on all_pairs.branch_number = changed.branch_number and all_pairs.article_number = changed.article_number
    {%- endif %}
),

spans as (
    select
        events.*,
        pairs.first_day,
        pairs.known_from,
        pairs.known_from_at,
        pairs.stock_known_from,
        pairs.unit_cost,
        pairs.is_deleted,
        pairs.known_from is not null as is_stock_holder,
        least(
            pairs.last_day,
            {{ days_after(
                'lead(events.date_day) over (partition by events.branch_number, events.article_number order by events.date_day)',
                -1,
            ) }}
        ) as last_day
    from events
    inner join pairs
        on events.branch_number = pairs.branch_number and events.article_number = pairs.article_number
),

-- From one event to the next all stays as it is; only the days on which there is something to say get a row.
days as (
    select
        spans.*,
        days.date_day as day_of_span,
        days.date_day = spans.date_day as is_event,
        not spans.is_deleted
        and (spans.is_stock_holder and spans.stock > 0 or coalesce(days.date_day <= spans.demanded_until, false))
            as is_ranged
    from spans
    cross join lateral {{ each_day(
        'greatest(spans.date_day, spans.first_day)',
        'case'
        ~ ' when spans.is_stock_holder and spans.stock <> 0 then spans.last_day'
        ~ ' when spans.is_deleted then least(spans.last_day, spans.date_day)'
        ~ ' else least(spans.last_day, greatest(spans.date_day, spans.demanded_until)) end',
    ) }} as days
),

described as (
    select
        *,
        coalesce(day_of_span >= known_from, false) as is_observed,
        -- What moved on the first known day is not known: nobody saw the stock of the eve.
        coalesce(day_of_span > known_from, false) as is_movement_known,
        case when is_event then moved_units else 0 end as moved_units_of_day,
        case when is_event then net_units else 0 end as net_units_of_day
    from days
    where
        is_ranged
        or (is_stock_holder and stock <> 0)
        or (is_event and (has_line or (is_stock_holder and moved_units <> 0)))
),

final as (
    select
        described.day_of_span as date_day,
        described.branch_number,
        described.article_number,
        cast(case when described.is_movement_known then described.stock - described.moved_units_of_day end as numeric(18, 4))
            as opening_stock,
        cast(case when described.is_observed then described.stock end as numeric(18, 4)) as closing_stock,
        cast(case when described.is_observed then greatest(described.stock, 0) * described.unit_cost end as numeric(18, 6))
            as stock_value_cost,
        cast(case when described.is_event then described.demand_units else 0 end as numeric(18, 4)) as demand_units,
        cast(described.net_units_of_day as numeric(18, 4)) as net_units,
        cast(
            case
                when described.is_movement_known
                    then greatest(described.moved_units_of_day + described.net_units_of_day, 0)
            end as numeric(18, 4)
        ) as inferred_receipts,
        cast(
            case
                when described.is_movement_known
                    then greatest(-described.moved_units_of_day - described.net_units_of_day, 0)
            end as numeric(18, 4)
        ) as inferred_issues,
        cast(
            case
                when not described.is_observed or not branch_days.is_observed_by_the_hour then null
                when branch_days.opens_at is null then 0
                when described.known_from_at > branch_days.opens_at then null
                when described.is_event and described.stockout_hours is not null then described.stockout_hours
                when described.stock <= 0 then {{ hours_between('branch_days.opens_at', 'branch_days.closes_at') }}
                else 0
            end as numeric(18, 6)
        ) as stockout_hours,
        described.is_ranged,
        (described.is_event and described.has_demand_of_group)
        or case
            when described.day_of_span >= described.stock_known_from then described.stock > 0
            else not described.is_deleted
                and coalesce(described.day_of_span <= described.demanded_until_by_group, false)
        end as is_in_stock,
        described.is_observed
    from described
    inner join branch_days
        on described.branch_number = branch_days.branch_number and described.day_of_span = branch_days.date_day
)

select * from final
