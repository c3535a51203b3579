{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

profitability as (
    select * from {{ ref('product_profitability') }} where is_merchandise
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

vat_rates as (
    select * from {{ ref('vat_rates') }}
),

final as (
    select
        profitability.article_number,
        cast(articles.list_price_gross / (1 + vat_rates.rate) as numeric(30, 12)) as list_price_net,
        cast(
            case
                when
                    profitability.net_revenue_365d > 0
                    and profitability.demand_units_365d > profitability.return_units_365d
                    then
                        profitability.net_revenue_365d
                        / (profitability.demand_units_365d - profitability.return_units_365d)
                else articles.list_price_gross / (1 + vat_rates.rate)
            end as numeric(30, 12)
        ) as net_revenue_per_unit
    from profitability
    inner join articles
        on profitability.article_number = articles.article_number
    left join vat_rates
        on
            articles.vat_class = vat_rates.vat_class
            and profitability.as_of_date >= vat_rates.valid_from
            and (vat_rates.valid_to is null or profitability.as_of_date <= vat_rates.valid_to)
)

select * from final
