{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

daily as (
    select * from {{ ref('fct_inventory_daily') }}
),

events as (
    select * from {{ ref('int_inventory__pair_events') }}
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded and is_merchandise
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

company as (
    select
        as_of.as_of_date,
        min(pairs.known_from) as known_from,
        least(365, greatest(0, {{ days_apart('min(pairs.known_from)', 'as_of.as_of_date') }} + 1)) as known_days
    from as_of
    left join pairs
        on true
    group by as_of.as_of_date
),

stock_values as (
    select
        daily.article_number,
        sum(daily.stock_value_cost) as stock_value_days
    from daily
    cross join company
    where
        daily.date_day > {{ days_after('company.as_of_date', -365) }}
        and daily.date_day <= company.as_of_date
    group by daily.article_number
),

amounts as (
    select
        sales.article_number,
        sum(sales.cogs) as cogs,
        sum(sales.gross_margin) as gross_margin
    from sales
    cross join company
    where
        sales.date_day > {{ days_after('company.as_of_date', -365) }}
        and sales.date_day <= company.as_of_date
        and sales.date_day >= company.known_from
    group by sales.article_number
),

-- What moved up to the eve of the 90 days is the opening stock. The events of a served branch repeat its server's.
moved_days as (
    select
        events.article_number,
        greatest(events.date_day, {{ days_after('company.as_of_date', -90) }}) as date_day,
        sum(events.moved_units) as moved_units
    from events
    cross join company
    inner join pairs
        on
            events.branch_number = pairs.branch_number
            and events.article_number = pairs.article_number
            and pairs.branch_number = pairs.stock_branch_number
    where events.date_day <= company.as_of_date
    group by 1, 2
),

selling_days as (
    select
        sales.article_number,
        sales.date_day,
        sum(sales.net_units) as net_units
    from sales
    cross join company
    where
        sales.date_day > {{ days_after('company.as_of_date', -90) }}
        and sales.date_day <= company.as_of_date
    group by sales.article_number, sales.date_day
),

-- Day by day over all branches: what one sent another within a day cancels out.
company_days as (
    select
        coalesce(moved_days.article_number, selling_days.article_number) as article_number,
        coalesce(moved_days.date_day, selling_days.date_day) as date_day,
        coalesce(moved_days.moved_units, 0) as moved_units,
        coalesce(selling_days.net_units, 0) as net_units
    from moved_days
    full outer join selling_days
        on moved_days.article_number = selling_days.article_number and moved_days.date_day = selling_days.date_day
),

flows as (
    select
        company_days.article_number,
        sum(
            case
                when company_days.date_day = {{ days_after('company.as_of_date', -90) }} then company_days.moved_units
                else greatest(company_days.moved_units + company_days.net_units, 0)
            end
        ) as offered_units_90d,
        sum(company_days.net_units) as net_units_90d
    from company_days
    cross join company
    group by company_days.article_number
),

rates as (
    select
        articles.article_number,
        company.known_days,
        company.known_from <= {{ days_after('company.as_of_date', -90) }} as is_opening_known,
        stock_values.stock_value_days as stock_value_days_365d,
        case when amounts.article_number is null then 0 else amounts.cogs end as cogs_365d,
        case when amounts.article_number is null then 0 else amounts.gross_margin end as gross_margin_365d,
        coalesce(flows.offered_units_90d, 0) as offered_units_90d,
        coalesce(flows.net_units_90d, 0) as net_units_90d
    from articles
    cross join company
    left join stock_values
        on articles.article_number = stock_values.article_number
    left join amounts
        on articles.article_number = amounts.article_number
    left join flows
        on articles.article_number = flows.article_number
),

final as (
    select
        article_number,
        cast(
            case
                when known_days >= {{ var('min_stock_days') }} and stock_value_days_365d > 0
                    then cogs_365d * 365 / stock_value_days_365d
            end as numeric(18, 6)
        ) as turnover_rate,
        cast(
            case
                when known_days >= {{ var('min_stock_days') }} and stock_value_days_365d > 0
                    then gross_margin_365d * 365 / stock_value_days_365d
            end as numeric(18, 6)
        ) as gmroi,
        cast(case when is_opening_known and offered_units_90d > 0 then net_units_90d / offered_units_90d end as numeric(18, 6))
            as sell_through_rate_90d,
        known_days,
        cast(stock_value_days_365d as numeric(18, 6)) as stock_value_days_365d,
        cast(cogs_365d as numeric(18, 6)) as cogs_365d,
        cast(gross_margin_365d as numeric(18, 6)) as gross_margin_365d
    from rates
)

select * from final
