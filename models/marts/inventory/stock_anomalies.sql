with

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }} where on_hand <> 0
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

windows as (
    select * from {{ ref('int_inventory__pair_windows') }}
),

lines as (
    select * from {{ ref('fct_sale_lines') }} where is_demand and is_merchandise and net_revenue < cogs
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

negative as (
    select
        metrics.branch_number,
        metrics.article_number,
        'negative' as kind,
        coalesce(windows.negative_since, metrics.as_of_date) as since,
        metrics.on_hand as units,
        metrics.on_hand * metrics.unit_cost as value_cost
    from metrics
    left join windows
        on metrics.branch_number = windows.branch_number and metrics.article_number = windows.article_number
    where metrics.on_hand < 0
),

phantom as (
    select
        metrics.branch_number,
        metrics.article_number,
        'phantom' as kind,
        windows.phantom_since as since,
        metrics.on_hand as units,
        metrics.inventory_value_cost as value_cost
    from metrics
    inner join windows
        on metrics.branch_number = windows.branch_number and metrics.article_number = windows.article_number
    where metrics.on_hand > 0 and windows.phantom_since is not null
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
