{{ config(tags=['nightly']) }}

with

lines as (
    select
        sum(coalesce(lines.net_revenue, 0)) as net_revenue,
        sum(lines.gross_margin) as gross_margin,
        sum(
            case
                when lines.is_demand and lines.list_price_gross < articles.first_list_price_gross
                    then (articles.first_list_price_gross - lines.list_price_gross) * lines.quantity
            end
        ) as markdown_amount
    from {{ ref('fct_sale_lines') }} as lines
    cross join {{ ref('int_as_of') }} as as_of
    inner join {{ ref('dim_articles') }} as articles
        on lines.article_number = articles.article_number and articles.is_merchandise
    where lines.sale_date <= as_of.as_of_date
),

seasons as (
    select
        sum(net_revenue) as net_revenue,
        sum(gross_margin) as gross_margin,
        sum(markdown_amount) as markdown_amount,
        sum(rest_units) as rest_units
    from {{ ref('season_performance') }}
),

stock as (
    select sum(greatest(on_hand, 0)) as rest_units
    from {{ ref('inventory_status') }}
)

select *
from lines
cross join seasons
cross join stock
where
    coalesce(lines.net_revenue, 0) <> coalesce(seasons.net_revenue, 0)
    or coalesce(lines.gross_margin, 0) <> coalesce(seasons.gross_margin, 0)
    or coalesce(lines.markdown_amount, 0) <> coalesce(seasons.markdown_amount, 0)
    or coalesce(stock.rest_units, 0) <> coalesce(seasons.rest_units, 0)
