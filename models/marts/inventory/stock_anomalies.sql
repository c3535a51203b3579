with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }} where on_hand <> 0
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

spans as (
    select * from {{ ref('int_inventory__spans') }} where is_observed
),

phantoms as (
    select * from {{ ref('int_inventory__phantom_stock') }}
),

lines as (
    select * from {{ ref('fct_sale_lines') }} where is_demand and is_merchandise and net_revenue < cogs
),

-- Stock is that of the newest observation, unless a variable sets the day.
as_of as (
    select
        as_of_date,
        {% if var('as_of_date') is none %}greatest(newest_day, as_of_date){% else %}as_of_date{% endif %} as stock_day
    from {{ ref('int_as_of') }}
),

negative_pairs as (
    select
        metrics.branch_number,
        metrics.article_number,
        metrics.on_hand,
        metrics.unit_cost,
        metrics.as_of_date,
        max(case when spans.closing_stock >= 0 then spans.last_day end) as last_day_above,
        min(case when spans.closing_stock < 0 then spans.first_day end) as first_day_below
    from metrics
    cross join as_of
    left join spans
        on
            metrics.branch_number = spans.branch_number
            and metrics.article_number = spans.article_number
            and as_of.stock_day >= spans.first_day
    where metrics.on_hand < 0
    group by metrics.branch_number, metrics.article_number, metrics.on_hand, metrics.unit_cost, metrics.as_of_date
),

negative as (
    select
        negative_pairs.branch_number,
        negative_pairs.article_number,
        'negative' as kind,
        coalesce(
            case
                when negative_pairs.last_day_above is null then negative_pairs.first_day_below
                else (
                    select min(spans.first_day)
                    from spans
                    where
                        spans.branch_number = negative_pairs.branch_number
                        and spans.article_number = negative_pairs.article_number
                        and spans.closing_stock < 0
                        and spans.first_day > negative_pairs.last_day_above
                )
            end,
            negative_pairs.as_of_date
        ) as since,
        negative_pairs.on_hand as units,
        negative_pairs.on_hand * negative_pairs.unit_cost as value_cost
    from negative_pairs
),

phantom as (
    select
        branch_number,
        article_number,
        'phantom' as kind,
        since,
        on_hand as units,
        inventory_value_cost as value_cost
    from phantoms
),

below_cost_sale as (
    select
        lines.branch_number,
        lines.article_number,
        'below_cost_sale' as kind,
        min(lines.sale_date) as since,
        sum(lines.quantity) as units,
        sum(lines.cogs - lines.net_revenue) as value_cost
    from lines
    inner join as_of
        on
            lines.sale_date > {{ days_after('as_of.as_of_date', -90) }}
            and lines.sale_date <= as_of.as_of_date
    group by lines.branch_number, lines.article_number
),

no_cost as (
    select
        branch_number,
        article_number,
        'no_cost' as kind,
        range_start as since,
        on_hand as units,
        cast(null as numeric(18, 6)) as value_cost
    from metrics
    where unit_cost is null
),

no_price as (
    select
        metrics.branch_number,
        metrics.article_number,
        'no_price' as kind,
        metrics.range_start as since,
        metrics.on_hand as units,
        metrics.inventory_value_cost as value_cost
    from metrics
    inner join articles
        on metrics.article_number = articles.article_number
    where metrics.on_hand > 0 and articles.list_price_gross is null
),

anomalies as (
    select * from negative
    union all
    select * from phantom
    union all
    select * from below_cost_sale
    union all
    select * from no_cost
    union all
    select * from no_price
),

final as (
    select
        branch_number,
        article_number,
        kind,
        since,
        cast(units as numeric(18, 4)) as units,
        cast(value_cost as numeric(18, 6)) as value_cost,
        case kind
            when 'negative' then 'Count the article in the branch, and book the receipt that is missing.'
            when 'phantom' then 'Look whether it is there: it should have sold. Correct the stock if it is gone.'
            when 'below_cost_sale' then 'Check label price, discount and purchase price of these sales.'
            when 'no_cost' then 'Enter the purchase price of the article.'
            else 'Enter the label price of the article.'
        end as what_to_do
    from anomalies
)

select * from final
