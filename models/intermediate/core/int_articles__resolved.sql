{{ config(materialized='table', indexes=[{'columns': ['article_number'], 'unique': true}]) }}

with

articles as (
    select * from {{ ref('int_articles__described') }}
),

vat_classes as (
    select * from {{ ref('vat_class') }}
),

assortment as (
    select * from {{ ref('assortment') }}
),

current_vat_rates as (
    select
        vat_class,
        rate
    from {{ ref('vat_rates') }}
    where valid_to is null
),

policies as (
    select
        articles.*,
        coalesce({{ article_policy('vat_classes', 'vat_class') }}, vat_classes_default.vat_class, 'standard')
            as vat_class,
        {{ article_policy('vat_classes', 'vat_class') }} is null as is_default_vat_class,
        coalesce(
            {{ article_policy('assortment', 'assortment_type') }},
            assortment_default.assortment_type,
            case
                when articles.season = 'unknown' or {{ folded('articles.season') }} like 'nos%' then 'nos'
                else 'one_shot'
            end
        ) as assortment_type,
        {{ article_policy('assortment', 'assortment_type') }} is null as is_default_assortment_type
    from articles
    {{ join_article_policy('vat_classes', 'vat_classes') }}
    {{ join_article_policy('assortment', 'assortment') }}
),

final as (
    select
        policies.article_number,
        policies.article_id,
        policies.name,
        policies.category,
        policies.category_level_1,
        policies.category_level_2,
        policies.category_level_3,
        policies.supplier,
        policies.brand,
        policies.season,
        policies.style_number,
        policies.assortment_type,
        policies.is_default_assortment_type,
        policies.is_merchandise,
        policies.vat_class,
        policies.is_default_vat_class,
        {% if var('prices_include_vat') -%}
        cast(policies.landed_list_price as numeric(18, 4)) as list_price_gross,
        {%- else -%}
        cast(round(policies.landed_list_price * (1 + current_vat_rates.rate), 4) as numeric(18, 4))
            as list_price_gross,
        {%- endif %}
        policies.unit_cost,
        policies.ean,
        policies.is_active,
        policies.is_deleted,
        policies.is_landed,
        policies.created_on
    from policies
    left join current_vat_rates
        on policies.vat_class = current_vat_rates.vat_class
)

select * from final
