-- How far do the landed _agg tables drift from the truth? A row per table and kind of drift. truth is rebuilt from sale
-- lines and stock; landed is what the _agg rows say today. Read share_off first: above 0 the landed table is wrong on
-- that share of its days, articles or branches, and nothing should be built on it. Days are compared up to the last
-- complete one. The articles of article_sales_agg may have several landed rows: their sum is compared.
with

as_of as (
    select * from {{ ref('int_as_of') }}
),

true_days as (
    select
        sales.date_day,
        sum(sales.demand_units - sales.return_units + sales.adjustment_units) as units,
        sum(sales.gross_revenue) as amount
    from {{ ref('sales_performance') }} as sales
    inner join as_of
        on sales.date_day <= as_of.as_of_date
    group by sales.date_day
),

landed_days as (
    select
        cast(daily.sale_date as date) as date_day,
        sum(daily.total_quantity) as units,
        sum(daily.total_amount) as amount
    from {{ ref('stg_prohandel__daily_sales_agg') }} as daily
    inner join as_of
        on cast(daily.sale_date as date) <= as_of.as_of_date
    group by cast(daily.sale_date as date)
),

true_articles as (
    select
        article_number,
        sum(demand_units - return_units + adjustment_units) as units,
        sum(gross_revenue) as amount
    from {{ ref('fct_sales_daily') }}
    group by article_number
),

landed_articles as (
    select
        article_number,
        sum(total_quantity) as units,
        sum(total_amount) as amount
    from {{ ref('stg_prohandel__article_sales_agg') }}
    group by article_number
),

true_branches as (
    select
        branch_number,
        sum(on_hand) as units
    from {{ ref('inventory_status') }}
    where on_hand is not null
    group by branch_number
),

landed_branches as (
    select
        warehouse as branch_number,
        sum(total_quantity) as units
    from {{ ref('stg_prohandel__warehouse_inventory_agg') }}
    group by warehouse
),

compared as (
    select
        'daily_sales_agg' as landed_table,
        cast(coalesce(true_days.date_day, landed_days.date_day) as {{ dbt.type_string() }}) as what,
        true_days.units as true_units,
        landed_days.units as landed_units,
        true_days.amount as true_amount,
        landed_days.amount as landed_amount
    from true_days
    full outer join landed_days
        on true_days.date_day = landed_days.date_day
    union all
    select
        'article_sales_agg' as landed_table,
        coalesce(true_articles.article_number, landed_articles.article_number) as what,
        true_articles.units as true_units,
        landed_articles.units as landed_units,
        true_articles.amount as true_amount,
        landed_articles.amount as landed_amount
    from true_articles
    full outer join landed_articles
        on true_articles.article_number = landed_articles.article_number
    union all
    select
        'warehouse_inventory_agg' as landed_table,
        coalesce(true_branches.branch_number, landed_branches.branch_number) as what,
        true_branches.units as true_units,
        landed_branches.units as landed_units,
        null as true_amount,
        null as landed_amount
    from true_branches
    full outer join landed_branches
        on true_branches.branch_number = landed_branches.branch_number
),

final as (
    select
        landed_table,
        count(*) as rows_compared,
        avg(case when abs(coalesce(true_units, 0) - coalesce(landed_units, 0)) > 0.0001 then 1.0 else 0.0 end)
            as share_off,
        sum(true_units) as true_units,
        sum(landed_units) as landed_units,
        sum(landed_units) / nullif(sum(true_units), 0) as landed_of_true_units,
        sum(true_amount) as true_gross_revenue,
        sum(landed_amount) as landed_amount,
        sum(abs(coalesce(true_units, 0) - coalesce(landed_units, 0))) as units_off
    from compared
    group by landed_table
)

select * from final
order by share_off desc, landed_table
