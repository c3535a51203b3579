{#- The columns of all landed tables as they are now, a select. Tables that are not used or not there have none. -#}
{% macro columns_of_landed_tables() %}
    {% set columns = [] %}
    {% for table in landed_table_names() if is_used(table) and execute %}
        {% for schema in landed_schemas() %}
            {% set relation = adapter.get_relation(landed_database(), schema, table) %}
            {% for column in (adapter.get_columns_in_relation(relation) if relation is not none else []) %}
                {% do columns.append((schema, table, column.name, column.dtype)) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ _rows_of_texts(['source_relation', 'table_name', 'column_name', 'data_type'], columns) }}
{% endmacro %}

{#-
  The columns of the landed tables as the run before saw them, from the current model's own log. A table or schema that
  is no longer read is left out: it was switched off, its columns are not gone.
-#}
{% macro columns_known() %}
    {% set held = load_relation(this) %}
    {% if held is none %}
    select
        cast(null as text) as source_relation,
        cast(null as text) as table_name,
        cast(null as text) as column_name,
        cast(null as text) as data_type
    where false
    {% else %}
    {% set schemas = [] %}
    {% for schema in landed_schemas() %}
        {% do schemas.append(_text_or_null(schema)) %}
    {% endfor %}
    {% set tables = ['null'] %}
    {% for table in landed_table_names() if is_used(table) %}
        {% do tables.append(_text_or_null(table)) %}
    {% endfor %}
    select
        logged.source_relation,
        logged.table_name,
        logged.column_name,
        logged.new_type as data_type
    from {{ held }} as logged
    inner join (
        select
            source_relation,
            table_name,
            column_name,
            max(detected_at) as detected_at
        from {{ held }}
        group by source_relation, table_name, column_name
    ) as newest
        on
            logged.source_relation = newest.source_relation
            and logged.table_name = newest.table_name
            and logged.column_name = newest.column_name
            and logged.detected_at = newest.detected_at
    where
        logged.new_type is not null
        and logged.source_relation in ({{ schemas | join(', ') }})
        and logged.table_name in ({{ tables | join(', ') }})
    {% endif %}
{% endmacro %}

{#-
  The landed columns that staging reads, a select, with those of our columns that are read from them. A table that lands
  in the other generation of names has other columns that are read as the same.
-#}
{% macro columns_read_by_staging() %}
    {% set rows = [] %}
    {% for table in landed_table_names() %}
        {% set read = {'_fivetran_synced': ['synced_at'], '_fivetran_deleted': ['is_deleted']} %}
        {% for column in columns_of(table)['columns'] + passed_through(table) %}
            {% for name in _landed_names(column) %}
                {% do read.setdefault(name, []).append(column['name']) %}
            {% endfor %}
        {% endfor %}
        {% for name, columns in read.items() %}
            {% do rows.append((table, name, columns | unique | join(', '))) %}
        {% endfor %}
    {% endfor %}
    {{ _rows_of_texts(['table_name', 'column_name', 'read_as'], rows) }}
{% endmacro %}

{#- What the manifest says is built from each landed table in use, a select: names of models and of exposures. -#}
{% macro built_from_landed_tables() %}
    {% set readers = _readers() if execute else {} %}
    {% set rows = [] %}
    {% for table in landed_table_names() if is_used(table) and execute %}
        {% set models = [] %}
        {% set exposures = [] %}
        {% for unique_id in _built_from('source.' ~ project_name ~ '.prohandel.' ~ table, readers) %}
            {% do models.append(unique_id.split('.')[-1]) if unique_id.startswith('model.') %}
            {% do exposures.append(unique_id.split('.')[-1]) if unique_id.startswith('exposure.') %}
        {% endfor %}
        {% do rows.append((table, models | sort | join(', ') or none, exposures | sort | join(', ') or none)) %}
    {% endfor %}
    {{ _rows_of_texts(['table_name', 'models', 'exposures'], rows) }}
{% endmacro %}

{#- The models, snapshots and exposures that read a node or source directly, as unique ids by its unique id. -#}
{% macro _readers() %}
    {% set readers = {} %}
    {% for nodes in (graph.nodes, graph.exposures) %}
        {% for unique_id, node in nodes.items() if node.resource_type in ('model', 'snapshot', 'exposure') %}
            {% for parent in node.depends_on.nodes %}
                {% do readers.setdefault(parent, []).append(unique_id) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return(readers) }}
{% endmacro %}

{#- Unique ids of everything that is built from a node or source, itself left out. -#}
{% macro _built_from(unique_id, readers) %}
    {% set found = {} %}
    {% set followed = [unique_id] %}
    {% for id in followed %}
        {% for reader in readers.get(id, []) if reader not in found %}
            {% do found.update({reader: true}) %}
            {% do followed.append(reader) %}
        {% endfor %}
    {% endfor %}
    {{ return(found.keys() | list) }}
{% endmacro %}

{#- Select of these rows of texts under these names. There may be no row; the first text of a row is never none. -#}
{% macro _rows_of_texts(names, rows) %}
    select
        {%- for name in names %}
        cast({{ name }} as text) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        values
        {%- for row in rows %}
        ({% for value in row %}{{ _text_or_null(value) }}{{ ', ' if not loop.last }}{% endfor %}),
        {%- endfor %}
        ({% for name in names %}null{{ ', ' if not loop.last }}{% endfor %})
    ) as found ({{ names | join(', ') }})
    where {{ names[0] }} is not null
{% endmacro %}
