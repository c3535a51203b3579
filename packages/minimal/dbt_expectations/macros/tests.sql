{#- Fails when the number of rows lies outside of the range. -#}
{% test expect_table_row_count_to_be_between(model, min_value=none, max_value=none, row_condition=none, strictly=false) %}
    {%- if min_value is none and max_value is none -%}
        {{ exceptions.raise_compiler_error("expect_table_row_count_to_be_between needs min_value, max_value or both.") }}
    {%- endif -%}
    {%- set or_equal = '' if strictly else '=' -%}
    {%- set bounds = [] -%}
    {%- if min_value is not none -%}
        {%- do bounds.append('count(*) >' ~ or_equal ~ ' ' ~ min_value) -%}
    {%- endif -%}
    {%- if max_value is not none -%}
        {%- do bounds.append('count(*) <' ~ or_equal ~ ' ' ~ max_value) -%}
    {%- endif %}
    select count(*) as row_count
    from {{ model }}
    {%- if row_condition %}
    where {{ row_condition }}
    {%- endif %}
    having not ({{ bounds | join(' and ') }})
{% endtest %}
