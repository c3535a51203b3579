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
        branch_number as selling_branch_number,
        branch_number,
        stock_branch_number
    from supplied
    union all
    select
        branch_number as selling_branch_number,
        stock_branch_number as branch_number,
        stock_branch_number
    from supplied
    where branch_number <> stock_branch_number
)

select * from final
