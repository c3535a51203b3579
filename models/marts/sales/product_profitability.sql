with

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

sums as (
    select * from {{ ref('int_articles__sales_windows') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

vat_rates as (
    select * from {{ ref('vat_rates') }}
),

classification as (
    select * from {{ ref('int_articles__classification') }}
),

stock_metrics as (
    select * from {{ ref('int_articles_with_stock_metrics') }}
),

priced as (
    select
        articles.*,
        as_of.as_of_date,
        articles.list_price_gross / (1 + vat_rates.rate) as list_price_net
    from articles
    cross join as_of
    left join vat_rates
        on
            articles.vat_class = vat_rates.vat_class
            and as_of.as_of_date >= vat_rates.valid_from
            and (vat_rates.valid_to is null or as_of.as_of_date <= vat_rates.valid_to)
),

final as (
    select
        priced.article_number,
        priced.name,
        priced.category,
        priced.brand,
        priced.season,
        priced.is_merchandise,
        cast(coalesce(sums.demand_units_365d, 0) as numeric(18, 4)) as demand_units_365d,
        cast(coalesce(sums.return_units_365d, 0) as numeric(18, 4)) as return_units_365d,
        cast(coalesce(sums.gross_revenue_365d, 0) as numeric(18, 6)) as gross_revenue_365d,
        cast(coalesce(sums.net_revenue_365d, 0) as numeric(18, 6)) as net_revenue_365d,
        cast(coalesce(sums.net_revenue_with_cost_365d, 0) as numeric(18, 6)) as net_revenue_with_cost_365d,
        sums.cogs_365d,
        sums.gross_margin_365d,
        {{ rate('sums.gross_margin_365d', 'sums.net_revenue_with_cost_365d') }} as margin_pct,
        {{ rate('sums.net_revenue_with_cost_365d', 'sums.net_revenue_365d') }} as cost_coverage,
        {{ rate('(priced.list_price_net - priced.unit_cost)', 'priced.unit_cost') }} as markup,
        cast(stock_metrics.gmroi as numeric(18, 6)) as gmroi,
        cast(stock_metrics.turnover_rate as numeric(18, 6)) as turnover_rate,
        cast(stock_metrics.sell_through_rate_90d as numeric(18, 6)) as sell_through_rate_90d,
        {{ rate('sums.return_units_365d', 'sums.demand_units_365d') }} as return_rate,
        {{ rate('sums.discount_amount_365d', 'sums.label_value_365d') }} as discount_rate,
        classification.abc_class,
        classification.xyz_class,
        priced.as_of_date
    from priced
    left join sums
        on priced.article_number = sums.article_number
    left join classification
        on priced.article_number = classification.article_number
    left join stock_metrics
        on priced.article_number = stock_metrics.article_number
)

select * from final
