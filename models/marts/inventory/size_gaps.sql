with

sizes as (
    select * from {{ ref('size_availability') }}
),

windows as (
    select * from {{ ref('int_inventory__pair_windows') }} where is_ranged
),

branches as (
    select * from {{ ref('int_branches__resolved') }}
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
    inner join windows
        on sizes.branch_number = windows.branch_number and sizes.article_number = windows.article_number
    inner join warehouse_sizes
        on
            sizes.article_number = warehouse_sizes.article_number
            and sizes.article_size_number = warehouse_sizes.article_size_number
            and warehouse_sizes.place = 1
    where sizes.is_core_size and sizes.on_hand <= 0
)

select * from final
