{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

{%- set reads_all = var('nightly') or not is_incremental() %}

with

landed_rows as (
    {{ row_counts_of_all_tables() }}
),

sales as (
    select
        sale_date,
        quantity,
        {{ line_amount('sale_price', 'sale_price_per') }} as amount
    from {{ ref('stg_prohandel__sales') }}
    where not is_deleted
),

inventory as (
    select sum(quantity) as units
    from {{ ref('stg_prohandel__inventory') }}
    where not is_deleted
),

landed_days as (
    select * from {{ ref('stg_prohandel__daily_sales_agg') }}
    where not is_deleted
),

landed_days_total as (
    select
        sum(total_quantity) as units,
        sum(total_amount) as amount
    from landed_days
),

landed_articles_total as (
    select
        sum(total_quantity) as units,
        sum(total_amount) as amount
    from {{ ref('stg_prohandel__article_sales_agg') }}
    where not is_deleted
),

landed_warehouses_total as (
    select sum(total_quantity) as units
    from {{ ref('stg_prohandel__warehouse_inventory_agg') }}
    where not is_deleted
),

sold_by_day as (
    select
        sale_date,
        sum(quantity) as units,
        sum(amount) as amount
    from sales
    group by sale_date
),

sold as (
    select
        sum(units) as units,
        sum(amount) as amount
    from sold_by_day
),

-- What the connector aggregated is not expected to agree: these checks have no tolerance, they show the drift. They read
-- all sales and all stock, which is nightly work.
drift as (
    select
        'days of daily_sales_agg that agree with sale' as check_name,
        count(*) as left_value,
        count(sold_by_day.sale_date) as right_value
    from landed_days
    left join sold_by_day
        on
            landed_days.sale_date = sold_by_day.sale_date
            and landed_days.total_quantity = sold_by_day.units
            and landed_days.total_amount = sold_by_day.amount
    having {{ is_used('daily_sales_agg') and reads_all }}
    union all
    select
        'units of daily_sales_agg against sale' as check_name,
        landed_days_total.units as left_value,
        sold.units as right_value
    from landed_days_total
    cross join sold
    where {{ is_used('daily_sales_agg') and reads_all }}
    union all
    select
        'amount of daily_sales_agg against sale' as check_name,
        landed_days_total.amount as left_value,
        sold.amount as right_value
    from landed_days_total
    cross join sold
    where {{ is_used('daily_sales_agg') and reads_all }}
    union all
    select
        'units of article_sales_agg against sale' as check_name,
        landed_articles_total.units as left_value,
        sold.units as right_value
    from landed_articles_total
    cross join sold
    where {{ is_used('article_sales_agg') and reads_all }}
    union all
    select
        'amount of article_sales_agg against sale' as check_name,
        landed_articles_total.amount as left_value,
        sold.amount as right_value
    from landed_articles_total
    cross join sold
    where {{ is_used('article_sales_agg') and reads_all }}
    union all
    select
        'units of warehouse_inventory_agg against inventory' as check_name,
        landed_warehouses_total.units as left_value,
        inventory.units as right_value
    from landed_warehouses_total
    cross join inventory
    where {{ is_used('warehouse_inventory_agg') and is_used('inventory') and reads_all }}
),

checks as (
    select
        'rows of ' || table_name as check_name,
        landed_rows as left_value,
        held_rows + superseded_rows as right_value,
        0 as tolerance
    from landed_rows
    union all
    select
        check_name,
        left_value,
        right_value,
        cast(null as numeric) as tolerance
    from drift
    {%- if reads_all %}
    {{ reconciled_marts() }}
    {{ reconciled_orders() }}
    {{ reconciled_fivetran_log() }}
    {%- endif %}
),

differences as (
    select
        cast(check_name as text) as check_name,
        cast(coalesce(left_value, 0) as numeric(28, 4)) as left_value,
        cast(coalesce(right_value, 0) as numeric(28, 4)) as right_value,
        cast(coalesce(left_value, 0) - coalesce(right_value, 0) as numeric(28, 4)) as difference,
        cast(tolerance as numeric(28, 4)) as tolerance
    from checks
),

final as (
    select
        {{ run_time() }} as run_at,
        check_name,
        left_value,
        right_value,
        difference,
        tolerance,
        coalesce(abs(difference) <= tolerance, true) as is_ok
    from differences
)

select * from final
