{{ config(tags=['nightly']) }}

with

staged as (
    select
        count(*) as staged_lines,
        sum(case when is_deleted then 1 else 0 end) as deleted_lines
    from {{ ref('stg_prohandel__sales') }}
),

mart as (
    select count(*) as mart_lines
    from {{ ref('fct_sale_lines') }}
)

select
    staged.staged_lines,
    staged.deleted_lines,
    mart.mart_lines
from staged
cross join mart
where staged.staged_lines <> coalesce(staged.deleted_lines, 0) + mart.mart_lines
