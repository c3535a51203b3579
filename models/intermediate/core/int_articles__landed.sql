{{ config(materialized='view') }}

with

articles as (
    select * from {{ ref('stg_prohandel__articles') }}
),

categories as (
    select * from {{ ref('int_articles__categories') }}
),

suppliers as (
    select
        supplier_id,
        supplier_number,
        name
    from {{ ref('stg_prohandel__suppliers') }}
),

suppliers_by_number as (
    select
        supplier_number,
        max(name) as name
    from suppliers
    group by supplier_number
),

ranked as (
    select
        *,
        row_number() over (
            partition by article_number
            order by is_deleted asc, synced_at desc, article_id desc
        ) as place
    from articles
),

final as (
    select
        ranked.article_number,
        ranked.article_id,
        ranked.name,
        coalesce(categories.category, ranked.category_ref) as category,
        coalesce(categories.category_level_1, ranked.category_ref) as category_level_1,
        coalesce(categories.category_level_2, categories.category, ranked.category_ref) as category_level_2,
        coalesce(categories.category_level_3, categories.category, ranked.category_ref) as category_level_3,
        coalesce(suppliers_by_number.name, suppliers.name, ranked.supplier_ref) as supplier,
        ranked.brand,
        ranked.season,
        ranked.ean,
        ranked.list_price_gross as landed_list_price,
        {{ known_cost('ranked.unit_cost') }} as unit_cost,
        coalesce(ranked.is_active, true) as is_active,
        ranked.is_deleted,
        {{ berlin_day('ranked.created_at') }} as created_on
    from ranked
    left join categories
        on ranked.category_ref = categories.category_id
    left join suppliers_by_number
        on ranked.supplier_ref = suppliers_by_number.supplier_number
    left join suppliers
        on ranked.supplier_ref = suppliers.supplier_id
    where ranked.place = 1
)

select * from final
