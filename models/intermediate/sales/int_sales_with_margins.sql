with

sales as (
    select * from {{ ref('stg_prohandel__sales') }}
),

branches as (
    select * from {{ ref('int_branches__references') }}
),

customers as (
    select * from {{ ref('int_customers__references') }}
),

articles as (
    select * from {{ ref('int_articles__resolved') }}
),

vat_rates as (
    select * from {{ ref('vat_rates') }}
),

classified as (
    select
        sales.*,
        coalesce(branches.branch_number, sales.branch_ref, 'unknown') as branch_number,
        case
            when customers.is_person then {{ hash_personal("':' || customers.customer_number") }}
        end as customer_key,
        coalesce(articles.category, 'unknown') as category,
        coalesce(articles.is_merchandise, true) as is_merchandise,
        articles.unit_cost as article_unit_cost,
        cast(vat_rates.rate as numeric(18, 6)) as vat_rate,
        sales.sale_price is null as is_price_missing,
        sales.sale_type = '0' and sales.quantity > 0 as is_demand,
        sales.sale_type = '0' and sales.quantity < 0 and coalesce(sales.sale_price, 0) = 0 as is_adjustment,
        sales.sale_type <> '0' or sales.quantity < 0 and coalesce(sales.sale_price, 0) <> 0 as is_return
    from sales
    left join branches
        on sales.branch_ref = branches.branch_ref
    left join customers
        on sales.customer_ref = customers.customer_ref
    left join articles
        on sales.article_number = articles.article_number
    left join vat_rates
        on
            case
                when articles.is_default_vat_class then coalesce(branches.branch_vat_class, articles.vat_class)
                else articles.vat_class
            end = vat_rates.vat_class
            and sales.sale_date >= vat_rates.valid_from
            and (vat_rates.valid_to is null or sales.sale_date <= vat_rates.valid_to)
),

-- Every amount as money of the whole line, whichever way it landed; a return takes its sign from being one.
line_amounts as (
    select
        *,
        case when is_return then -abs(quantity) else quantity end as signed_quantity,
        case
            when is_return then -abs({{ line_amount('sale_price', 'sale_price_per') }})
            else {{ line_amount('sale_price', 'sale_price_per') }}
        end as paid_amount,
        {% if reading('label_price_per') == 'line' -%}
        abs(label_price) as label_amount,
        abs(label_price) / nullif(abs(quantity), 0) as label_unit_price,
        {%- else -%}
        label_price * quantity as label_amount,
        label_price as label_unit_price,
        {%- endif %}
        abs({{ line_amount('discount', 'discount_per') }}) as recorded_discount_amount,
        {% if reading('purchase_price_per') == 'line' -%}
        abs({{ known_cost('purchase_price') }}) / nullif(abs(quantity), 0) as line_unit_cost,
        {%- else -%}
        {{ known_cost('purchase_price') }} as line_unit_cost,
        {%- endif %}
        {% if var('prices_include_vat') -%}
        cast(1 as numeric(18, 6)) as gross_factor,
        1 + vat_rate as net_divisor
        {%- else -%}
        1 + vat_rate as gross_factor,
        cast(1 as numeric(18, 6)) as net_divisor
        {%- endif %}
    from classified
),

money as (
    select
        *,
        cast(round(paid_amount * gross_factor, 6) as numeric(18, 6)) as gross_revenue,
        cast(round(paid_amount / net_divisor, 6) as numeric(18, 6)) as net_revenue,
        cast(round(label_unit_price * gross_factor, 4) as numeric(18, 4)) as list_price_gross,
        cast(
            round(case when is_demand and sale_price is not null then label_amount end * gross_factor, 6)
            as numeric(18, 6)
        ) as label_value,
        cast(round(recorded_discount_amount * gross_factor, 6) as numeric(18, 6)) as recorded_discount_gross,
        cast(round(coalesce(line_unit_cost, article_unit_cost), 4) as numeric(18, 4)) as unit_cost,
        cast(round(
            {% if reading('purchase_price_per') == 'line' -%}
            case
                when line_unit_cost is not null then sign(signed_quantity) * abs(purchase_price)
                else signed_quantity * article_unit_cost
            end
            {%- else -%}
            signed_quantity * coalesce(line_unit_cost, article_unit_cost)
            {%- endif %}, 6
        ) as numeric(18, 6)) as cogs
    from line_amounts
),

final as (
    select
        sale_line_id,
        source_relation,
        receipt_number,
        sale_date,
        sold_at,
        branch_number,
        article_number,
        coalesce(article_size_number, 'unknown') as article_size_number,
        customer_key,
        category,
        is_merchandise,
        sale_type,
        cast(signed_quantity as numeric(18, 4)) as quantity,
        is_demand,
        is_return,
        is_adjustment,
        is_price_missing,
        is_deleted,
        vat_rate,
        gross_revenue,
        net_revenue,
        unit_cost,
        cogs,
        cast(case when is_merchandise and not is_adjustment then net_revenue - cogs end as numeric(18, 6))
            as gross_margin,
        list_price_gross,
        label_value,
        cast(case when label_value is not null then greatest(label_value - gross_revenue, 0) end as numeric(18, 6))
            as discount_amount,
        recorded_discount_gross,
        payment_method,
        synced_at
    from money
)

select * from final
