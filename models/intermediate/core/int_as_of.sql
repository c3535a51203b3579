{{ config(materialized='table') }}

with

sales as (
    select * from {{ ref('stg_prohandel__sales') }}
),

landed_sales as (
    select * from {{ ref('base_prohandel__sales') }}
),

newest as (
    select
        (select max(sales.sale_date) from sales where not sales.is_deleted) as newest_day,
        (select max(landed_sales.synced_at) from landed_sales) as last_synced_at
),

final as (
    select
        newest_day,
        {% if var('as_of_date') is not none -%}
        cast('{{ var('as_of_date') }}' as date) as as_of_date
        {%- else -%}
        case
            when {{ berlin_day('last_synced_at') }} > newest_day then newest_day
            else {{ days_after('newest_day', -1) }}
        end as as_of_date
        {%- endif %}
    from newest
)

select * from final
