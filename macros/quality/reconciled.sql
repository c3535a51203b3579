{#-
  Further checks of `reconciliation`, as selects of check_name, left_value, right_value and tolerance, each behind a
  `union all`. They read whole tables: the first run and nightly ones make them, of the marts that are built.
-#}

{% macro reconciled_marts() %}
    {%- set lines, days = ref('fct_sale_lines'), ref('fct_sales_daily') %}
    {%- set levels, stock, as_of = ref('stock_levels'), ref('fct_inventory_daily'), ref('int_as_of') %}
    {%- if are_built([lines, days]) %}
    union all
    select
        'lines of fct_sale_lines against sale' as check_name,
        staged.line_count as left_value,
        held.line_count as right_value,
        0 as tolerance
    from (select count(*) as line_count from {{ ref('stg_prohandel__sales') }} where not is_deleted) as staged
    cross join (select count(*) as line_count from {{ lines }}) as held
    union all
    select
        'gross revenue of fct_sales_daily against fct_sale_lines' as check_name,
        by_line.amount as left_value,
        by_day.amount as right_value,
        0.01 as tolerance
    from (select sum(gross_revenue) as amount from {{ lines }}) as by_line
    cross join (select sum(gross_revenue) as amount from {{ days }}) as by_day
    {%- endif %}
    {#- Days are written out, so that the view looks only the spans of those days up. -#}
    {%- set newest = run_query('select as_of_date from ' ~ as_of)[0]['as_of_date']
        if are_built([levels, stock, as_of]) %}
    {%- if newest %}
    {%- set last_week %}
        where date_day between {{ days_after("cast('" ~ newest ~ "' as date)", -6) }} and cast('{{ newest }}' as date)
    {%- endset %}
    union all
    select
        'branches and days of the last week on which stock_levels agrees with fct_inventory_daily' as check_name,
        count(*) as left_value,
        count(case when by_category.units is not distinct from by_pair.units then 1 end) as right_value,
        0 as tolerance
    from (
        select
            branch_number,
            date_day,
            sum(stock_units) as units
        from {{ levels }}
        {{- last_week }}
        group by branch_number, date_day
    ) as by_category
    full outer join (
        select
            branch_number,
            date_day,
            sum(closing_stock) as units
        from {{ stock }}
        {{- last_week }}
        group by branch_number, date_day
    ) as by_pair
        on by_category.branch_number = by_pair.branch_number and by_category.date_day = by_pair.date_day
    {%- endif %}
{% endmacro %}

{#- Orders whose total is what their receipt took; for information, because goods come back and lines are voided later. -#}
{% macro reconciled_orders() %}
    union all
    select
        'orders that agree with their receipt' as check_name,
        count(*) as left_value,
        count(case when abs(orders.total_amount - receipts.amount) < 0.01 then 1 end) as right_value,
        cast(null as numeric) as tolerance
    from {{ ref('stg_prohandel__orders') }} as orders
    inner join (
        select
            receipt_number,
            sum({{ line_amount('sale_price', 'sale_price_per') }}) as amount
        from {{ ref('stg_prohandel__sales') }}
        where
            not is_deleted
            and quantity > 0
            and receipt_number in (select order_number from {{ ref('stg_prohandel__orders') }})
        group by receipt_number
    ) as receipts
        on orders.order_number = receipts.receipt_number
    where not orders.is_deleted
{% endmacro %}

{#-
  Rows that Fivetran says it wrote, by landed table, on the newest whole day of its own log (the Platform Connector's
  schema fivetran_metadata, or fivetran_log), against rows that carry a sync time of that day. For information: a row that
  was written again since carries the later time.
-#}
{% macro reconciled_fivetran_log() %}
    {%- set log = _fivetran_log() if execute %}
    {%- if log %}
    {%- for table in landed_bases() if is_used(table) %}
    {%- for relation in landed_relations(table, is_parent=false) %}
    union all
    select
        'rows that Fivetran wrote into {{ relation.schema }}.{{ table }}' as check_name,
        logged.row_count as left_value,
        landed.row_count as right_value,
        cast(null as numeric) as tolerance
    from (
        select
            newest.day,
            sum(cast(cast(log.message_data as json) ->> 'count' as bigint)) as row_count
        from {{ log }} as log
        inner join (
            select {{ days_after('cast(max(time_stamp) as date)', -1) }} as day
            from {{ log }}
        ) as newest
            on cast(log.time_stamp as date) = newest.day
        where
            log.message_event = 'records_modified'
            and cast(log.message_data as json) ->> 'schema' = '{{ relation.schema }}'
            and cast(log.message_data as json) ->> 'table' = '{{ table }}'
        group by newest.day
    ) as logged
    cross join lateral (
        select count(*) as row_count
        from {{ relation }} as landed
        where
            landed._fivetran_synced >= logged.day
            and landed._fivetran_synced < {{ days_after('logged.day', 1) }}
    ) as landed
    {%- endfor %}
    {%- endfor %}
    {%- endif %}
{% endmacro %}

{% macro _fivetran_log() %}
    {% for schema in ['fivetran_metadata', 'fivetran_log'] %}
        {% set found = adapter.get_relation(target.database, schema, 'log') %}
        {% if found is not none %}
            {{ return(found) }}
        {% endif %}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}

{#- Are these relations there? A selection of models may leave some out. -#}
{% macro are_built(relations) %}
    {% if not execute %}
        {{ return(false) }}
    {% endif %}
    {% for relation in relations if load_relation(relation) is none %}
        {{ return(false) }}
    {% endfor %}
    {{ return(true) }}
{% endmacro %}
