with

landed as (
    select * from {{ ref('base_prohandel__articles') }}
),

final as (
    select
        article_id,
        article_number,
        name,
        description,
        list_price_gross,
        unit_cost,
        category_ref,
        supplier_ref,
        brand,
        season,
        ean,
        stock_quantity,
        is_active,
        created_at,
        updated_at,
        landed_profit_margin,
        landed_price_tier,
        {{- common_columns('article') }}
    from landed
    where rejection_reasons is null
)

select * from final
