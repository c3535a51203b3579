-- Which customers come back? Read: each row is the customers of one first month; came_back_after_n is the share of them
-- that bought in the n-th month after it, null where that month has not come yet. Later cohorts that stay below earlier
-- ones at the same n are a warning. The last month may still be running.
with

cohorts as (
    select * from {{ ref('customer_cohorts') }} where cohort_month <> 'walk_in'
),

final as (
    select
        cohort_month,
        max(customers) as customers,
        {% for months in [1, 2, 3, 6, 12] -%}
        max(case when months_since = {{ months }} then repeat_rate end) as came_back_after_{{ months }},
        {% endfor -%}
        sum(net_revenue) as net_revenue,
        {{ rate('sum(net_revenue)', 'max(customers)') }} as net_revenue_per_customer
    from cohorts
    group by cohort_month
)

select * from final
order by cohort_month
