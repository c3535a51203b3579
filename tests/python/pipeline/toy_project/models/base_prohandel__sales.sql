{{ config(schema='staging') }}
select
    id as sale_line_id,
    cast(sale_price as numeric) as gross_revenue,
    cast(null as text) as rejection_reasons
from {{ source('prohandel', 'sale') }}
