{{ config(materialized='table') }}

with recursive

categories as (
    select
        category_id,
        coalesce(name, category_id) as name,
        parent_category_id
    from {{ ref('stg_prohandel__categories') }}
),

-- Ten steps up are more than any catalogue has, and they end a circle of parents too.
climbs as (
    select
        category_id,
        parent_category_id,
        name as ancestor,
        0 as steps_up
    from categories
    union all
    select
        climbs.category_id,
        categories.parent_category_id,
        categories.name as ancestor,
        climbs.steps_up + 1 as steps_up
    from climbs
    inner join categories
        on climbs.parent_category_id = categories.category_id
    where
        climbs.steps_up < 10
        and climbs.parent_category_id <> climbs.category_id
),

ranked as (
    select
        category_id,
        ancestor,
        steps_up,
        row_number() over (partition by category_id order by steps_up desc) as level_number
    from climbs
),

final as (
    select
        category_id,
        max(case when steps_up = 0 then ancestor end) as category,
        max(case when level_number = 1 then ancestor end) as category_level_1,
        max(case when level_number = 2 then ancestor end) as category_level_2,
        max(case when level_number = 3 then ancestor end) as category_level_3
    from ranked
    group by category_id
)

select * from final
