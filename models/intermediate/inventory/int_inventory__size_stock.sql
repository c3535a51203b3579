with

{% if var('as_of_date') is none -%}
landed as (
    select * from {{ ref('stg_prohandel__inventory') }}
),

branches as (
    select * from {{ ref('int_branches__references') }}
),

articles as (
    select * from {{ ref('int_articles__references') }}
),

{% endif -%}
stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }} where not is_superseded
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The sizes that a pair ever had, with what is there now (or was, at the day that a variable sets).
sizes as (
    {%- if var('as_of_date') is none %}
    select
        branches.branch_number,
        articles.article_number,
        landed.article_size_number,
        case when landed.is_deleted then 0 else landed.quantity end as quantity
    from landed
    inner join branches
        on landed.branch_ref = branches.branch_ref
    inner join articles
        on landed.article_ref = articles.article_ref
    union all
    select distinct
        branch_number,
        article_number,
        article_size_number,
        0 as quantity
    from stock_changes
    {%- else %}
    select
        stock_changes.branch_number,
        stock_changes.article_number,
        stock_changes.article_size_number,
        case when stock_changes.observed_on <= as_of.as_of_date then stock_changes.quantity_change else 0 end
            as quantity
    from stock_changes
    cross join as_of
    {%- endif %}
),

final as (
    select
        branch_number,
        article_number,
        article_size_number,
        cast(sum(quantity) as numeric(18, 4)) as on_hand
    from sizes
    group by branch_number, article_number, article_size_number
)

select * from final
