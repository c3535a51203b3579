{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('dim_articles') }} where is_merchandise
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

vat_rates as (
    select * from {{ ref('vat_rates') }}
),

sales_months as (
    select * from {{ ref('int_sales__article_months') }}
),

label_months as (
    select * from {{ ref('int_sales__label_months') }}
),

-- Months are stored whole; the days of the last one that lie after the as-of date are taken off again.
days_after_as_of as (
    select lines.*
    from {{ ref('fct_sale_lines') }} as lines
    cross join as_of
    where
        lines.sale_date > as_of.as_of_date
        and lines.sale_date < {{ months_after(month_start('as_of.as_of_date'), 1) }}
),

sales as (
    select
        sales_months.article_number,
        sales_months.net_revenue,
        sales_months.net_revenue_with_cost,
        sales_months.gross_margin,
        sales_months.lines_with_margin
    from sales_months
    cross join as_of
    where sales_months.month_start_date <= as_of.as_of_date
    union all
    select
        article_number,
        -coalesce(net_revenue, 0) as net_revenue,
        case when gross_margin is not null then -net_revenue else 0 end as net_revenue_with_cost,
        -gross_margin as gross_margin,
        case when gross_margin is not null then -1 else 0 end as lines_with_margin
    from days_after_as_of
),

sale_sums as (
    select
        article_number,
        sum(net_revenue) as net_revenue,
        sum(net_revenue_with_cost) as net_revenue_with_cost,
        case when sum(lines_with_margin) > 0 then sum(gross_margin) end as gross_margin
    from sales
    group by article_number
),

labels as (
    select
        label_months.article_number,
        label_months.list_price_gross,
        label_months.demand_units
    from label_months
    cross join as_of
    where label_months.month_start_date <= as_of.as_of_date
    union all
    select
        article_number,
        list_price_gross,
        -quantity as demand_units
    from days_after_as_of
    where
        is_demand
        and list_price_gross is not null
),

markdowns as (
    select
        labels.article_number,
        sum(greatest(articles.first_list_price_gross - labels.list_price_gross, 0) * labels.demand_units)
            as markdown_amount
    from labels
    inner join articles
        on labels.article_number = articles.article_number
    group by labels.article_number
),

final as (
    select
        articles.article_number,
        articles.season,
        articles.category,
        articles.brand,
        articles.supplier,
        articles.unit_cost,
        cast(articles.list_price_gross / (1 + vat_rates.rate) as numeric(28, 14)) as list_price_net,
        cast(coalesce(sale_sums.net_revenue, 0) as numeric(18, 6)) as net_revenue,
        cast(coalesce(sale_sums.net_revenue_with_cost, 0) as numeric(18, 6)) as net_revenue_with_cost,
        cast(sale_sums.gross_margin as numeric(18, 6)) as gross_margin,
        cast(coalesce(markdowns.markdown_amount, 0) as numeric(18, 6)) as markdown_amount
    from articles
    cross join as_of
    left join vat_rates
        on
            articles.vat_class = vat_rates.vat_class
            and as_of.as_of_date >= vat_rates.valid_from
            and (vat_rates.valid_to is null or as_of.as_of_date <= vat_rates.valid_to)
    left join sale_sums
        on articles.article_number = sale_sums.article_number
    left join markdowns
        on articles.article_number = markdowns.article_number
)

select * from final
