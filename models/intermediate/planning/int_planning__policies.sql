with

pairs as (
    select * from {{ ref('int_inventory__pairs') }}
    where not is_superseded and is_merchandise and range_start is not null
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

replenishment as (
    select
        scope,
        coalesce(scope_value, '') as scope_value,
        service_level,
        lead_time_days,
        review_period_days,
        pack_units,
        {{ inverse_normal('cast(service_level as ' ~ dbt.type_float() ~ ')') }} as z
    from {{ ref('replenishment_policy') }}
),

assortment as (
    select * from {{ ref('assortment') }}
),

of_articles as (
    select
        articles.article_number,
        {{ article_policy('replenishment', 'scope') }} as policy_scope,
        {{ article_policy('replenishment', 'scope_value') }} as policy_scope_value,
        {{ article_policy('assortment', 'presentation_minimum') }} as presentation_minimum,
        assortment_default.presentation_minimum as default_presentation_minimum
    from articles
    {{ join_article_policy('replenishment', 'replenishment') }}
    {{ join_article_policy('assortment', 'assortment') }}
),

of_pairs as (
    select
        pairs.branch_number,
        pairs.article_number,
        coalesce(of_articles.policy_scope, replenishment_branch.scope, 'default') as policy_scope,
        coalesce(of_articles.policy_scope_value, replenishment_branch.scope_value, '') as policy_scope_value,
        coalesce(
            of_articles.presentation_minimum,
            assortment_branch.presentation_minimum,
            of_articles.default_presentation_minimum
        ) as presentation_minimum
    from pairs
    inner join of_articles
        on pairs.article_number = of_articles.article_number
    left join replenishment as replenishment_branch
        on replenishment_branch.scope = 'branch' and pairs.branch_number = replenishment_branch.scope_value
    left join assortment as assortment_branch
        on assortment_branch.scope = 'branch' and pairs.branch_number = assortment_branch.scope_value
),

final as (
    select
        of_pairs.branch_number,
        of_pairs.article_number,
        of_pairs.policy_scope,
        of_pairs.policy_scope_value,
        replenishment.service_level,
        replenishment.z,
        replenishment.lead_time_days,
        replenishment.review_period_days,
        replenishment.pack_units,
        of_pairs.presentation_minimum
    from of_pairs
    left join replenishment
        on
            of_pairs.policy_scope = replenishment.scope
            and of_pairs.policy_scope_value = replenishment.scope_value
)

select * from final
