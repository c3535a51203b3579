with

open_orders as (
    select * from {{ ref('int_planning__open_orders') }}
),

proposals as (
    select * from {{ ref('int_planning__proposals') }}
),

transfers as (
    select * from {{ ref('transfer_recommendations') }}
),

incoming as (
    {% if var('using_purchase_order') -%}
    select
        branch_number,
        article_number,
        open_units as on_order_units,
        0 as inbound_transfer_units
    from open_orders
    {%- else -%}
    select
        branch_number,
        article_number,
        open_units as on_order_units,
        0 as inbound_transfer_units
    from proposals
    {%- endif %}
    union all
    select
        to_branch as branch_number,
        article_number,
        0 as on_order_units,
        units as inbound_transfer_units
    from transfers
),

final as (
    select
        branch_number,
        article_number,
        cast(sum(on_order_units) as numeric(18, 4)) as on_order_units,
        cast(sum(inbound_transfer_units) as numeric(18, 4)) as inbound_transfer_units
    from incoming
    group by branch_number, article_number
)

select * from final
