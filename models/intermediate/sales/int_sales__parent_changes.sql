{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['parent', 'parent_ref'],
    indexes=[{'columns': ['parent', 'parent_ref'], 'unique': true}, {'columns': ['change_number']}],
) }}

with

parents as (
    select * from {{ ref('int_sales__parents') }}
),

{% if is_incremental() %}
known as (
    select * from {{ this }}
),

final as (
    select
        coalesce(parents.parent, known.parent) as parent,
        coalesce(parents.parent_ref, known.parent_ref) as parent_ref,
        parents.attributes_hash,
        {{ next_change_number() }} as change_number
    from parents
    full outer join known
        on
            parents.parent = known.parent
            and parents.parent_ref = known.parent_ref
    where parents.attributes_hash is distinct from known.attributes_hash
)
{% else %}
final as (
    select
        parent,
        parent_ref,
        attributes_hash,
        {{ next_change_number() }} as change_number
    from parents
)
{% endif %}

select * from final
