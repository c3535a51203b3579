with

factors as (
    select * from {{ ref('external_factors') }}
),

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

placed as (
    select
        factors.date_day,
        branches.branch_number,
        factors.name,
        factors.value,
        factors.is_known_in_advance,
        row_number() over (
            partition by factors.date_day, branches.branch_number, factors.name
            order by
                case
                    when factors.region = branches.branch_number then 1
                    when factors.region is not null then 2
                    else 3
                end
        ) as place
    from factors
    inner join branches
        on
            factors.region is null
            or factors.region in (branches.branch_number, branches.state)
),

final as (
    select
        date_day,
        branch_number,
        name,
        value,
        is_known_in_advance
    from placed
    where place = 1
)

select * from final
