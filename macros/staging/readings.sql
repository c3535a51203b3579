{#-
  How staging reads what has landed, for `prohandel doctor`: a list per schema and table, with an entry per landed column
  and our column that it is read as. `value` is null where a value cannot be read; both expressions call the table `landed`.
-#}
{% macro readings() %}
    {% set found = {} %}
    {% for schema in landed_schemas() %}
        {% set tables = {} %}
        {% for table in landed_table_names() %}
            {% set relation = adapter.get_relation(landed_database(), schema, table) %}
            {% if relation is not none %}
                {% do tables.update({table: readings_of(table, relation)}) %}
            {% endif %}
        {% endfor %}
        {% do found.update({schema: tables}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro readings_of(table, relation) %}
    {% set landed = landed_columns(relation) %}
    {% set entries = [] %}
    {% for column in columns_of(table)['columns'] %}
        {% for candidate in column['landed'] %}
            {% set is_name = candidate is string %}
            {% set kind = column['kind'] if is_name or candidate is mapping else 'text' %}
            {% for name in ([candidate] if is_name else candidate.values() | list if candidate is mapping else candidate) %}
                {% if name in landed %}
                    {% set raw = landed[name] %}
                    {% do entries.append({
                        'column': name, 'name': column['name'], 'kind': kind,
                        'is_essential': 'essential' in column, 'is_personal': column.get('personal', false),
                        'may_be_unreadable': can_be_unreadable(kind, raw['type']),
                        'value': clean(kind, raw['sql'], raw['type']), 'filled': is_filled(raw['sql'], raw['type']),
                    }) %}
                {% endif %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {{ return(entries) }}
{% endmacro %}
