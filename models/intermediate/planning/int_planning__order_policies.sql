{{ config(
    materialized='table',
    indexes=[{'columns': ['branch_number', 'article_number'], 'unique': true}],
) }}

{%- set scopes = {
    'article': 'ranked.article_number', 'supplier': 'articles.supplier', 'brand': 'articles.brand',
    'category': 'articles.category', 'branch': 'ranked.branch_number',
} %}

with

policies as (
    select * from {{ ref('int_planning__policies') }}
),

terms as (
    select * from {{ ref('order_terms') }}
),

articles as (
    select * from {{ ref('int_forecasting__articles') }}
),

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

suppliers as (
    select
        name as supplier,
        cast(round(max(lead_time_days)) as integer) as lead_time_days
    from {{ ref('stg_prohandel__suppliers') }}
    where
        not is_deleted
        and lead_time_days >= 0
    group by name
),

-- What a supplied branch needs is ordered where its goods come from, even if nothing of the article ever lay there.
pairs as (
    select
        policies.*,
        branches.supplied_from,
        1 as place
    from policies
    inner join branches
        on policies.branch_number = branches.branch_number
    union all
    select
        branches.supplied_from as branch_number,
        policies.article_number,
        policies.policy_scope,
        policies.policy_scope_value,
        policies.service_level,
        policies.z,
        policies.lead_time_days,
        policies.review_period_days,
        policies.pack_units,
        null as presentation_minimum,
        branches.supplied_from,
        1 + row_number() over (
            partition by branches.supplied_from, policies.article_number order by policies.branch_number
        ) as place
    from policies
    inner join branches
        on policies.branch_number = branches.branch_number and branches.branch_number <> branches.supplied_from
),

ranked as (
    select
        *,
        min(place) over (partition by branch_number, article_number) as first_place
    from pairs
),

final as (
    select
        ranked.branch_number,
        ranked.article_number,
        ranked.supplied_from,
        ranked.service_level,
        ranked.z,
        coalesce({{ first_term('service_kind') }}, 'cycle') as service_kind,
        -- What a supplier says of himself is better than a default for all, and gives way to what somebody set.
        coalesce(
            {{ first_term('lead_time_days') }},
            case when ranked.policy_scope = 'default' then suppliers.lead_time_days end,
            ranked.lead_time_days
        ) as lead_time_days,
        cast(coalesce({{ first_term('lead_time_sd_days') }}, 0) as numeric(18, 6)) as lead_time_sd_days,
        ranked.review_period_days,
        ranked.pack_units,
        cast(coalesce({{ first_term('minimum_order_units') }}, 0) as numeric(18, 4)) as minimum_order_units,
        cast(coalesce({{ first_term('minimum_order_value') }}, 0) as numeric(18, 6)) as minimum_order_value,
        cast(ranked.presentation_minimum as numeric(18, 4)) as presentation_minimum
    from ranked
    inner join articles
        on ranked.article_number = articles.article_number
    left join suppliers
        on articles.supplier = suppliers.supplier
    {% for scope, column in scopes.items() -%}
    left join terms as terms_of_{{ scope }}
        on terms_of_{{ scope }}.scope = '{{ scope }}' and {{ column }} = terms_of_{{ scope }}.scope_value
    {% endfor -%}
    left join terms as terms_of_default
        on terms_of_default.scope = 'default'
    where ranked.place = ranked.first_place
)

select * from final
