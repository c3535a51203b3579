{#- Where the landed tables are, and what is wrong when they are not there. -#}

{% macro landed_database() %}
    {{ return(var('prohandel_database', none) or target.database) }}
{% endmacro %}

{% macro landed_schemas() %}
    {{ return(var('prohandel_schemas', []) or [var('prohandel_schema', 'prohandel')]) }}
{% endmacro %}

{#- Several tenants share no numbers: then every key and number carries its schema in front. -#}
{% macro tenant_prefix(schema) %}
    {{ return("'" ~ schema | replace("'", "''") ~ "/' || " if var('prohandel_schemas', []) else '') }}
{% endmacro %}

{% macro is_used(table) %}
    {{ return(var('using_' ~ table)) }}
{% endmacro %}

{#-
  The relations that hold a landed table, one per schema; none while its `using_` variable is false or nothing is
  executed. A table that should be there and is not, or has no rows, stops the model before it touches anything.
  `is_parent`: the landed table is a parent of the model in the lineage; false where a parent's parent is read again.
-#}
{% macro landed_relations(table, is_parent=true) %}
    {% if not is_used(table) %}
        {{ return([]) }}
    {% endif %}
    {% do source('prohandel', table) if is_parent %}
    {% if not execute %}
        {{ return([]) }}
    {% endif %}
    {% set relations = [] %}
    {% for schema in landed_schemas() %}
        {% set relation = adapter.get_relation(landed_database(), schema, table) %}
        {% if relation is none %}
            {{ raise_missing_table(table, schema) }}
        {% endif %}
        {% do relations.append(relation) %}
    {% endfor %}
    {{ raise_if_empty(table, relations) }}
    {{ return(relations) }}
{% endmacro %}

{% macro raise_missing_table(table, schema) %}
    {% set known = [] %}
    {% for name in list_schemas(landed_database()).columns[0].values() | sort %}
        {% if not name.startswith('pg_') and name != 'information_schema' %}
            {% do known.append(name) %}
        {% endif %}
    {% endfor %}
    {% if schema not in known %}
        {{ exceptions.raise_compiler_error(
            "There is no schema '" ~ schema ~ "' in database '" ~ landed_database() ~ "'. Set the variable "
            ~ ("prohandel_schemas" if var('prohandel_schemas', []) else "prohandel_schema")
            ~ " to the schema that Fivetran writes to; the database has: " ~ known | join(', ') ~ "."
        ) }}
    {% endif %}
    {{ exceptions.raise_compiler_error(
        "The landed table '" ~ schema ~ "." ~ table ~ "' does not exist, but the variable using_" ~ table
        ~ " is true. Sync the table, or set using_" ~ table ~ ": false; `prohandel doctor` shows what has landed."
    ) }}
{% endmacro %}

{#- Only for the tables that every installation has, and only where models are built. -#}
{% macro raise_if_empty(table, relations) %}
    {% if flags.WHICH in ('build', 'run') and not columns_of(table).get('may_be_empty') %}
        {% for relation in relations %}
            {% if run_query('select 1 as one from ' ~ relation ~ ' limit 1') | length == 0 %}
                {{ exceptions.raise_compiler_error(
                    "The landed table '" ~ relation.schema ~ "." ~ table ~ "' has no rows. Nothing was replaced. Check "
                    ~ "the last sync of the connection, or set using_" ~ table ~ ": false if nothing lands there."
                ) }}
            {% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{% macro raise_missing_column(table, relation, column) %}
    {% set accepted = [] %}
    {% for candidate in column['landed'] %}
        {% do accepted.append(candidate if candidate is string else candidate | join(' + ')) %}
    {% endfor %}
    {{ exceptions.raise_compiler_error(
        "The landed table '" ~ relation.schema ~ "." ~ table ~ "' has no column for " ~ column['name']
        ~ ", without which its rows cannot be used. Accepted names: " ~ accepted | join(', ')
        ~ ". Rename the column in the connection, or set using_" ~ table ~ ": false."
    ) }}
{% endmacro %}

{#- The landed columns of a relation by name: how to read each, and the type it landed as. -#}
{% macro landed_columns(relation) %}
    {% set found = {} %}
    {% for column in adapter.get_columns_in_relation(relation) %}
        {% set landed_type = landed_type_of(column.dtype) %}
        {% set quoted = 'landed.' ~ adapter.quote(column.name) %}
        {% do found.update({column.name: {
            'sql': quoted if landed_type != 'other' else 'cast(' ~ quoted ~ ' as text)',
            'type': landed_type if landed_type != 'other' else 'text',
        }}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro landed_type_of(data_type) %}
    {{ return(adapter.dispatch('landed_type_of', 'prohandel_analytics')(data_type | lower)) }}
{% endmacro %}

{% macro default__landed_type_of(data_type) %}
    {% if data_type == 'text' or data_type.startswith('character varying') %}
        {{ return('text') }}
    {% elif data_type in ('double precision', 'real') %}
        {{ return('double') }}
    {% elif data_type.startswith('numeric') %}
        {{ return('decimal') }}
    {% elif data_type in ('smallint', 'integer', 'bigint') %}
        {{ return('integer') }}
    {% elif data_type in ('boolean', 'date') %}
        {{ return(data_type) }}
    {% elif data_type.startswith('timestamp') %}
        {{ return('timestamptz' if data_type.endswith('with time zone') else 'timestamp') }}
    {% endif %}
    {{ return('other') }}
{% endmacro %}
