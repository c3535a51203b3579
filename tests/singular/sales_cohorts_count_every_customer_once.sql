{{ config(tags=['nightly']) }}

with

lines as (
    select
        count(distinct case when lines.is_demand then lines.customer_key end) as customers,
        sum(case when lines.customer_key is null then coalesce(lines.net_revenue, 0) else 0 end) as walk_in_revenue
    from {{ ref('fct_sale_lines') }} as lines
    cross join {{ ref('int_as_of') }} as as_of
    where lines.sale_date <= as_of.as_of_date
),

cohorts as (
    select
        sum(case when months_since = 0 then customers else 0 end) as customers,
        sum(case when cohort_month = 'walk_in' then net_revenue else 0 end) as walk_in_revenue,
        sum(case when active_customers > customers or months_since = 0 and active_customers < customers then 1 else 0 end)
            as impossible_rows
    from {{ ref('customer_cohorts') }}
)

select *
from lines
cross join cohorts
where
    coalesce(lines.customers, 0) <> coalesce(cohorts.customers, 0)
    or coalesce(lines.walk_in_revenue, 0) <> coalesce(cohorts.walk_in_revenue, 0)
    or cohorts.impossible_rows > 0
