with

landed as (
    select * from {{ ref('base_prohandel__suppliers') }}
),

final as (
    select
        supplier_id,
        supplier_number,
        name,
        city,
        country,
        lead_time_days,
        created_at,
        updated_at,
        {{- common_columns('supplier') }}
    from landed
    where rejection_reasons is null
)

select * from final
