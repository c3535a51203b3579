with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

vat_rates as (
    select * from {{ ref('vat_rates') }}
),

profitability as (
    select * from {{ ref('product_profitability') }}
),

priced as (
    select
        articles.article_number,
        articles.list_price_gross,
        articles.unit_cost,
        articles.list_price_gross / (1 + vat_rates.rate) as list_price_net,
        profitability.net_revenue_365d,
        profitability.demand_units_365d - profitability.return_units_365d as net_units_365d
    from articles
    inner join profitability
        on articles.article_number = profitability.article_number
    left join vat_rates
        on
            articles.vat_class = vat_rates.vat_class
            and profitability.as_of_date >= vat_rates.valid_from
            and (vat_rates.valid_to is null or profitability.as_of_date <= vat_rates.valid_to)
),

final as (
    select
        article_number,
        list_price_gross,
        cast(list_price_net as numeric(18, 6)) as list_price_net,
        unit_cost,
        cast(
            case
                when net_revenue_365d > 0 and net_units_365d > 0 then net_revenue_365d / net_units_365d
                else list_price_net
            end as numeric(18, 6)
        ) as net_revenue_per_unit
    from priced
)

select * from final
