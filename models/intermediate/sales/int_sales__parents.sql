with

articles as (
    select * from {{ ref('int_articles__resolved') }} where is_landed
),

branches as (
    select * from {{ ref('int_branches__references') }} where branch_ref <> branch_number
),

customers as (
    select * from {{ ref('int_customers__references') }} where customer_ref <> customer_number
),

final as (
    select
        'article' as parent,
        article_number as parent_ref,
        {{ dbt_utils.generate_surrogate_key(['category', 'is_merchandise', 'vat_class', 'is_default_vat_class']) }}
            as attributes_hash
    from articles
    union all
    -- Apart, because most lines bring a cost of their own and moving average costs change every day.
    select
        'article_cost' as parent,
        article_number as parent_ref,
        {{ dbt_utils.generate_surrogate_key(['unit_cost']) }} as attributes_hash
    from articles
    union all
    select
        'branch' as parent,
        branch_ref as parent_ref,
        {{ dbt_utils.generate_surrogate_key(['branch_number']) }} as attributes_hash
    from branches
    union all
    select
        'customer' as parent,
        customer_ref as parent_ref,
        {{ dbt_utils.generate_surrogate_key(['customer_number', 'is_person']) }} as attributes_hash
    from customers
)

select * from final
