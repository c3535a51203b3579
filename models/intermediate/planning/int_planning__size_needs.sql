{{ config(
    materialized='incremental',
    incremental_strategy='slices',
    unique_key=['branch_number', 'article_number', 'article_size_number'],
    meta={'changes': 'int_planning__order_levels', 'slice': ['branch_number', 'article_number']},
    indexes=[{'columns': ['branch_number', 'article_number', 'article_size_number'], 'unique': true}],
) }}

with

pairs as (
    select *
    from {{ ref('int_planning__order_levels') }}
    where
        not is_superseded
        {%- if is_incremental() %}
        and change_number > {{ seen_change_number() }}
        {%- endif %}
),

shares as (
    select * from {{ ref('int_planning__size_shares') }}
),

size_stock as (
    select * from {{ ref('int_inventory__size_stock') }}
),

-- Stock of no size could be of any: such a pair is ordered as a whole.
unsized as (
    select distinct
        branch_number,
        article_number
    from size_stock
    where
        article_size_number = 'unknown'
        and on_hand <> 0
),

-- Without a share every size weighs the same. What is ordered as a whole has one line, whose size has no name.
sizes as (
    select
        pairs.branch_number,
        pairs.article_number,
        coalesce(shares.article_size_number, '') as article_size_number,
        coalesce(
            shares.size_share,
            cast(1 as numeric(18, 6)) / count(*) over (partition by pairs.branch_number, pairs.article_number)
        ) as size_share,
        coalesce(shares.is_core_size, false) as is_core_size,
        case
            when shares.article_size_number is null then pairs.on_hand
            else coalesce(size_stock.on_hand, 0)
        end as on_hand,
        pairs.level_units,
        pairs.has_floor
    from pairs
    left join unsized
        on pairs.branch_number = unsized.branch_number and pairs.article_number = unsized.article_number
    left join shares
        on pairs.article_number = shares.article_number and unsized.article_number is null
    left join size_stock
        on
            pairs.branch_number = size_stock.branch_number
            and pairs.article_number = size_stock.article_number
            and shares.article_size_number = size_stock.article_size_number
),

-- The level in whole units by the largest remainder, so that sizes add up to their pair.
shared as (
    select
        *,
        floor(level_units * size_share) as whole_units,
        level_units - sum(floor(level_units * size_share)) over (partition by branch_number, article_number)
            as units_left,
        row_number() over (
            partition by branch_number, article_number
            order by level_units * size_share - floor(level_units * size_share) desc, article_size_number
        ) as place
    from sizes
),

levels as (
    select
        *,
        greatest(
            whole_units + case when place <= units_left then 1 else 0 end,
            -- A run shows a piece of each core size, where the article is to be there at all.
            case when is_core_size and has_floor and level_units > 0 then 1 else 0 end
        ) as level_of_size
    from shared
),

final as (
    select
        branch_number,
        article_number,
        article_size_number,
        size_share,
        is_core_size,
        cast(on_hand as numeric(18, 4)) as on_hand,
        cast(level_of_size as numeric(18, 4)) as level_units,
        -- Negative stock was sold before it was booked in: it asks for nothing more.
        cast(greatest(0, level_of_size - greatest(on_hand, 0)) as numeric(18, 4)) as needed_units
    from levels
)

select * from final
