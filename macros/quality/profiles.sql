{#-
  A row of `column_metrics` per staged column of a landed table, over the rows that have arrived. More than a million are
  sampled by their hash: a first run would sort all of history once per column.
-#}
{% macro profile_of_table(table, base, arrivals) %}
    {% set row_count = (arrivals.get(table) or {}).get('row_count', 0) %}
    {% set spec = columns_of(table) %}
    {% set passed = passed_through(table) %}
    {% set columns = [] %}
    {% for column in spec['columns'] + passed if column['name'] != 'is_deleted' %}
        {% set is_personal = column.get('personal') or column['name'] in _names_of_people()
            or (spec.get('unknown_is_personal') and column in passed) %}
        {% do columns.append(dict(column, is_personal=is_personal)) %}
    {% endfor %}
    select
        cast('{{ table }}' as text) as table_name,
        profiles.column_name,
        measured.row_count as rows_measured,
        measured.last_synced_at,
        profiles.null_count,
        profiles.unreadable_count,
        profiles.damaged_count,
        profiles.distinct_count,
        profiles.min_value,
        profiles.max_value,
        profiles.mean_length
    from (
        select
            count(*) as row_count,
            max(landed.synced_at) as last_synced_at
            {%- for column in columns %}
            {%- set name = 'landed.' ~ column['name'] %}
            {%- set text = _shown(column, name) %},
            count({{ name }}) as filled_{{ loop.index }},
            count(distinct {{ name }}) as distinct_{{ loop.index }},
            {% if column['is_personal'] -%}
            cast(null as text) as min_{{ loop.index }},
            cast(null as text) as max_{{ loop.index }},
            {%- else -%}
            left({{ text[0] }}, 100) as min_{{ loop.index }},
            left({{ text[1] }}, 100) as max_{{ loop.index }},
            {%- endif %}
            {% if column['kind'] == 'text' -%}
            avg(length({{ name }})) as length_{{ loop.index }},
            count(case when {{ matches(name, _damaged_text()) }} then 1 end) as damaged_{{ loop.index }},
            {%- else -%}
            cast(null as numeric) as length_{{ loop.index }},
            cast(null as bigint) as damaged_{{ loop.index }},
            {%- endif %}
            count(
                case when ',' || landed.unreadable_columns || ',' like '%,{{ column['name'] }},%' then 1 end
            ) as unreadable_{{ loop.index }}
            {%- endfor %}
        from {{ base }} as landed
        where
            {{ has_arrived(table, arrivals) }}
            {%- if row_count > 1000000 %}
            and landed.row_hash < '{{ _share_as_hash(1000000 / row_count) }}'
            {%- endif %}
    ) as measured
    cross join lateral (
        values
        {%- for column in columns %}
        (
            '{{ column['name'] }}',
            measured.row_count - measured.filled_{{ loop.index }},
            measured.unreadable_{{ loop.index }},
            measured.damaged_{{ loop.index }},
            measured.distinct_{{ loop.index }},
            measured.min_{{ loop.index }},
            measured.max_{{ loop.index }},
            measured.length_{{ loop.index }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as profiles (
        column_name, null_count, unreadable_count, damaged_count, distinct_count, min_value, max_value, mean_length
    )
    where measured.row_count > 0
{% endmacro %}

{#- SQL of smallest and largest value as text; of a flag, false before true. -#}
{% macro _shown(column, name) %}
    {% if column['kind'] == 'boolean' %}
        {{ return([
            "case when bool_and(" ~ name ~ ") then 'true' when not bool_and(" ~ name ~ ") then 'false' end",
            "case when bool_or(" ~ name ~ ") then 'true' when not bool_or(" ~ name ~ ") then 'false' end",
        ]) }}
    {% elif column['kind'] in ('date', 'timestamp', 'utc_timestamp') %}
        {% set landed_type = 'date' if column['kind'] == 'date' else 'timestamptz' %}
        {{ return([iso_format('min(' ~ name ~ ')', landed_type), iso_format('max(' ~ name ~ ')', landed_type)]) }}
    {% endif %}
    {{ return(['cast(min(' ~ name ~ ') as text)', 'cast(max(' ~ name ~ ') as text)']) }}
{% endmacro %}

{#- What UTF-8 looks like once it was read as Latin-1 (Ã¼ for ü), and what stands where a byte could not be read. -#}
{% macro _damaged_text() %}
    {{ return('Ã[\u0080-\u00BF]|â€|\uFFFD') }}
{% endmacro %}

{#- The hexadecimal number below which this share of all hashes lies. -#}
{% macro _share_as_hash(share) %}
    {{ return('%06x' | format((share * 16777216) | int)) }}
{% endmacro %}

{#- Numbers by which a person is known: shown in no profile. -#}
{% macro _names_of_people() %}
    {{ return(['customer_id', 'customer_number', 'customer_ref', 'staff_number']) }}
{% endmacro %}
