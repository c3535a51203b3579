with

orders as (
    select * from {{ ref('stg_prohandel__purchase_orders') }} where not is_deleted
),

branches as (
    select * from {{ ref('int_branches__references') }}
),

articles as (
    select * from {{ ref('int_articles__references') }}
),

supply_groups as (
    select distinct
        branch_number,
        stock_branch_number
    from {{ ref('int_inventory__supply_groups') }}
),

resolved as (
    select
        orders.purchase_order_id,
        coalesce(supply_groups.stock_branch_number, branches.branch_number, orders.branch_ref, 'unknown')
            as branch_number,
        coalesce(articles.article_number, orders.article_number, 'unknown') as article_number,
        {{ berlin_day('orders.expected_at') }} as expected_on,
        -- What came beyond the order does not lessen what other orders bring.
        greatest(0, orders.quantity - coalesce(orders.received_quantity, 0)) as open_units
    from orders
    left join branches
        on orders.branch_ref = branches.branch_ref
    left join supply_groups
        on branches.branch_number = supply_groups.branch_number
    left join articles
        on orders.article_number = articles.article_ref
    where
        {{ folded("coalesce(orders.status, '')") }} not in (
            'cancelled', 'canceled', 'closed', 'storniert', 'abgeschlossen', 'geschlossen'
        )
),

final as (
    select
        purchase_order_id,
        branch_number,
        article_number,
        expected_on,
        cast(open_units as numeric(18, 4)) as open_units
    from resolved
    where open_units > 0
)

select * from final
