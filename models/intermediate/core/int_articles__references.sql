{{ config(materialized='table', indexes=[{'columns': ['article_ref'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('stg_prohandel__articles') }}
),

sold as (
    {{ distinct_values(ref('base_prohandel__sales'), 'article_number', 'rejection_reasons is null') }}
),

stocked as (
    {{ distinct_values(ref('base_prohandel__inventory'), 'article_ref', 'rejection_reasons is null') }}
),

stocked_before as (
    {{ distinct_values(ref('base_prohandel__inventory_history'), 'article_ref', 'rejection_reasons is null') }}
),

ordered as (
    select distinct article_number from {{ ref('stg_prohandel__purchase_orders') }}
),

numbers as (
    select distinct article_number from articles
),

ids as (
    select
        articles.article_id,
        max(articles.article_number) as article_number
    from articles
    left join numbers
        on articles.article_id = numbers.article_number
    where numbers.article_number is null
    group by articles.article_id
),

landed as (
    select
        article_number as article_ref,
        article_number
    from numbers
    union all
    select
        article_id as article_ref,
        article_number
    from ids
),

named as (
    select value as article_ref from sold
    union
    select value as article_ref from stocked
    union
    select value as article_ref from stocked_before
    union
    select article_number as article_ref from ordered
),

final as (
    select
        coalesce(landed.article_ref, named.article_ref) as article_ref,
        coalesce(landed.article_number, named.article_ref) as article_number,
        landed.article_ref is not null as is_landed
    from landed
    full outer join named
        on landed.article_ref = named.article_ref
    where coalesce(landed.article_ref, named.article_ref) is not null
)

select * from final
