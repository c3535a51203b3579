{{ config(schema='marts', indexes=[{'columns': ['gross_revenue'], 'unique': true}]) }}
select
    sum(gross_revenue) as gross_revenue,
    1 as demand_units,
    0 as return_units,
    {{ 'true' if var('nightly') else 'false' }} as was_nightly
from {{ ref('stg_prohandel__sales') }}
cross join (select pg_sleep({{ env_var('TOY_SECONDS', '0') }})) as slowly
