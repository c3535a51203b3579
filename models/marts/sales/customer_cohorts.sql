with

customer_months as (
    select * from {{ ref('int_sales__customer_months') }}
),

shared_receipts as (
    select * from {{ ref('int_sales__shared_receipts') }}
),

calendar as (
    select * from {{ ref('dim_dates') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- Months are stored whole; the days of the last one that lie after the as-of date are taken off again.
days_after_as_of as (
    select
        {{ month_start('lines.sale_date') }} as month_start_date,
        coalesce(lines.customer_key, 'walk_in') as customer_key,
        lines.branch_number,
        lines.sale_date,
        count(distinct coalesce('receipt ' || lines.receipt_number, 'line ' || lines.sale_line_id)) as receipts,
        sum(coalesce(lines.net_revenue, 0)) as net_revenue
    from {{ ref('fct_sale_lines') }} as lines
    cross join as_of
    where
        lines.sale_date > as_of.as_of_date
        and lines.sale_date < {{ months_after(month_start('as_of.as_of_date'), 1) }}
    group by 1, 2, 3, 4
),

trade as (
    select
        customer_months.customer_key,
        customer_months.month_start_date,
        case when customer_months.first_demand_on <= as_of.as_of_date then customer_months.first_demand_on end
            as first_demand_on,
        customer_months.receipts,
        customer_months.net_revenue
    from customer_months
    cross join as_of
    where customer_months.month_start_date <= as_of.as_of_date
    union all
    select
        customer_key,
        month_start_date,
        cast(null as date) as first_demand_on,
        -receipts as receipts,
        -net_revenue as net_revenue
    from days_after_as_of
),

months as (
    select
        customer_key,
        month_start_date,
        min(first_demand_on) is not null as is_active,
        sum(receipts) as receipts,
        sum(net_revenue) as net_revenue
    from trade
    group by customer_key, month_start_date
),

customers as (
    select
        customer_key,
        min(case when is_active then month_start_date end) as cohort_start_date
    from months
    where customer_key <> 'walk_in'
    group by customer_key
),

cohorts as (
    select
        cohort_start_date,
        count(*) as customers
    from customers
    where cohort_start_date is not null
    group by cohort_start_date
),

-- Every month since the first, those in which nobody came back too.
cohort_months as (
    select
        cohorts.cohort_start_date,
        cohorts.customers,
        calendar.date_day as month_start_date,
        row_number() over (partition by cohorts.cohort_start_date order by calendar.date_day) - 1 as months_since
    from cohorts
    cross join as_of
    inner join calendar
        on
            calendar.day_of_month = 1
            and cohorts.cohort_start_date <= calendar.date_day
            and as_of.as_of_date >= calendar.date_day
),

-- Customers of one cohort who share a receipt have each counted it.
counted_again as (
    select
        customers.cohort_start_date,
        shared_receipts.date_day,
        shared_receipts.branch_number,
        shared_receipts.receipt_number,
        count(*) - 1 as receipts
    from shared_receipts
    cross join as_of
    inner join customers
        on shared_receipts.customer_key = customers.customer_key
    where
        customers.cohort_start_date is not null
        and shared_receipts.date_day <= as_of.as_of_date
    group by 1, 2, 3, 4
),

counted_again_by_month as (
    select
        cohort_start_date,
        {{ month_start('date_day') }} as month_start_date,
        sum(receipts) as receipts
    from counted_again
    group by 1, 2
),

sums as (
    select
        customers.cohort_start_date,
        months.month_start_date,
        sum(case when months.is_active then 1 else 0 end) as active_customers,
        sum(months.receipts) as receipts,
        sum(months.net_revenue) as net_revenue
    from months
    inner join customers
        on months.customer_key = customers.customer_key
    group by customers.cohort_start_date, months.month_start_date
),

walk_in as (
    select
        sum(receipts) as receipts,
        sum(net_revenue) as net_revenue
    from months
    where customer_key = 'walk_in'
    having sum(receipts) > 0
),

final as (
    select
        {{ month_name_of('cohort_months.cohort_start_date') }} as cohort_month,
        cast(cohort_months.months_since as integer) as months_since,
        cohort_months.customers,
        cast(coalesce(sums.active_customers, 0) as bigint) as active_customers,
        {{ rate('cast(coalesce(sums.active_customers, 0) as numeric(18, 6))', 'cohort_months.customers') }}
            as repeat_rate,
        cast(coalesce(sums.receipts, 0) - coalesce(counted_again_by_month.receipts, 0) as bigint) as receipts,
        cast(coalesce(sums.net_revenue, 0) as numeric(18, 6)) as net_revenue
    from cohort_months
    left join sums
        on
            cohort_months.cohort_start_date = sums.cohort_start_date
            and cohort_months.month_start_date = sums.month_start_date
    left join counted_again_by_month
        on
            cohort_months.cohort_start_date = counted_again_by_month.cohort_start_date
            and cohort_months.month_start_date = counted_again_by_month.month_start_date
    union all
    select
        'walk_in' as cohort_month,
        0 as months_since,
        cast(null as bigint) as customers,
        cast(null as bigint) as active_customers,
        cast(null as numeric(18, 6)) as repeat_rate,
        cast(receipts as bigint) as receipts,
        cast(net_revenue as numeric(18, 6)) as net_revenue
    from walk_in
)

select * from final
