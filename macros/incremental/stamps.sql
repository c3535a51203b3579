{#-
  For small tables that are built whole by every run: the rows of the relation `computed` with a `change_number`, which
  stays what it is where the table held the row before with the same `compared` columns. So whoever has read the table up
  to a number knows which rows are news.
-#}
{% macro with_change_number(computed, keys, compared) %}
    {%- set kept = load_relation(this) if execute and this else none %}
    {%- set columns = adapter.get_columns_in_relation(kept) | map(attribute='name') | list if kept else [] %}
    select
        computed.*,
        {% if 'change_number' in columns -%}
        case
            when
                {% for column in compared -%}
                kept.{{ column }} is not distinct from computed.{{ column }}{{ ' and ' if not loop.last }}
                {%- endfor %}
                and kept.change_number is not null
                then kept.change_number
            else {{ next_change_number() }}
        end
        {%- else -%}
        {{ next_change_number() }}
        {%- endif %} as change_number
    from {{ computed }} as computed
    {%- if 'change_number' in columns %}
    left join {{ kept }} as kept
        on {% for key in keys %}computed.{{ key }} = kept.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- endif %}
{% endmacro %}
