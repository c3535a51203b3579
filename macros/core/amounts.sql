{#- 'line' or 'unit': what a variable says about the prices of a column. -#}
{% macro reading(variable) %}
    {%- if var(variable) not in ['line', 'unit'] -%}
        {{ exceptions.raise_compiler_error(
            "Variable " ~ variable ~ " is '" ~ var(variable) ~ "': it has to be 'line' or 'unit'."
        ) }}
    {%- endif -%}
    {{ return(var(variable)) }}
{% endmacro %}

{#- A landed amount as money of the whole line, by the variable that says whether it is per line or per unit. -#}
{% macro line_amount(column, variable) -%}
    {%- if reading(variable) == 'line' -%}
        {{ column }}
    {%- else -%}
        {{ column }} * quantity
    {%- endif -%}
{%- endmacro %}

{#- A cost of zero says nothing, unless the variable `zero_cost_is_known` says that it does. -#}
{% macro known_cost(column) -%}
    {%- if var('zero_cost_is_known') -%}
        {{ column }}
    {%- else -%}
        nullif({{ column }}, 0)
    {%- endif -%}
{%- endmacro %}
