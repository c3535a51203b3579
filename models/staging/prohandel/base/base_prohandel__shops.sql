{{ config(
    materialized='table',
    indexes=[{'columns': ['shop_id'], 'unique': true}],
) }}

with

landed as (
    {{ landed_rows('shop') }}
),

final as (
    select
        *,
        case
            when lower(landed_shop_type) in ('retail', 'online', 'warehouse', 'outlet') then lower(landed_shop_type)
            when landed_shop_type is not null then 'other'
            when is_webshop or landed_is_online then 'online'
            else 'retail'
        end as shop_type
    from landed
)

select * from final
