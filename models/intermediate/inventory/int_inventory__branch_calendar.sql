{{ config(materialized='table', indexes=[{'columns': ['branch_number', 'date_day'], 'unique': true}]) }}

with

branch_days as (
    select * from {{ ref('int_inventory__branch_days') }} where not is_superseded
),

sales as (
    select * from {{ ref('sales_performance') }}
),

supply_groups as (
    select * from {{ ref('int_inventory__supply_groups') }} where is_own_demand
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- A branch that sells bags or vouchers is open: its days count from the first line of any article.
group_days as (
    select
        supply_groups.branch_number,
        sales.date_day,
        sum(case when sales.category <> 'non_merchandise' then sales.demand_units else 0 end) as demand_units
    from sales
    inner join supply_groups
        on sales.branch_number = supply_groups.selling_branch_number
    group by supply_groups.branch_number, sales.date_day
),

first_lines as (
    select
        branch_number,
        min(date_day) as first_line_on
    from group_days
    group by branch_number
),

window_days as (
    select
        branch_days.branch_number,
        {{ iso_weekday('branch_days.date_day') }} as weekday,
        coalesce(group_days.demand_units, 0) as demand_units
    from branch_days
    cross join as_of
    inner join first_lines
        on branch_days.branch_number = first_lines.branch_number and branch_days.date_day >= first_lines.first_line_on
    left join group_days
        on branch_days.branch_number = group_days.branch_number and branch_days.date_day = group_days.date_day
    where
        branch_days.date_day > {{ days_after('as_of.as_of_date', -365) }}
        and branch_days.date_day <= as_of.as_of_date
),

weekdays as (
    select
        branch_number,
        weekday,
        count(*) as days,
        sum(demand_units) as demand_units,
        sum(count(*)) over (partition by branch_number) as days_of_branch,
        sum(sum(demand_units)) over (partition by branch_number) as demand_units_of_branch
    from window_days
    group by branch_number, weekday
),

factors as (
    select
        branch_number,
        weekday,
        cast(demand_units * days_of_branch as numeric(38, 15)) / (days * demand_units_of_branch) as weekday_factor
    from weekdays
    where demand_units_of_branch > 0
),

described as (
    select
        branch_days.branch_number,
        branch_days.date_day,
        branch_days.opens_at,
        branch_days.is_observed_by_the_hour,
        case
            when branch_days.opens_at is null then 0
            else {{ hours_between('branch_days.opens_at', 'branch_days.closes_at') }}
        end as open_hours,
        -- Without demand in the window, or without such a weekday in it, every day weighs the same.
        case when branch_days.opens_at is null then 0 else coalesce(factors.weekday_factor, 1) end as day_weight
    from branch_days
    left join factors
        on
            branch_days.branch_number = factors.branch_number
            and {{ iso_weekday('branch_days.date_day') }} = factors.weekday
),

final as (
    select
        branch_number,
        date_day,
        opens_at,
        is_observed_by_the_hour,
        cast(open_hours as numeric(18, 6)) as open_hours,
        cast(day_weight as numeric(30, 15)) as day_weight,
        cast(sum(open_hours) over days_up_to as numeric(18, 6)) as open_hours_up_to,
        cast(sum(cast(day_weight as numeric(30, 15))) over days_up_to as numeric(30, 15)) as day_weight_up_to,
        count(case when not is_observed_by_the_hour then 1 end) over days_up_to as unobserved_days_up_to
    from described
    window days_up_to as (partition by branch_number order by date_day)
)

select * from final
