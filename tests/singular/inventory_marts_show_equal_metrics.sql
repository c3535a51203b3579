{{ config(tags=['nightly']) }}

with

status as (
    select * from {{ ref('inventory_status') }}
),

slow as (
    select
        'slow_moving_inventory' as mart,
        coalesce(status.branch_number, slow.branch_number) as branch_number,
        coalesce(status.article_number, slow.article_number) as article_number
    from (select * from status where is_slow_moving or is_dead_stock) as status
    full outer join {{ ref('slow_moving_inventory') }} as slow
        on status.branch_number = slow.branch_number and status.article_number = slow.article_number
    where
        status.on_hand is distinct from slow.on_hand
        or status.inventory_value_cost is distinct from slow.inventory_value_cost
        or status.inventory_value_retail is distinct from slow.inventory_value_retail
        or status.days_since_last_sale is distinct from slow.days_since_last_sale
        or status.days_of_supply is distinct from slow.days_of_supply
        or status.is_slow_moving is distinct from slow.is_slow_moving
        or status.is_dead_stock is distinct from slow.is_dead_stock
        or status.assortment_type is distinct from slow.assortment_type
),

classes as (
    select
        'abc_classification' as mart,
        cast(null as {{ dbt.type_string() }}) as branch_number,
        coalesce(classes.article_number, products.article_number) as article_number
    from {{ ref('abc_classification') }} as classes
    full outer join (select * from {{ ref('product_profitability') }} where is_merchandise) as products
        on classes.article_number = products.article_number
    where
        classes.abc_class is distinct from products.abc_class
        or classes.xyz_class is distinct from products.xyz_class
        or classes.net_revenue_365d is distinct from products.net_revenue_365d
),

classes_of_pairs as (
    select
        'inventory_status' as mart,
        status.branch_number,
        status.article_number
    from status
    left join {{ ref('abc_classification') }} as classes
        on status.article_number = classes.article_number
    where status.abc_class is distinct from classes.abc_class
),

unsold as (
    select
        'unsold_deliveries' as mart,
        unsold.branch_number,
        unsold.article_number
    from {{ ref('unsold_deliveries') }} as unsold
    left join status
        on unsold.branch_number = status.branch_number and unsold.article_number = status.article_number
    where
        unsold.on_hand is distinct from status.on_hand
        or unsold.inventory_value_cost is distinct from status.inventory_value_cost
        or status.days_since_last_sale <= unsold.days_since
),

anomalies as (
    select
        'stock_anomalies' as mart,
        anomalies.branch_number,
        anomalies.article_number
    from {{ ref('stock_anomalies') }} as anomalies
    left join status
        on anomalies.branch_number = status.branch_number and anomalies.article_number = status.article_number
    where
        (anomalies.kind <> 'below_cost_sale' and anomalies.units is distinct from status.on_hand)
        or (anomalies.kind = 'negative' and anomalies.units <> -status.negative_stock_units)
        or (
            anomalies.kind in ('phantom', 'no_price')
            and anomalies.value_cost is distinct from status.inventory_value_cost
        )
),

gaps as (
    select
        'size_gaps' as mart,
        gaps.branch_number,
        gaps.article_number
    from {{ ref('size_gaps') }} as gaps
    left join {{ ref('size_availability') }} as sizes
        on
            gaps.branch_number = sizes.branch_number
            and gaps.article_number = sizes.article_number
            and gaps.article_size_number = sizes.article_size_number
    left join {{ ref('size_availability') }} as warehouse_sizes
        on
            gaps.warehouse_branch = warehouse_sizes.branch_number
            and gaps.article_number = warehouse_sizes.article_number
            and gaps.article_size_number = warehouse_sizes.article_size_number
    where
        gaps.on_hand is distinct from sizes.on_hand
        or gaps.size_share_of_sales is distinct from sizes.size_share_of_sales
        or gaps.warehouse_units is distinct from warehouse_sizes.on_hand
)

select * from slow
union all
select * from classes
union all
select * from classes_of_pairs
union all
select * from unsold
union all
select * from anomalies
union all
select * from gaps
