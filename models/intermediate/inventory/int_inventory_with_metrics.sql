{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'and_by_key': true,
        'moves_with_as_of_date': true,
        'variables': [
            'as_of_date', 'min_stock_days', 'max_cover_days', 'new_article_days', 'slow_after_days', 'slow_cover_days',
            'dead_after_days', 'low_cover_days',
        ],
    },
    indexes=[
        {'columns': ['branch_number', 'article_number'], 'unique': true},
        {'columns': ['article_number']},
    ],
) }}

{%- set changes = ref('int_inventory__pair_changes') %}

with

pairs as (
    select * from {{ ref('int_inventory__pairs') }}
    where not is_superseded and is_merchandise and range_start is not null
),

spans as (
    select * from {{ ref('int_inventory__pair_spans') }}
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }} where is_own_demand
),

on_hand as (
    select * from {{ ref('int_inventory__on_hand') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

{% if is_incremental() -%}
-- List prices move without a change of the pair; by night, so does stock whose rows have landed no more.
changed as (
    select
        branch_number,
        article_number
    from {{ changed_slices(changes, ['branch_number', 'article_number']) }} as logged
    union
    select
        kept.branch_number,
        kept.article_number
    from {{ this }} as kept
    inner join articles
        on kept.article_number = articles.article_number
    {% if var('nightly') -%}
    inner join on_hand
        on kept.branch_number = on_hand.branch_number and kept.article_number = on_hand.article_number
    {% endif -%}
    where
        kept.list_price_gross is distinct from articles.list_price_gross
        {%- if var('nightly') %}
        or kept.on_hand is distinct from on_hand.on_hand
        or kept.size_availability_rate is distinct from on_hand.size_availability_rate
        {%- endif %}
),

changed_pairs as (
    select pairs.*
    from pairs
    inner join changed
        on pairs.branch_number = changed.branch_number and pairs.article_number = changed.article_number
    {{ computed_once() }}
),
{%- endif %}

described as (
    select
        pairs.branch_number,
        pairs.article_number,
        pairs.stock_branch_number,
        pairs.range_start,
        pairs.known_from,
        pairs.stock_known_from,
        as_of.as_of_date,
        pairs.unit_cost,
        articles.list_price_gross,
        pairs.assortment_type,
        on_hand.on_hand,
        on_hand.size_availability_rate,
        {{ days_apart('pairs.range_start', 'as_of.as_of_date') }} as age_days,
        least(365, greatest(0, {{ days_apart('pairs.known_from', 'as_of.as_of_date') }} + 1)) as known_days
    from {% if is_incremental() %}changed_pairs{% else %}pairs{% endif %} as pairs
    cross join as_of
    inner join articles
        on pairs.article_number = articles.article_number
    {% if is_incremental() -%}
    -- Looked up pair by pair, so that the stock of the others is not added up.
    cross join lateral (
        select held.*
        from on_hand as held
        where held.branch_number = pairs.branch_number and held.article_number = pairs.article_number
        {{ computed_once() }}
    ) as on_hand
    {%- else -%}
    inner join on_hand
        on pairs.branch_number = on_hand.branch_number and pairs.article_number = on_hand.article_number
    {%- endif %}
),

recent_spans as (
    select
        spans.branch_number,
        spans.article_number,
        spans.first_day,
        spans.demand_units,
        spans.is_ranged,
        spans.is_ranged and spans.is_in_stock as is_available,
        spans.is_observed,
        spans.closing_stock,
        spans.stock_value_cost,
        described.as_of_date,
        coalesce(spans.first_day < described.stock_known_from, true) as is_stock_unknown,
        {%- for days in [30, 90, 365] %}
        {{ days_of_span_in_window('spans.first_day', 'spans.last_day', 'described.as_of_date', days) }} as days_{{ days }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from described
    inner join spans
        on
            described.branch_number = spans.branch_number
            and described.article_number = spans.article_number
            and spans.last_day > {{ days_after('described.as_of_date', -365) }}
            and described.as_of_date >= spans.first_day
),

-- What is sold belongs to the first day of a span, all else holds on each of its days.
day_sums as (
    select
        branch_number,
        article_number,
        {%- for days in [30, 90] %}
        coalesce(sum(demand_units) filter (
            where is_available and first_day > {{ days_after('as_of_date', -days) }}
        ), 0) as available_demand_units_{{ days }}d,
        coalesce(sum(days_{{ days }}) filter (where is_available), 0) as available_days_{{ days }}d,
        {%- endfor %}
        coalesce(sum(days_90) filter (where is_ranged and is_observed), 0) as observed_ranged_days_90d,
        coalesce(sum(days_90) filter (where is_ranged and is_observed and closing_stock <= 0), 0) as stockout_days_90d,
        coalesce(sum(days_90) filter (where is_ranged and is_stock_unknown), 0) as unknown_ranged_days_90d,
        sum(stock_value_cost * days_365) filter (where is_observed) as stock_value_days_365d
    from recent_spans
    group by branch_number, article_number
),

-- Sales of the supply group; money only on the days whose stock is known, which is what turnover compares.
group_sales as (
    select
        described.branch_number,
        described.article_number,
        sales.date_day,
        sales.demand_units,
        sales.cogs,
        sales.gross_margin,
        sales.date_day > {{ days_after('described.as_of_date', -365) }}
        and sales.date_day >= described.known_from as is_compared
    from described
    inner join supply_groups
        on described.branch_number = supply_groups.branch_number
    inner join sales
        on
            supply_groups.selling_branch_number = sales.branch_number
            and described.article_number = sales.article_number
    where sales.date_day <= described.as_of_date
),

sale_sums as (
    select
        branch_number,
        article_number,
        max(date_day) filter (where demand_units > 0) as last_sale_on,
        count(*) filter (where is_compared) as lines_365d,
        sum(cogs) filter (where is_compared) as cogs_365d,
        sum(gross_margin) filter (where is_compared) as gross_margin_365d
    from group_sales
    group by branch_number, article_number
),

rated as (
    select
        described.*,
        day_sums.available_demand_units_30d / nullif(day_sums.available_days_30d, 0) as avg_daily_demand_30d,
        day_sums.available_demand_units_90d / nullif(day_sums.available_days_90d, 0) as avg_daily_demand_90d,
        day_sums.available_demand_units_90d,
        day_sums.available_days_90d,
        case when described.known_days > 0 then coalesce(day_sums.stockout_days_90d, 0) end as stockout_days_90d,
        coalesce(day_sums.observed_ranged_days_90d, 0) as observed_ranged_days_90d,
        coalesce(day_sums.unknown_ranged_days_90d, 0) = 0 as is_stock_history_complete,
        day_sums.stock_value_days_365d,
        case when sale_sums.lines_365d > 0 then sale_sums.cogs_365d else 0 end as cogs_365d,
        case when sale_sums.lines_365d > 0 then sale_sums.gross_margin_365d else 0 end as gross_margin_365d,
        {{ days_apart('sale_sums.last_sale_on', 'described.as_of_date') }} as days_since_last_sale
    from described
    left join day_sums
        on described.branch_number = day_sums.branch_number and described.article_number = day_sums.article_number
    left join sale_sums
        on described.branch_number = sale_sums.branch_number and described.article_number = sale_sums.article_number
),

-- Multiplied before it is divided: stock of exactly so many days must not fall to either side by rounding.
covered as (
    select
        *,
        case
            when available_demand_units_90d > 0
                then greatest(on_hand, 0) * available_days_90d / available_demand_units_90d
        end as days_of_supply,
        case
            when on_hand is null then null
            when available_demand_units_90d > 0
                then greatest(
                    0, on_hand - available_demand_units_90d * {{ var('max_cover_days') }} / available_days_90d
                )
            when age_days > {{ var('new_article_days') }} then greatest(on_hand, 0)
            else 0
        end as excess_units,
        case
            when known_days >= {{ var('min_stock_days') }} and stock_value_days_365d > 0
                then cogs_365d * 365 / stock_value_days_365d
        end as turnover_rate,
        case
            when known_days >= {{ var('min_stock_days') }} and stock_value_days_365d > 0
                then gross_margin_365d * 365 / stock_value_days_365d
        end as gmroi
    from rated
),

flagged as (
    select
        *,
        coalesce(
            on_hand > 0
            and age_days > {{ var('new_article_days') }}
            and (
                days_since_last_sale is null
                or days_since_last_sale >= {{ var('slow_after_days') }}
                or coalesce(days_of_supply > {{ var('slow_cover_days') }}, false)
            ), false
        ) as is_slow_moving,
        coalesce(
            on_hand > 0
            and age_days >= {{ var('dead_after_days') }}
            and (days_since_last_sale is null or days_since_last_sale >= {{ var('dead_after_days') }}), false
        ) as is_dead_stock
    from covered
),

final as (
    select
        branch_number,
        article_number,
        stock_branch_number,
        range_start,
        known_from,
        as_of_date,
        assortment_type,
        unit_cost,
        list_price_gross,
        cast(on_hand as numeric(18, 4)) as on_hand,
        cast(case when on_hand is not null then greatest(-on_hand, 0) end as numeric(18, 4)) as negative_stock_units,
        cast(case when on_hand is not null then greatest(on_hand, 0) * unit_cost end as numeric(18, 6))
            as inventory_value_cost,
        cast(case when on_hand is not null then greatest(on_hand, 0) * list_price_gross end as numeric(18, 6))
            as inventory_value_retail,
        cast(avg_daily_demand_30d as numeric(18, 6)) as avg_daily_demand_30d,
        cast(avg_daily_demand_90d as numeric(18, 6)) as avg_daily_demand_90d,
        cast(available_demand_units_90d as numeric(18, 4)) as available_demand_units_90d,
        available_days_90d,
        cast(case when on_hand is not null then days_of_supply end as numeric(18, 6)) as days_of_supply,
        cast(turnover_rate as numeric(18, 6)) as turnover_rate,
        cast(gmroi as numeric(18, 6)) as gmroi,
        cast(cogs_365d as numeric(18, 6)) as cogs_365d,
        cast(gross_margin_365d as numeric(18, 6)) as gross_margin_365d,
        cast(stock_value_days_365d as numeric(18, 6)) as stock_value_days_365d,
        known_days,
        stockout_days_90d,
        observed_ranged_days_90d,
        {{ rate('cast(stockout_days_90d as numeric(18, 6))', 'observed_ranged_days_90d') }} as stockout_frequency,
        cast(size_availability_rate as numeric(18, 6)) as size_availability_rate,
        cast(excess_units as numeric(18, 6)) as excess_units,
        cast(excess_units * unit_cost as numeric(18, 6)) as excess_value_cost,
        days_since_last_sale,
        is_slow_moving,
        is_dead_stock,
        case
            when on_hand is null then null
            when on_hand <= 0 and assortment_type = 'one_shot' then 'sold_out'
            when on_hand <= 0 then 'out_of_stock'
            when is_dead_stock then 'dead'
            when excess_units > 0 then 'excess'
            when days_of_supply < {{ var('low_cover_days') }} then 'low'
            else 'healthy'
        end as stock_status,
        is_stock_history_complete
    from flagged
)

select * from final
