-- Which branches are ahead of last year, like for like? Read: the total of like-for-like branches is the honest growth;
-- a branch without change_rate is new or was closed. Days are compared with their comparable days, Easter with Easter.
with

branches as (
    select * from {{ ref('sales_to_date') }}
),

shops as (
    select * from {{ ref('dim_shops') }}
),

totals as (
    select
        period,
        sum(net_revenue) as net_revenue,
        sum(net_revenue_last_year) as net_revenue_last_year
    from branches
    where is_like_for_like
    group by period
),

final as (
    select
        branches.period,
        branches.branch_number,
        shops.name,
        branches.is_like_for_like,
        branches.net_revenue,
        branches.net_revenue_last_year,
        branches.change_rate,
        branches.plan_rate
    from branches
    left join shops
        on branches.branch_number = shops.branch_number
    union all
    select
        period,
        'all' as branch_number,
        'like for like' as name,
        true as is_like_for_like,
        net_revenue,
        net_revenue_last_year,
        {{ rate('(net_revenue - net_revenue_last_year)', 'net_revenue_last_year') }} as change_rate,
        cast(null as numeric(18, 6)) as plan_rate
    from totals
)

select * from final
order by period, change_rate desc nulls last, branch_number
