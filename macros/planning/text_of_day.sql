{#- A day as text, as YYYY-MM-DD whatever the date style of the session. -#}
{% macro text_of_day(day) %}
    {{- return(adapter.dispatch('text_of_day', 'prohandel_analytics')(day)) -}}
{% endmacro %}

{% macro default__text_of_day(day) -%}
    cast({{ day }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro postgres__text_of_day(day) -%}
    to_char({{ day }}, 'YYYY-MM-DD')
{%- endmacro %}
