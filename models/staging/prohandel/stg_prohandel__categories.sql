with

landed as (
    select * from {{ ref('base_prohandel__categories') }}
),

final as (
    select
        category_id,
        name,
        parent_category_id,
        description,
        created_at,
        updated_at,
        {{- common_columns('category') }}
    from landed
    where rejection_reasons is null
)

select * from final
