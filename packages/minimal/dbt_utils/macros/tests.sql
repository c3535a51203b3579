{#- Fails with each combination of the given columns that more than one row has. -#}
{% test unique_combination_of_columns(model, combination_of_columns, quote_columns=false) %}
    {%- set columns = [] -%}
    {%- for column in combination_of_columns -%}
        {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
    {%- endfor %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{#- Fails with each row whose value lies outside of the range; nulls pass. -#}
{% test accepted_range(model, column_name, min_value=none, max_value=none, inclusive=true) %}
    {%- if min_value is none and max_value is none -%}
        {{ exceptions.raise_compiler_error("accepted_range needs min_value, max_value or both.") }}
    {%- endif -%}
    {%- set or_equal = '=' if inclusive else '' -%}
    {%- set bounds = [] -%}
    {%- if min_value is not none -%}
        {%- do bounds.append(column_name ~ ' >' ~ or_equal ~ ' ' ~ min_value) -%}
    {%- endif -%}
    {%- if max_value is not none -%}
        {%- do bounds.append(column_name ~ ' <' ~ or_equal ~ ' ' ~ max_value) -%}
    {%- endif %}
    select *
    from {{ model }}
    where not ({{ bounds | join(' and ') }})
{% endtest %}

{#- Fails with each row for which the expression is not true (null counts as passed); on a column, the expression follows its name. -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select *
    from {{ model }}
    where not ({{ column_name ~ ' ' if column_name is not none else '' }}{{ expression }})
{% endtest %}
