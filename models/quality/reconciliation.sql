{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with

{% for table, base in landed_bases().items() if is_used(table) -%}
{{ table }}_rows as (
    select
        'rows of {{ table }}' as check_name,
        landed.landed_rows as left_value,
        held.held_rows + landed.superseded_rows as right_value,
        0 as tolerance
    from (
        {{ landed_row_counts(table, base) }}
    ) as landed
    cross join (select count(*) as held_rows from {{ base }}) as held
),

{% endfor -%}

sales as (
    select
        sale_date,
        article_number,
        quantity,
        {{ line_amount('sale_price', 'sale_price_per') }} as amount
    from {{ ref('stg_prohandel__sales') }}
    where not is_deleted
),

inventory as (
    select * from {{ ref('stg_prohandel__inventory') }}
    where not is_deleted
),

landed_days as (
    select * from {{ ref('stg_prohandel__daily_sales_agg') }}
    where not is_deleted
),

landed_articles as (
    select * from {{ ref('stg_prohandel__article_sales_agg') }}
    where not is_deleted
),

landed_warehouses as (
    select * from {{ ref('stg_prohandel__warehouse_inventory_agg') }}
    where not is_deleted
),

sold as (
    select
        sum(quantity) as units,
        sum(amount) as amount
    from sales
),

sold_by_day as (
    select
        sale_date,
        sum(quantity) as units,
        sum(amount) as amount
    from sales
    group by sale_date
),

-- What the connector aggregated is not expected to agree: these checks have no tolerance, they show the drift.
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
    union all
    select
        'units of daily_sales_agg against sale' as check_name,
        (select sum(total_quantity) from landed_days) as left_value,
        sold.units as right_value
    from sold
    union all
    select
        'amount of daily_sales_agg against sale' as check_name,
        (select sum(total_amount) from landed_days) as left_value,
        sold.amount as right_value
    from sold
    union all
    select
        'units of article_sales_agg against sale' as check_name,
        (select sum(total_quantity) from landed_articles) as left_value,
        sold.units as right_value
    from sold
    union all
    select
        'amount of article_sales_agg against sale' as check_name,
        (select sum(total_amount) from landed_articles) as left_value,
        sold.amount as right_value
    from sold
    union all
    select
        'units of warehouse_inventory_agg against inventory' as check_name,
        (select sum(total_quantity) from landed_warehouses) as left_value,
        sum(quantity) as right_value
    from inventory
),

checks as (
    {% for table in landed_bases() if is_used(table) -%}
    select * from {{ table }}_rows
    union all
    {% endfor -%}
    select
        check_name,
        left_value,
        right_value,
        cast(null as numeric) as tolerance
    from drift
),

final as (
    select
        {{ run_time() }} as run_at,
        cast(check_name as text) as check_name,
        cast(coalesce(left_value, 0) as numeric(28, 4)) as left_value,
        cast(coalesce(right_value, 0) as numeric(28, 4)) as right_value,
        cast(coalesce(left_value, 0) - coalesce(right_value, 0) as numeric(28, 4)) as difference,
        cast(tolerance as numeric(28, 4)) as tolerance,
        tolerance is null or abs(coalesce(left_value, 0) - coalesce(right_value, 0)) <= tolerance as is_ok
    from checks
)

select * from final
