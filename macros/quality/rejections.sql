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

{#- Every reason for which staging may reject a row. -#}
{% macro rejection_reasons() %}
    {% set reasons = [] %}
    {% for table in landed_table_names() %}
        {% for column in columns_of(table)['columns'] if column.get('essential') %}
            {% do reasons.append('missing_' ~ column['essential']) %}
            {% do reasons.append('unreadable_' ~ column['essential']) %}
            {% do reasons.append('future_' ~ column['essential']) if column.get('not_after_sync') %}
        {% endfor %}
    {% endfor %}
    {{ return(reasons | unique | sort) }}
{% endmacro %}

{#- The moment at which this run of dbt began: the same in every model of a run. -#}
{% macro run_time() %}
    {{ return("timestamptz '" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "+00'") }}
{% endmacro %}

{#-
  How many rows have landed in a table, and how many of them are older versions of a key: counted from the landed rows,
  without what staging made of them. Rows that were synced after the model was built are left out.
-#}
{% macro landed_row_counts(table, base) %}
    {% set spec = columns_of(table) %}
    {% set relations = landed_relations(table, is_parent=false) %}
    select
        coalesce(sum(versions), 0) as landed_rows,
        coalesce(sum(versions - 1) filter (where row_key is not null), 0) as superseded_rows
    from (
        {% for relation in relations -%}
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
