with

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

supplied as (
    select
        branches.branch_number,
        case
            when branches.has_own_stock then branches.branch_number
            else coalesce(servers.branch_number, branches.branch_number)
        end as stock_branch_number
    from branches
    left join branches as servers
        on branches.supplied_from = servers.branch_number
),

final as (
    select
        supplied.branch_number,
        supplied.stock_branch_number,
        selling.branch_number as selling_branch_number,
        supplied.branch_number in (supplied.stock_branch_number, selling.branch_number) as is_own_demand
    from supplied
    inner join supplied as selling
        on supplied.stock_branch_number = selling.stock_branch_number
)

select * from final
