{#- A number as text for a sentence: rounded, without zeros at its end. -#}
{% macro text_of_number(number, decimals) %}
    {{- return(adapter.dispatch('text_of_number', 'prohandel_analytics')(number, decimals)) -}}
{% endmacro %}

{% macro default__text_of_number(number, decimals) -%}
    cast(round({{ number }}, {{ decimals }}) as {{ dbt.type_string() }})
{%- endmacro %}

{% macro postgres__text_of_number(number, decimals) -%}
    cast(trim_scale(round({{ number }}, {{ decimals }})) as text)
{%- endmacro %}
