with

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

metrics as (
    select * from {{ ref('int_inventory_with_metrics') }}
),

spans as (
    select * from {{ ref('int_inventory__spans') }}
),

levels as (
    select * from {{ ref('stock_levels') }}
),

sales as (
    select * from {{ ref('sales_performance') }}
),

sizes as (
    select * from {{ ref('size_availability') }}
),

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }}
),

pair_windows as (
    select * from {{ ref('int_sales__pair_windows') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Sums stay null for branches without stock of their own, and are 0 for those that have some, but none of the kind.
stocks as (
    select
        branch_number,
        min(known_from) as known_from,
        sum(case when on_hand is not null then greatest(on_hand, 0) end) as stock_units,
        sum(negative_stock_units) as negative_stock_units,
        sum(case when on_hand is not null then coalesce(inventory_value_cost, 0) end) as inventory_value_cost,
        sum(case when on_hand is not null then coalesce(inventory_value_retail, 0) end) as inventory_value_retail,
        sum(excess_units) as excess_units,
        sum(case when excess_units is not null then coalesce(excess_value_cost, 0) end) as excess_value_cost,
        sum(case when on_hand is null then null when is_slow_moving then coalesce(inventory_value_cost, 0) else 0 end)
            as slow_moving_value_cost,
        sum(case when on_hand is null then null when is_dead_stock then coalesce(inventory_value_cost, 0) else 0 end)
            as dead_value_cost,
        sum(case when known_days >= {{ var('min_stock_days') }} then stock_value_days_365d end) as stock_value_days,
        sum(case when known_days >= {{ var('min_stock_days') }} then cogs_365d end) as cogs,
        sum(case when known_days >= {{ var('min_stock_days') }} then gross_margin_365d end) as gross_margin,
        sum(case when known_from is not null then avg_daily_demand_90d end) as avg_daily_demand,
        sum(stockout_days_90d) as stockout_days,
        sum(observed_ranged_days_90d) as observed_ranged_days
    from metrics
    group by branch_number
),

flows as (
    select
        spans.branch_number,
        sum(
            case when spans.first_day <= {{ days_after('as_of.as_of_date', -90) }} then spans.closing_stock end
        ) as opening_stock,
        sum(
            case when spans.first_day > {{ days_after('as_of.as_of_date', -90) }} then spans.inferred_receipts end
        ) as received_units
    from spans
    inner join as_of
        on
            spans.first_day <= as_of.as_of_date
            and spans.last_day >= {{ days_after('as_of.as_of_date', -90) }}
    inner join metrics
        on spans.branch_number = metrics.branch_number and spans.article_number = metrics.article_number
    where metrics.known_from is not null
    group by spans.branch_number
),

-- Not from the spans: what comes back before the branch ranges an article is in none.
sold as (
    select
        metrics.branch_number,
        sum(pair_windows.net_units_90d) as net_units
    from metrics
    inner join supply_groups
        on metrics.branch_number = supply_groups.branch_number
    inner join pair_windows
        on
            supply_groups.selling_branch_number = pair_windows.branch_number
            and metrics.article_number = pair_windows.article_number
    where metrics.known_from is not null
    group by metrics.branch_number
),

sold_through as (
    select
        stocks.branch_number,
        coalesce(sold.net_units, 0) as net_units,
        coalesce(flows.opening_stock, 0) + coalesce(flows.received_units, 0) as offered_units
    from stocks
    inner join as_of
        on stocks.known_from <= {{ days_after('as_of.as_of_date', -90) }}
    left join flows
        on stocks.branch_number = flows.branch_number
    left join sold
        on stocks.branch_number = sold.branch_number
),

rated as (
    select
        levels.branch_number,
        sum(levels.rated_articles) as rated_articles,
        sum(levels.rated_stocked_out_articles) as rated_stocked_out_articles
    from levels
    inner join as_of
        on
            levels.date_day > {{ days_after('as_of.as_of_date', -90) }}
            and levels.date_day <= as_of.as_of_date
    group by levels.branch_number
),

revenue as (
    select
        sales.branch_number,
        sum(case when sales.date_day > {{ days_after('as_of.as_of_date', -365) }} then sales.net_revenue else 0 end)
            as net_revenue,
        sum(case when sales.date_day > {{ days_after('as_of.as_of_date', -365) }} then sales.net_revenue_with_cost end)
            as net_revenue_with_cost,
        sum(case when sales.date_day > {{ days_after('as_of.as_of_date', -365) }} then sales.gross_margin end)
            as gross_margin
    from sales
    inner join as_of
        on sales.date_day <= as_of.as_of_date
    group by sales.branch_number
),

size_pairs as (
    select
        branch_number,
        article_number,
        bool_or(is_broken_size_run) as is_broken_size_run
    from sizes
    group by branch_number, article_number
),

size_runs as (
    select
        branch_number,
        count(*) as size_run_pairs,
        count(case when is_broken_size_run then 1 end) as broken_size_runs
    from size_pairs
    group by branch_number
),

final as (
    select
        branches.branch_number,
        branches.name,
        branches.shop_type,
        cast(stocks.inventory_value_cost as numeric(18, 6)) as inventory_value_cost,
        cast(stocks.inventory_value_retail as numeric(18, 6)) as inventory_value_retail,
        cast(stocks.stock_units as numeric(18, 4)) as stock_units,
        cast(stocks.negative_stock_units as numeric(18, 4)) as negative_stock_units,
        cast(case when stocks.stock_value_days > 0 then stocks.cogs * 365 / stocks.stock_value_days end as numeric(18, 6))
            as turnover_rate,
        cast(
            case when stocks.stock_value_days > 0 then stocks.gross_margin * 365 / stocks.stock_value_days end
            as numeric(18, 6)
        ) as gmroi,
        {{ rate('stocks.stock_units', 'stocks.avg_daily_demand') }} as days_of_supply,
        {{ rate('cast(rated.rated_stocked_out_articles as numeric(18, 6))', 'rated.rated_articles') }}
            as stockout_rate_90d,
        {{ rate('cast(stocks.stockout_days as numeric(18, 6))', 'stocks.observed_ranged_days') }}
            as stockout_frequency_90d,
        cast(stocks.excess_units as numeric(18, 6)) as excess_units,
        cast(stocks.excess_value_cost as numeric(18, 6)) as excess_value_cost,
        cast(stocks.slow_moving_value_cost as numeric(18, 6)) as slow_moving_value_cost,
        cast(stocks.dead_value_cost as numeric(18, 6)) as dead_value_cost,
        cast(coalesce(revenue.net_revenue, 0) as numeric(18, 6)) as net_revenue_365d,
        cast(revenue.gross_margin as numeric(18, 6)) as gross_margin_365d,
        {{ rate('revenue.gross_margin', 'revenue.net_revenue_with_cost') }} as margin_pct,
        cast(
            case when sold_through.offered_units > 0 then sold_through.net_units / sold_through.offered_units end
            as numeric(18, 6)
        ) as sell_through_rate_90d,
        case when stocks.stock_units is not null then coalesce(size_runs.broken_size_runs, 0) end as broken_size_runs,
        case when stocks.stock_units is not null then coalesce(size_runs.size_run_pairs, 0) end as size_run_pairs
    from branches
    left join stocks
        on branches.branch_number = stocks.branch_number
    left join rated
        on branches.branch_number = rated.branch_number
    left join revenue
        on branches.branch_number = revenue.branch_number
    left join sold_through
        on branches.branch_number = sold_through.branch_number
    left join size_runs
        on branches.branch_number = size_runs.branch_number
    where stocks.branch_number is not null or revenue.branch_number is not null
)

select * from final
