{{ config(schema='staging', materialized='view') }}
select * from {{ ref('base_prohandel__sales') }}
