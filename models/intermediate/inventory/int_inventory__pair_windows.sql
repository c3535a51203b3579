{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number'],
    meta={
        'changes': 'int_inventory__pair_changes',
        'slice': ['branch_number', 'article_number'],
        'moves_with_as_of_date': true,
        'moves_with_newest_day': true,
        'variables': ['as_of_date', 'phantom_expected_units'],
    },
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

{#- Named where they are read: PostgreSQL reads all of the history behind a CTE that is used twice. -#}
{%- set changes = ref('int_inventory__pair_changes') %}
{%- set all_spans = ref('int_inventory__pair_spans') %}

with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

-- Stock is that of the newest observation, so what came in and ran out on the running day counts, unless a variable sets
-- the day. Demand counts up to the as-of date.
as_of as (
    select
        {% if var('as_of_date') is none %}greatest(newest_day, as_of_date){% else %}as_of_date{% endif %} as stock_day
    from {{ ref('int_as_of') }}
),

pairs as (
    select
        metrics.branch_number,
        metrics.article_number,
        metrics.as_of_date,
        metrics.days_since_last_sale,
        as_of.stock_day,
        {{ days_after('metrics.as_of_date', '-metrics.days_since_last_sale') }} as last_sale_on
    from metrics
    cross join as_of
    {% if is_incremental() -%}
    inner join {{ changed_slices(changes, ['branch_number', 'article_number']) }} as changed
        on metrics.branch_number = changed.branch_number and metrics.article_number = changed.article_number
    {%- endif %}
),

spans as (
    select
        pairs.*,
        pair_spans.first_day,
        least(pair_spans.last_day, pairs.stock_day) as last_day,
        least(pair_spans.last_day, pairs.as_of_date) as last_complete_day,
        pair_spans.closing_stock,
        pair_spans.demand_units,
        pair_spans.net_units,
        pair_spans.inferred_receipts,
        pair_spans.is_ranged,
        pair_spans.is_in_stock,
        pair_spans.is_ranged and pair_spans.is_in_stock as is_available,
        {{ days_after('pairs.as_of_date', -90) }} as eve_of_90_days,
        {{ days_after('pairs.last_sale_on', -89) }} as compared_from
    from pairs
    inner join {{ all_spans }} as pair_spans
        on
            pairs.branch_number = pair_spans.branch_number
            and pairs.article_number = pair_spans.article_number
            and pairs.stock_day >= pair_spans.first_day
),

sums as (
    select
        branch_number,
        article_number,
        as_of_date,
        stock_day,
        last_sale_on,
        days_since_last_sale,
        sum(
            case
                when is_available and first_day > eve_of_90_days and first_day <= as_of_date
                    then demand_units * demand_units
                else 0
            end
        ) as available_demand_squares_90d,
        max(case when first_day > eve_of_90_days and inferred_receipts > 0 then first_day end) as last_received_on,
        max(case when last_day > eve_of_90_days and closing_stock > 0 then last_day end) as last_in_stock_on,
        sum(case when eve_of_90_days between first_day and last_day then closing_stock end) as stock_before_90d,
        sum(case when first_day > eve_of_90_days and first_day <= as_of_date then inferred_receipts end)
            as received_units_90d,
        sum(case when first_day > eve_of_90_days and first_day <= as_of_date then net_units end) as net_units_90d,
        max(case when inferred_receipts > 0 and first_day <= {{ days_after('as_of_date', -14) }} then first_day end)
            as delivered_on,
        max(case when closing_stock >= 0 then last_day end) as last_not_negative_on,
        bool_or(closing_stock < 0) as was_negative,
        bool_or(is_ranged and as_of_date between first_day and last_day) as is_ranged,
        sum(
            case
                when is_in_stock
                    then greatest(
                        0,
                        {{ days_apart('greatest(first_day, ' ~ days_after('last_sale_on', 1) ~ ')', 'last_complete_day') }} + 1
                    )
                else 0
            end
        ) as days_in_stock_since_sale,
        sum(
            case
                when is_available
                    then greatest(
                        0, {{ days_apart('greatest(first_day, compared_from)', 'least(last_day, last_sale_on)') }} + 1
                    )
                else 0
            end
        ) as days_before_sale,
        sum(case when is_available and first_day between compared_from and last_sale_on then demand_units else 0 end)
            as demand_units_before_sale
    from spans
    group by branch_number, article_number, as_of_date, stock_day, last_sale_on, days_since_last_sale
),

-- A run of negative stock that lasts begins after the last day without it.
negative as (
    select
        sums.branch_number,
        sums.article_number,
        min(pair_spans.first_day) as negative_since
    from sums
    inner join {{ all_spans }} as pair_spans
        on
            sums.branch_number = pair_spans.branch_number
            and sums.article_number = pair_spans.article_number
            and sums.stock_day >= pair_spans.first_day
    where
        sums.was_negative
        and pair_spans.closing_stock < 0
        and coalesce(pair_spans.first_day > sums.last_not_negative_on, true)
    group by sums.branch_number, sums.article_number
),

-- Compared by multiplication: the expected units are a rate over days, times the days without a sale.
final as (
    select
        sums.branch_number,
        sums.article_number,
        sums.as_of_date,
        cast(sums.available_demand_squares_90d as numeric(18, 4)) as available_demand_squares_90d,
        sums.last_received_on,
        sums.last_in_stock_on,
        cast(sums.stock_before_90d as numeric(18, 4)) as stock_before_90d,
        cast(sums.received_units_90d as numeric(18, 4)) as received_units_90d,
        cast(sums.net_units_90d as numeric(18, 4)) as net_units_90d,
        sums.delivered_on,
        delivery.inferred_receipts as delivered_units,
        negative.negative_since,
        case
            when
                sums.days_since_last_sale > 0
                and sums.days_before_sale > 0
                and sums.days_in_stock_since_sale = sums.days_since_last_sale
                and sums.demand_units_before_sale * sums.days_since_last_sale
                >= {{ var('phantom_expected_units') }} * sums.days_before_sale
                then {{ days_after('sums.last_sale_on', 1) }}
        end as phantom_since,
        coalesce(sums.is_ranged, false) as is_ranged
    from sums
    left join negative
        on sums.branch_number = negative.branch_number and sums.article_number = negative.article_number
    left join {{ all_spans }} as delivery
        on
            sums.branch_number = delivery.branch_number
            and sums.article_number = delivery.article_number
            and sums.delivered_on = delivery.first_day
)

select * from final
