with

pairs as (
    select * from {{ ref('int_inventory__pairs') }} where not is_superseded
),

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

current_sizes as (
    select
        branches.branch_number,
        articles.article_number,
        landed.article_size_number,
        sum(case when landed.is_deleted then 0 else landed.quantity end) as quantity
    from landed
    inner join branches
        on landed.branch_ref = branches.branch_ref
    inner join articles
        on landed.article_ref = articles.article_ref
    group by branches.branch_number, articles.article_number, landed.article_size_number
),

pair_sizes as (
    select * from {{ ref('int_inventory__pair_sizes') }}
),
{%- else -%}
stock_changes as (
    select * from {{ ref('int_inventory__stock_changes') }} where not is_superseded
),
{%- endif %}

as_of as (
    select * from {{ ref('int_as_of') }}
),

-- The sizes that a pair ever had, with what is there now (or was, at the day that a variable sets).
sizes as (
    {%- if var('as_of_date') is none %}
    select
        branch_number,
        article_number,
        article_size_number,
        quantity
    from current_sizes
    union all
    select
        branch_number,
        article_number,
        article_size_number,
        cast(0 as numeric(18, 4)) as quantity
    from pair_sizes
    {%- else %}
    select
        stock_changes.branch_number,
        stock_changes.article_number,
        stock_changes.article_size_number,
        sum(case when stock_changes.observed_on <= as_of.as_of_date then stock_changes.quantity_change else 0 end)
            as quantity
    from stock_changes
    cross join as_of
    group by stock_changes.branch_number, stock_changes.article_number, stock_changes.article_size_number
    {%- endif %}
),

size_stock as (
    select
        branch_number,
        article_number,
        article_size_number,
        sum(quantity) as quantity
    from sizes
    group by branch_number, article_number, article_size_number
),

pair_stock as (
    select
        branch_number,
        article_number,
        sum(quantity) as quantity,
        avg(case when quantity > 0 then 1.0 else 0.0 end) filter (where article_size_number <> 'unknown')
            as size_availability_rate
    from size_stock
    group by branch_number, article_number
),

final as (
    select
        pairs.branch_number,
        pairs.article_number,
        cast(case
            {% if var('as_of_date') is none -%}
            when pairs.branch_number <> pairs.stock_branch_number or pairs.known_from is null then null
            {%- else -%}
            when pairs.known_from is null or pairs.known_from > as_of.as_of_date then null
            {%- endif %}
            else coalesce(pair_stock.quantity, 0)
        end as numeric(18, 4)) as on_hand,
        cast(pair_stock.size_availability_rate as numeric(18, 6)) as size_availability_rate
    from pairs
    cross join as_of
    left join pair_stock
        on pairs.branch_number = pair_stock.branch_number and pairs.article_number = pair_stock.article_number
)

select * from final
