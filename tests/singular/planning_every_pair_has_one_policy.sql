with

pairs as (
    select
        branch_number,
        article_number
    from {{ ref('int_inventory_with_metrics') }}
),

policies as (
    select
        branch_number,
        article_number,
        count(*) as rows_found,
        count(service_level) as policies_found
    from {{ ref('int_planning__policies') }}
    group by branch_number, article_number
)

select
    coalesce(pairs.branch_number, policies.branch_number) as branch_number,
    coalesce(pairs.article_number, policies.article_number) as article_number,
    policies.rows_found,
    policies.policies_found
from pairs
full outer join policies
    on pairs.branch_number = policies.branch_number and pairs.article_number = policies.article_number
where
    pairs.branch_number is null
    or coalesce(policies.rows_found, 0) <> 1
    or coalesce(policies.policies_found, 0) <> 1
