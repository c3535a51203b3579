with

sizes as (
    select * from {{ ref('size_availability') }}
),

spans as (
    select * from {{ ref('int_inventory__spans') }} where is_ranged
),

branches as (
    select * from {{ ref('int_branches__resolved') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

warehouse_sizes as (
    select
        sizes.article_number,
        sizes.article_size_number,
        sizes.branch_number,
        sizes.on_hand,
        row_number() over (
            partition by sizes.article_number, sizes.article_size_number
            order by sizes.on_hand desc, sizes.branch_number
        ) as place
    from sizes
    inner join branches
        on sizes.branch_number = branches.branch_number
    where branches.shop_type = 'warehouse' and sizes.on_hand > 0
),

final as (
    select
        sizes.branch_number,
        sizes.article_number,
        sizes.article_size_number,
        sizes.on_hand,
        sizes.size_share_of_sales,
        warehouse_sizes.branch_number as warehouse_branch,
        warehouse_sizes.on_hand as warehouse_units
    from sizes
    cross join as_of
    inner join spans
        on
            sizes.branch_number = spans.branch_number
            and sizes.article_number = spans.article_number
            and as_of.as_of_date between spans.first_day and spans.last_day
    inner join warehouse_sizes
        on
            sizes.article_number = warehouse_sizes.article_number
            and sizes.article_size_number = warehouse_sizes.article_size_number
            and warehouse_sizes.place = 1
    where sizes.is_core_size and sizes.on_hand <= 0
)

select * from final
