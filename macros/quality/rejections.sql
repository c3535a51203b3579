{#- Every landed table with the base model that holds all its rows. -#}
{% macro landed_bases() %}
    {{ return({
        'article': ref('base_prohandel__articles'),
        'customer': ref('base_prohandel__customers'),
        'order': ref('base_prohandel__orders'),
        'sale': ref('base_prohandel__sales'),
        'inventory': ref('base_prohandel__inventory'),
        'shop': ref('base_prohandel__shops'),
        'daily_sales_agg': ref('base_prohandel__daily_sales_agg'),
        'article_sales_agg': ref('base_prohandel__article_sales_agg'),
        'warehouse_inventory_agg': ref('base_prohandel__warehouse_inventory_agg'),
        'category': ref('base_prohandel__categories'),
        'supplier': ref('base_prohandel__suppliers'),
        'inventory_history': ref('base_prohandel__inventory_history'),
        'purchase_order': ref('base_prohandel__purchase_orders'),
    }) }}
{% endmacro %}

{#- The rejected rows of every landed table. -#}
{% macro rejected_of_all_tables() %}
    {%- for table, base in landed_bases().items() %}
    select
        cast('{{ table }}' as text) as table_name,
        {{ columns_of(table)['key']['name'] }} as row_key,
        rejection_reasons,
        source_relation,
        synced_at,
        raw_row
    from {{ base }}
    where rejection_reasons is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{% endmacro %}

{#- Every reason for which staging may reject a row, one per row. -#}
{% macro rejection_reasons() %}
    {% set reasons = [] %}
    {% for table in landed_table_names() %}
        {% for column in columns_of(table)['columns'] if column.get('essential') %}
            {% do reasons.append('missing_' ~ column['essential']) %}
            {% do reasons.append('unreadable_' ~ column['essential']) %}
            {% do reasons.append('future_' ~ column['essential']) if column.get('not_after_sync') %}
        {% endfor %}
    {% endfor %}
    {%- for reason in reasons | unique | sort %}
    select cast('{{ reason }}' as text) as reason
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{% endmacro %}

{#- What this model said in the run before; nothing in its first one. -#}
{% macro rejections_seen() %}
    {% set held = load_relation(this) %}
    select
        {%- if held is none %}
        cast(null as text) as table_name,
        cast(null as text) as row_key,
        cast(null as text) as reason,
        cast(null as timestamptz) as first_seen_at
    where false
        {%- else %}
        table_name,
        row_key,
        reason,
        first_seen_at
    from {{ held }}
        {%- endif %}
{% endmacro %}

{#- The moment at which this run of dbt began: the same in every model of a run. -#}
{% macro run_time() %}
    {{ return("timestamptz '" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "+00'") }}
{% endmacro %}

{#-
  For every landed table how many rows have landed, how many of them are older versions of a key (both counted from the
  landed rows, whatever staging made of them), and how many rows its base model holds. Rows that were synced after that
  was built are left out. To count the tables that grow for ever is nightly work.
-#}
{% macro row_counts_of_all_tables() %}
    {%- for table, base in landed_bases().items() %}
    {%- set is_counted = table not in ['sale', 'inventory', 'inventory_history'] or var('nightly') or not is_incremental() %}
    select
        '{{ table }}' as table_name,
        landed.landed_rows,
        landed.superseded_rows,
        held.held_rows
    from (
        {{ _landed_row_counts(table, base) }}
    ) as landed
    cross join (select count(*) as held_rows from {{ base }}) as held
    where {{ is_used(table) and is_counted }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{% endmacro %}

{% macro _landed_row_counts(table, base) %}
    {% set spec = columns_of(table) %}
    select
        coalesce(sum(versions), 0) as landed_rows,
        coalesce(sum(versions - 1) filter (where row_key is not null), 0) as superseded_rows
    from (
        {% for relation in landed_relations(table, is_parent=false) -%}
        {%- set found = landed_columns(relation) -%}
        select
            {{ _key(spec, found, relation) }} as row_key,
            count(*) as versions
        from {{ relation }} as landed
        where coalesce({{ _synced_at(found) }} <= (
            select max(built.synced_at)
            from {{ base }} as built
            where built.source_relation = '{{ relation.schema }}' and built.is_synced_at_known
        ), true)
        group by 1
        {% if not loop.last %}union all{% endif %}
        {% else -%}
        select
            cast(null as text) as row_key,
            0 as versions
        {% endfor %}
    ) as keys
{% endmacro %}
