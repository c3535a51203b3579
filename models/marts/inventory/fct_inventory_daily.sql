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
    select * from {{ ref('int_inventory__branch_days') }}
),

supplying as (
    select stock_branch_number
    from supply_groups
    where selling_branch_number <> branch_number
),

horizon as (
    select greatest(newest_day, as_of_date) as last_day from {{ ref('int_as_of') }}
),

pairs as (
    select
        all_pairs.*,
        horizon.last_day,
        {% if is_incremental() %}changed.rebuild_from{% else %}cast('1900-01-01' as date){% endif %} as rebuild_from
    from all_pairs
    cross join horizon
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number'], true) }} as changed
        on all_pairs.branch_number = changed.branch_number and all_pairs.article_number = changed.article_number
    {%- endif %}
    where not all_pairs.is_superseded and all_pairs.is_merchandise
),

-- What moved before the days to rebuild counts as one movement on the eve, which makes their opening stock.
movements as (
    select
        pairs.branch_number,
        pairs.article_number,
        pairs.known_from_at,
        pairs.last_day,
        greatest(stock_changes.observed_on, {{ days_after('pairs.rebuild_from', -1) }}) as moved_on,
        case when stock_changes.observed_on >= pairs.rebuild_from then stock_changes.observed_at end as moved_at,
        sum(stock_changes.quantity_change) as moved_units
    from pairs
    inner join stock_changes
        on pairs.branch_number = stock_changes.branch_number and pairs.article_number = stock_changes.article_number
    where not stock_changes.is_superseded and stock_changes.observed_on <= pairs.last_day
    group by 1, 2, 3, 4, 5, 6
),

levels as (
    select
        *,
        sum(moved_units) over (partition by branch_number, article_number order by moved_at nulls first) as stock,
        lead(moved_at) over (partition by branch_number, article_number, moved_on order by moved_at nulls first)
            as next_moved_at,
        row_number() over (partition by branch_number, article_number, moved_on order by moved_at nulls first) as place,
        count(*) over (partition by branch_number, article_number, moved_on) as places
    from movements
),

stock_days as (
    select
        levels.branch_number,
        levels.article_number,
        levels.moved_on,
        levels.last_day,
        max(case when levels.place = levels.places then levels.stock end) as closing_stock,
        sum(levels.moved_units) as moved_units,
        sum(
            case when levels.stock <= 0
                then {{ hours_between(
                    'greatest(levels.moved_at, branch_days.opens_at)',
                    'least(coalesce(levels.next_moved_at, branch_days.closes_at), branch_days.closes_at)',
                ) }}
                else 0
            end
            + case when levels.place = 1 and levels.stock - levels.moved_units <= 0
                then {{ hours_between('branch_days.opens_at', 'least(levels.moved_at, branch_days.closes_at)') }}
                else 0
            end
        ) as stockout_hours
    from levels
    left join branch_days
        on
            levels.branch_number = branch_days.branch_number
            and levels.moved_on = branch_days.date_day
            and not branch_days.is_superseded
    group by 1, 2, 3, 4
),

stock_spans as (
    select
        *,
        case
            when closing_stock = 0 then moved_on
            else coalesce(
                {{ days_after('lead(moved_on) over (partition by branch_number, article_number order by moved_on)', -1) }},
                last_day
            )
        end as held_until
    from stock_days
),

held as (
    select
        stock_spans.branch_number,
        stock_spans.article_number,
        days.date_day,
        stock_spans.closing_stock,
        case when days.date_day = stock_spans.moved_on then stock_spans.moved_units else 0 end as moved_units,
        case when days.date_day = stock_spans.moved_on then stock_spans.stockout_hours end as stockout_hours
    from stock_spans
    cross join lateral {{ each_day('stock_spans.moved_on', 'stock_spans.held_until') }} as days
),

selling_days as (
    select
        pairs.branch_number,
        pairs.article_number,
        pairs.last_day,
        sales.date_day,
        sum(sales.demand_units) as demand_units,
        sum(sales.demand_units - sales.return_units) as net_units
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
    group by 1, 2, 3, 4
),

selling_spans as (
    select
        *,
        lead(date_day) over (partition by branch_number, article_number order by date_day) as next_day,
        max(date_day) filter (where demand_units > 0)
            over (partition by branch_number, article_number order by date_day) as last_demand_on
    from selling_days
),

-- A sale keeps its pair ranged for a while; a line of another kind has a row on its own day in any case.
sold_until as (
    select
        *,
        greatest(
            date_day,
            least(
                {{ days_after('next_day', -1) }},
                {{ days_after('coalesce(last_demand_on, date_day)', var('ranging_days') - 1) }},
                last_day
            )
        ) as until_day
    from selling_spans
),

sold as (
    select
        sold_until.branch_number,
        sold_until.article_number,
        days.date_day,
        case when days.date_day = sold_until.date_day then sold_until.demand_units else 0 end as demand_units,
        case when days.date_day = sold_until.date_day then sold_until.net_units else 0 end as net_units,
        days.date_day = sold_until.date_day as has_line,
        coalesce(days.date_day < {{ days_after('sold_until.last_demand_on', var('ranging_days')) }}, false)
            as has_recent_demand
    from sold_until
    cross join lateral {{ each_day('sold_until.date_day', 'sold_until.until_day') }} as days
),

combined as (
    select
        coalesce(held.branch_number, sold.branch_number) as branch_number,
        coalesce(held.article_number, sold.article_number) as article_number,
        coalesce(held.date_day, sold.date_day) as date_day,
        coalesce(held.closing_stock, 0) as closing_stock,
        coalesce(held.moved_units, 0) as moved_units,
        held.stockout_hours,
        coalesce(sold.demand_units, 0) as demand_units,
        coalesce(sold.net_units, 0) as net_units,
        coalesce(sold.has_line, false) as has_line,
        coalesce(sold.has_recent_demand, false) as has_recent_demand
    from held
    full outer join sold
        on
            held.branch_number = sold.branch_number
            and held.article_number = sold.article_number
            and held.date_day = sold.date_day
),

known as (
    select
        combined.date_day,
        combined.branch_number,
        combined.article_number,
        pairs.stock_branch_number,
        pairs.unit_cost,
        pairs.known_from,
        pairs.known_from_at,
        combined.demand_units,
        combined.net_units,
        combined.moved_units,
        combined.stockout_hours,
        combined.has_line,
        coalesce(combined.date_day >= pairs.known_from, false) as is_observed,
        case when combined.date_day >= pairs.known_from then combined.closing_stock end as closing_stock,
        not pairs.is_deleted
        and (combined.closing_stock > 0 or combined.has_recent_demand) as is_ranged
    from combined
    inner join pairs
        on combined.branch_number = pairs.branch_number and combined.article_number = pairs.article_number
    where
        combined.date_day >= pairs.rebuild_from
        and (
            combined.closing_stock <> 0
            or combined.moved_units <> 0
            or combined.has_line
            or (combined.has_recent_demand and not pairs.is_deleted)
        )
),

servers as (
    select
        date_day,
        branch_number,
        article_number,
        demand_units > 0 or coalesce(closing_stock > 0, is_ranged) as is_in_stock
    from known
    where branch_number in (select supplying.stock_branch_number from supplying)
),

final as (
    select
        known.date_day,
        known.branch_number,
        known.article_number,
        cast(case when known.date_day > known.known_from then known.closing_stock - known.moved_units end as numeric(18, 4))
            as opening_stock,
        cast(known.closing_stock as numeric(18, 4)) as closing_stock,
        cast(
            case when known.is_observed then greatest(known.closing_stock, 0) * known.unit_cost end as numeric(18, 6)
        ) as stock_value_cost,
        cast(known.demand_units as numeric(18, 4)) as demand_units,
        cast(known.net_units as numeric(18, 4)) as net_units,
        cast(
            case when known.date_day > known.known_from then greatest(known.moved_units + known.net_units, 0) end
            as numeric(18, 4)
        ) as inferred_receipts,
        cast(
            case when known.date_day > known.known_from then greatest(-known.moved_units - known.net_units, 0) end
            as numeric(18, 4)
        ) as inferred_issues,
        cast(
            case
                when not branch_days.is_observed_by_the_hour or not known.is_observed then null
                when branch_days.opens_at is null then 0
                when known.known_from_at > branch_days.opens_at then null
                when known.stockout_hours is not null then known.stockout_hours
                when known.closing_stock <= 0 then {{ hours_between('branch_days.opens_at', 'branch_days.closes_at') }}
                else 0
            end as numeric(18, 6)
        ) as stockout_hours,
        known.is_ranged,
        case
            when known.branch_number <> known.stock_branch_number then servers.is_in_stock
            else known.demand_units > 0 or coalesce(known.closing_stock > 0, known.is_ranged)
        end as is_in_stock,
        known.is_observed
    from known
    inner join branch_days
        on
            known.branch_number = branch_days.branch_number
            and known.date_day = branch_days.date_day
            and not branch_days.is_superseded
    left join servers
        on
            known.branch_number <> known.stock_branch_number
            and known.stock_branch_number = servers.branch_number
            and known.article_number = servers.article_number
            and known.date_day = servers.date_day
)

select * from final
