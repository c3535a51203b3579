{{ config(tags=['nightly']) }}

with

sizes as (
    select
        branch_number,
        article_number,
        cast(avg(case when is_in_stock then 1.0 else 0.0 end) as numeric(18, 6)) as size_availability_rate,
        count(distinct is_broken_size_run) as answers,
        bool_or(is_broken_size_run) as is_broken,
        bool_or(is_core_size and on_hand <= 0) and bool_or(on_hand > 0) as is_broken_by_its_rows
    from {{ ref('size_availability') }}
    group by branch_number, article_number
),

status as (
    select
        branch_number,
        article_number,
        size_availability_rate
    from {{ ref('inventory_status') }}
    where size_availability_rate is not null
)

select
    coalesce(status.branch_number, sizes.branch_number) as branch_number,
    coalesce(status.article_number, sizes.article_number) as article_number,
    status.size_availability_rate,
    sizes.size_availability_rate as rate_of_sizes
from status
full outer join sizes
    on status.branch_number = sizes.branch_number and status.article_number = sizes.article_number
where
    status.size_availability_rate is distinct from sizes.size_availability_rate
    or sizes.answers <> 1
    or sizes.is_broken <> sizes.is_broken_by_its_rows
