{{ config(enabled=var('as_of_date') is none) }}

with

inventory as (
    select * from {{ ref('stg_prohandel__inventory') }} where not is_deleted
),

branches as (
    select * from {{ ref('int_branches__references') }}
),

articles as (
    select
        int_articles__references.article_ref,
        int_articles__resolved.article_number,
        int_articles__resolved.is_merchandise
    from {{ ref('int_articles__references') }} as int_articles__references
    inner join {{ ref('int_articles__resolved') }} as int_articles__resolved
        on int_articles__references.article_number = int_articles__resolved.article_number
),

landed as (
    select
        branches.branch_number,
        articles.article_number,
        sum(inventory.quantity) as quantity
    from inventory
    inner join branches
        on inventory.branch_ref = branches.branch_ref
    inner join articles
        on inventory.article_ref = articles.article_ref
    where articles.is_merchandise
    group by branches.branch_number, articles.article_number
),

status as (
    select
        branch_number,
        article_number,
        on_hand
    from {{ ref('inventory_status') }}
)

select
    coalesce(landed.branch_number, status.branch_number) as branch_number,
    coalesce(landed.article_number, status.article_number) as article_number,
    landed.quantity,
    status.on_hand
from landed
full outer join status
    on landed.branch_number = status.branch_number and landed.article_number = status.article_number
where coalesce(landed.quantity, 0) <> coalesce(status.on_hand, 0)
