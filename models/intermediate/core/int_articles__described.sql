with

members as (
    select
        article_number,
        bool_or(is_landed) as is_landed
    from {{ ref('int_articles__references') }}
    group by article_number
),

landed as (
    select * from {{ ref('int_articles__landed') }}
),

non_merchandise as (
    select
        scope,
        {{ folded('pattern') }} as pattern
    from {{ ref('non_merchandise') }}
),

described as (
    select
        members.article_number,
        landed.article_id,
        {{ or_unknown('landed.name') }} as name,
        {{ or_unknown('landed.category') }} as landed_category,
        {{ or_unknown('landed.category_level_1') }} as category_level_1,
        {{ or_unknown('landed.category_level_2') }} as category_level_2,
        {{ or_unknown('landed.category_level_3') }} as category_level_3,
        {{ or_unknown('landed.supplier') }} as supplier,
        {{ or_unknown('landed.brand') }} as brand,
        {{ or_unknown('landed.season') }} as season,
        {{ style_number('members.article_number') }} as style_number,
        landed.ean,
        landed.landed_list_price,
        landed.unit_cost,
        coalesce(landed.is_active, true) as is_active,
        coalesce(landed.is_deleted, false) as is_deleted,
        members.is_landed,
        landed.created_on
    from members
    left join landed
        on members.article_number = landed.article_number
),

services as (
    select distinct described.article_number
    from described
    inner join non_merchandise
        on
            case non_merchandise.scope
                when 'article' then {{ folded('described.article_number') }}
                when 'category' then {{ folded('described.landed_category') }}
                when 'name' then {{ folded('described.name') }}
            end like non_merchandise.pattern
),

final as (
    select
        described.*,
        services.article_number is null as is_merchandise,
        case when services.article_number is null then described.landed_category else 'non_merchandise' end as category
    from described
    left join services
        on described.article_number = services.article_number
)

select * from final
