with

plan as (
    select
        *,
        substr({{ text_of_day(days_after("cast(month || '-01' as date)", -1)) }}, 1, 7) as previous_month
    from {{ ref('purchase_plan') }}
),

as_of as (
    select
        as_of_date,
        substr({{ text_of_day('as_of_date') }}, 1, 7) as month,
        cast(substr({{ text_of_day('as_of_date') }}, 1, 7) || '-01' as date) as month_starts_on
    from {{ ref('int_as_of') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_merchandise
),

status as (
    select * from {{ ref('inventory_status') }}
),

sales as (
    select * from {{ ref('fct_sales_daily') }}
),

open_orders as (
    select * from {{ ref('int_planning__open_orders') }}
),

stock as (
    select
        articles.category,
        sum(status.inventory_value_cost) as stock_cost
    from status
    inner join articles
        on status.article_number = articles.article_number
    group by articles.category
),

sold as (
    select
        articles.category,
        sum(sales.cogs) as sold_cost
    from sales
    inner join as_of
        on
            sales.date_day >= as_of.month_starts_on
            and sales.date_day <= as_of.as_of_date
    inner join articles
        on sales.article_number = articles.article_number
    group by articles.category
),

-- What is late, or has no day, may come any day now.
on_order as (
    select
        articles.category,
        greatest(
            as_of.month,
            coalesce(substr({{ text_of_day('open_orders.expected_on') }}, 1, 7), as_of.month)
        ) as month,
        sum(open_orders.open_units * articles.unit_cost) as on_order_cost
    from open_orders
    cross join as_of
    inner join articles
        on open_orders.article_number = articles.article_number
    group by 1, 2
),

planned as (
    select
        plan.month,
        plan.category,
        case
            when plan.month = as_of.month then coalesce(stock.stock_cost, 0)
            else previous.plan_closing_stock_cost
        end as opening_stock_cost,
        plan.plan_sales_cost,
        plan.plan_closing_stock_cost,
        case when plan.month = as_of.month then coalesce(sold.sold_cost, 0) else 0 end as sold_cost_to_date,
        coalesce(on_order.on_order_cost, 0) as on_order_cost,
        as_of.as_of_date
    from plan
    inner join as_of
        on plan.month >= as_of.month
    left join plan as previous
        on plan.category = previous.category and plan.previous_month = previous.month
    left join stock
        on plan.category = stock.category
    left join sold
        on plan.category = sold.category
    left join on_order
        on plan.category = on_order.category and plan.month = on_order.month
),

final as (
    select
        month,
        category,
        cast(opening_stock_cost as numeric(18, 6)) as opening_stock_cost,
        cast(plan_sales_cost as numeric(18, 6)) as plan_sales_cost,
        cast(plan_closing_stock_cost as numeric(18, 6)) as plan_closing_stock_cost,
        cast(on_order_cost as numeric(18, 6)) as on_order_cost,
        {{ 'true' if var('using_purchase_order') else 'false' }} as is_on_order_known,
        cast(plan_sales_cost + plan_closing_stock_cost - opening_stock_cost - on_order_cost as numeric(18, 6))
            as open_to_buy_cost,
        cast(sold_cost_to_date as numeric(18, 6)) as sold_cost_to_date,
        cast(
            plan_sales_cost - sold_cost_to_date + plan_closing_stock_cost - opening_stock_cost - on_order_cost
            as numeric(18, 6)
        ) as open_to_buy_rest_cost,
        as_of_date
    from planned
)

select * from final
