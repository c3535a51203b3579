{#-
  Whether a value is one of a query's. PostgreSQL hands an array down through views to the index at their bottom; a join
  or `in` stops at the first view that has a CTE, and reads everything below it.
-#}
{% macro is_among(value, query) %}
    {{- return(adapter.dispatch('is_among', 'prohandel_analytics')(value, query)) -}}
{% endmacro %}

{% macro default__is_among(value, query) -%}
    {{ value }} in ({{ query }})
{%- endmacro %}

{% macro postgres__is_among(value, query) -%}
    {{ value }} = any(array({{ query }}))
{%- endmacro %}
