{#- The rows that a test looks at, as a `where` clause. -#}
{% macro _rows(row_condition, condition) %}
    where {{ condition }}
    {%- if row_condition %} and ({{ row_condition }}){% endif %}
{% endmacro %}

{#- Fails with each row whose value is outside of the range; nulls pass. -#}
{% test expect_column_values_to_be_between(
    model, column_name, min_value=none, max_value=none, row_condition=none, strictly=false
) %}
    {%- if min_value is none and max_value is none -%}
        {{ exceptions.raise_compiler_error("expect_column_values_to_be_between needs min_value, max_value or both.") }}
    {%- endif -%}
    {%- set or_equal = '' if strictly else '=' -%}
    {%- set bounds = [] -%}
    {%- if min_value is not none -%}
        {%- do bounds.append(column_name ~ ' >' ~ or_equal ~ ' ' ~ min_value) -%}
    {%- endif -%}
    {%- if max_value is not none -%}
        {%- do bounds.append(column_name ~ ' <' ~ or_equal ~ ' ' ~ max_value) -%}
    {%- endif %}
    select {{ column_name }}
    from {{ model }}
    {{ dbt_expectations._rows(row_condition, 'not (' ~ bounds | join(' and ') ~ ')') }}
{% endtest %}

{#- Fails with each value that the regular expression matches nowhere; nulls pass. -#}
{% test expect_column_values_to_match_regex(model, column_name, regex, row_condition=none) %}
    select {{ column_name }}
    from {{ model }}
    {{ dbt_expectations._rows(row_condition, "not (" ~ column_name ~ " ~ '" ~ regex ~ "')") }}
{% endtest %}

{#- Fails with each row whose value in column_A is not greater than (or_equal: less than) the one in column_B; nulls pass. -#}
{% test expect_column_pair_values_A_to_be_greater_than_B(model, column_A, column_B, or_equal=false, row_condition=none) %}
    select {{ column_A }}, {{ column_B }}
    from {{ model }}
    {{ dbt_expectations._rows(
        row_condition, 'not (' ~ column_A ~ (' >= ' if or_equal else ' > ') ~ column_B ~ ')'
    ) }}
{% endtest %}

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
    {%- if row_condition %} where {{ row_condition }}{% endif %}
    having not ({{ bounds | join(' and ') }})
{% endtest %}
