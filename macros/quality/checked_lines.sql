{#-
  The sale lines that have arrived, a select, with what `checks_of_lines` asks about: whether their branch, article and
  customer have landed, what was paid, how often the same line is there, whether the stock behind them moved. It reads
  the CTE `branches` (int_branches__references) of the model. `arrivals` is what arrivals_of_this_run gives.
-#}
{% macro lines_to_check(arrivals) %}
    {%- set sales = ref('base_prohandel__sales') %}
    with

    shops as (
        select * from {{ ref('int_branches__resolved') }}
    ),

    articles as (
        select * from {{ ref('int_articles__resolved') }}
    ),

    customers as (
        select * from {{ ref('int_customers__references') }}
    ),

    supply_groups as (
        select distinct
            branch_number,
            stock_branch_number
        from {{ ref('int_inventory__supply_groups') }}
    ),

    arrived_lines as (
        select
            *,
            {{ arrived_at('synced_at') }} as arrived_at
        from {{ sales }}
        where
            {{ has_arrived('sale', arrivals) }}
            and synced_at > {{ signals_from(sales) }}
    ),

    -- The same line under another id: what a batch that landed twice looks like.
    copied as (
        select
            sale_line_id,
            count(*) over (
                partition by
                    source_relation, receipt_number, branch_ref, article_number, article_size_number, quantity,
                    sale_price, sale_type, created_at
            ) as copies
        from {{ sales }}
        where
            sale_date in (select arrived_lines.sale_date from arrived_lines)
            and not is_deleted
    ),

    described as (
        select
            lines.*,
            coalesce(shops.branch_number, branches.branch_number, lines.branch_ref, 'unknown') as branch_number,
            coalesce(branches.is_landed, false) as has_branch,
            coalesce(articles.is_landed, false) as has_article,
            customers.is_landed as has_customer,
            coalesce(shops.is_online, false) as is_online,
            coalesce(articles.is_merchandise, true) as is_merchandise,
            articles.list_price_gross,
            lines.sale_type = '0' and lines.quantity > 0 and lines.rejection_reasons is null as is_demand,
            {{ line_amount('lines.sale_price', 'sale_price_per') | replace('* quantity', '* lines.quantity') }}
                as paid_amount,
            {% if reading('label_price_per') == 'line' -%}
            lines.label_price / nullif(lines.quantity, 0) as label_unit_price,
            {%- else -%}
            lines.label_price as label_unit_price,
            {%- endif %}
            {{ line_amount('lines.discount', 'discount_per') | replace('* quantity', '* lines.quantity') }}
                as discount_amount,
            copied.copies,
            supply_groups.stock_branch_number
        from arrived_lines as lines
        left join branches
            on lines.branch_ref = branches.branch_ref
        left join shops
            on branches.branch_number = shops.branch_number
        left join articles
            on lines.article_number = articles.article_number
        left join customers
            on lines.customer_ref = customers.customer_ref and customers.is_person
        left join copied
            on lines.sale_line_id = copied.sale_line_id
        left join supply_groups
            on branches.branch_number = supply_groups.branch_number
        {{ computed_once() }}
    )

    select
        described.*,
        -- What an article cost before its last markdown is not known; in the first run its line before tells.
        {% if is_incremental() -%}
        cast(null as numeric(18, 4)) as label_before,
        {%- else -%}
        lag(label_unit_price) over (partition by article_number order by synced_at, sale_line_id) as label_before,
        {%- endif %}
        case
            when is_demand and is_merchandise and stock_branch_number is not null
                then exists (
                    select 1
                    from {{ ref('int_inventory__stock_changes') }} as moved
                    where
                        moved.branch_number = described.stock_branch_number
                        and moved.article_number = described.article_number
                        and moved.observed_on between
                        {{ days_after(day_of('described.arrived_at'), -1) }}
                        and {{ days_after(day_of('described.arrived_at'), 1) }}
                )
        end as has_moved_stock
    from described
{% endmacro %}
