{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['article_number', 'branch_number', 'article_size_number'],
    meta={'changes': 'int_planning__order_levels', 'slice': ['branch_number', 'article_number']},
    indexes=[{'columns': ['article_number']}],
) }}

with

levels as (
    select *
    from {{ ref('int_planning__order_levels') }}
    where
        not is_superseded
        {%- if is_incremental() %}
        and change_number > {{ seen_change_number() }}
        {%- endif %}
),

pairs as (
    select * from {{ ref('int_planning__order_units') }}
),

sizes as (
    select * from {{ ref('int_planning__size_needs') }} where article_size_number <> ''
),

packs as (
    select
        *,
        case scope when 'article' then 1 when 'brand' then 2 when 'category' then 3 else 4 end as rank_of_scope
    from {{ ref('size_pack') }}
),

-- What the order brings beyond the needs of all sizes is shared like sales.
weighed as (
    select
        sizes.*,
        pairs.order_units,
        pairs.most_units,
        pairs.as_of_date,
        packs_of_sizes.pack_units as pack_of_size,
        coalesce(packs_of_sizes.is_lot, false) as is_lot,
        coalesce(packs_of_sizes.pack_units, levels.pack_units) as pack_units,
        sizes.needed_units
        + sizes.size_share
        * greatest(
            0,
            pairs.order_units - sum(sizes.needed_units) over (partition by sizes.branch_number, sizes.article_number)
        ) as weight
    from levels
    inner join pairs
        on levels.branch_number = pairs.branch_number and levels.article_number = pairs.article_number
    inner join sizes
        on levels.branch_number = sizes.branch_number and levels.article_number = sizes.article_number
    left join lateral (
        select
            packs.pack_units,
            packs.is_lot
        from packs
        where
            (packs.article_size_number is null or packs.article_size_number = sizes.article_size_number)
            and coalesce(packs.scope_value, '') = case packs.scope
                when 'article' then levels.article_number
                when 'brand' then levels.brand
                when 'category' then levels.category
                else ''
            end
        order by packs.rank_of_scope, case when packs.article_size_number is null then 2 else 1 end
        limit 1
    ) as packs_of_sizes
        on true
),

portions as (
    select
        *,
        coalesce(
            order_units * weight / nullif(sum(weight) over (partition by branch_number, article_number), 0), 0
        ) as portion
    from weighed
),

shared as (
    select
        *,
        floor(portion) as whole_units,
        order_units - sum(floor(portion)) over (partition by branch_number, article_number) as units_left,
        row_number() over (
            partition by branch_number, article_number
            order by portion - floor(portion) desc, article_size_number
        ) as place
    from portions
),

allotted as (
    select
        *,
        whole_units + case when place <= units_left then 1 else 0 end as units
    from shared
),

lots as (
    select
        *,
        sum(case when is_lot then units else 0 end) over (partition by branch_number, article_number)
        / nullif(sum(case when is_lot then pack_units else 0 end) over (partition by branch_number, article_number), 0)
            as lots
    from allotted
),

rounded as (
    select
        *,
        case
            when is_lot then ceil(lots) * pack_units
            when pack_of_size is not null then ceil(units / pack_units) * pack_units
            else units
        end as units_up,
        case
            when is_lot then floor(lots) * pack_units
            when pack_of_size is not null then floor(units / pack_units) * pack_units
            else units
        end as units_down
    from lots
),

final as (
    select
        article_number,
        branch_number,
        article_size_number,
        on_hand,
        cast(size_share as numeric(18, 6)) as size_share_of_sales,
        is_core_size,
        cast(level_units as numeric(18, 6)) as order_up_to_level,
        needed_units,
        -- More than sells before the season ends is not ordered for the sake of a pack.
        cast(
            case
                when coalesce(sum(units_up) over (partition by branch_number, article_number) > most_units, false)
                    then units_down
                else units_up
            end as numeric(18, 4)
        ) as recommended_units,
        cast(pack_units as numeric(18, 4)) as pack_units,
        as_of_date
    from rounded
)

select * from final
