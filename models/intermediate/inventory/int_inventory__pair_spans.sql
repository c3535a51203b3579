{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'first_day'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'until': 'last_day',
    },
    indexes=[
        {'columns': ['branch_number', 'article_number', 'first_day'], 'unique': true},
        {'columns': ['branch_number', 'last_day', 'first_day']},
    ],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

all_pairs as (
    select * from {{ ref('int_inventory__pairs') }}
    where not is_superseded and is_merchandise and range_start is not null
),

all_events as (
    select * from {{ ref('int_inventory__pair_events') }}
),

pairs as (
    select
        all_pairs.*,
        all_pairs.known_from is not null as is_stock_holder
        {%- if is_incremental() %},
        changed.rebuild_from,
        -- What held on the eve may last longer or shorter now.
        coalesce(
            (
                select max(earlier.date_day)
                -- Not the import above: read twice it would be materialized, and searched without its index.
                from {{ ref('int_inventory__pair_events') }} as earlier
                where
                    earlier.branch_number = all_pairs.branch_number
                    and earlier.article_number = all_pairs.article_number
                    and earlier.date_day < changed.rebuild_from
            ),
            changed.rebuild_from
        ) as read_from
        {%- endif %}
    from all_pairs
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number'], true) }} as changed
        on all_pairs.branch_number = changed.branch_number and all_pairs.article_number = changed.article_number
    {%- endif %}
),

-- From one event to the next, or for good.
stretches as (
    select
        events.*,
        pairs.known_from,
        pairs.known_from_at,
        pairs.stock_known_from,
        pairs.unit_cost,
        pairs.is_deleted,
        pairs.is_stock_holder,
        {% if is_incremental() -%}
        pairs.rebuild_from,
        {% endif -%}
        greatest(events.date_day, pairs.range_start) as first_day_of_stretch,
        coalesce(
            {{ days_after(
                'lead(events.date_day) over (partition by events.branch_number, events.article_number order by events.date_day)',
                -1,
            ) }},
            cast('9999-12-31' as date)
        ) as last_day_of_stretch
    from all_events as events
    inner join pairs
        on events.branch_number = pairs.branch_number and events.article_number = pairs.article_number
    {% if is_incremental() -%}
    where events.date_day >= pairs.read_from
    {%- endif %}
),

-- Within a stretch it may get known, or stop to be ranged; and what the last piece sold was in stock on that day alone.
pieces as (
    select
        stretches.*,
        cuts.first_day,
        least(
            stretches.last_day_of_stretch,
            {{ days_after(
                'lead(cuts.first_day) over ('
                ~ 'partition by stretches.branch_number, stretches.article_number, stretches.date_day order by cuts.first_day)',
                -1,
            ) }}
        ) as last_day,
        cuts.first_day = stretches.date_day as is_event
    from stretches
    cross join lateral (
        select cut.first_day
        from (
            values
            (stretches.first_day_of_stretch),
            (case when stretches.stock <= 0 or not stretches.is_stock_holder then {{ days_after('stretches.date_day', 1) }} end),
            (stretches.known_from),
            (stretches.stock_known_from),
            (case when stretches.stock <= 0 or not stretches.is_stock_holder
                then {{ days_after('stretches.demanded_until', 1) }} end),
            (case when coalesce(stretches.demanded_until_by_group < stretches.stock_known_from, true)
                then {{ days_after('stretches.demanded_until_by_group', 1) }} end)
        ) as cut (first_day)
        where cut.first_day between stretches.first_day_of_stretch and stretches.last_day_of_stretch
        group by cut.first_day
    ) as cuts
),

described as (
    select
        *,
        coalesce(first_day >= known_from, false) as is_observed,
        -- What moved on the first known day is not known: nobody saw the stock of the eve.
        coalesce(first_day > known_from, false) as is_movement_known,
        not is_deleted
        and (is_stock_holder and stock > 0 or coalesce(first_day <= demanded_until, false)) as is_ranged,
        case when is_event then moved_units else 0 end as moved_units_of_day,
        case when is_event then net_units else 0 end as net_units_of_day
    from pieces
),

final as (
    select
        branch_number,
        article_number,
        first_day,
        last_day,
        cast(case when is_movement_known then stock - moved_units_of_day end as numeric(18, 4)) as opening_stock,
        cast(case when is_observed then stock end as numeric(18, 4)) as closing_stock,
        cast(case when is_observed then greatest(stock, 0) * unit_cost end as numeric(18, 6)) as stock_value_cost,
        cast(case when is_event then demand_units else 0 end as numeric(18, 4)) as demand_units,
        cast(net_units_of_day as numeric(18, 4)) as net_units,
        cast(case when is_movement_known then greatest(moved_units_of_day + net_units_of_day, 0) end as numeric(18, 4))
            as inferred_receipts,
        cast(case when is_movement_known then greatest(-moved_units_of_day - net_units_of_day, 0) end as numeric(18, 4))
            as inferred_issues,
        cast(case when is_event and is_observed then stockout_hours end as numeric(18, 6)) as stockout_hours,
        case when first_day = known_from then known_from_at end as observed_from_at,
        is_ranged,
        (is_event and has_demand_of_group)
        or case
            when first_day >= stock_known_from then stock > 0
            else not is_deleted and coalesce(first_day <= demanded_until_by_group, false)
        end as is_in_stock,
        is_observed
    from described
    where
        (
            is_ranged
            or (is_stock_holder and stock <> 0)
            or (is_event and (has_line or (is_stock_holder and moved_units <> 0)))
        )
        {%- if is_incremental() %}
        and last_day >= {{ days_after('rebuild_from', -1) }}
        {%- endif %}
)

select * from final
