{#-
  The relation of the schema `forecasting` that `prohandel forecast` writes, or none where no batch ever ran. Asked when a
  model is built: the first batch shows from the next run on, later ones at once where a model is a view.
-#}
{% macro stored_forecasts(table) %}
    {% if not execute %}
        {{ return(none) }}
    {% endif %}
    {{ return(adapter.get_relation(target.database, generate_schema_name('forecasting', none), table)) }}
{% endmacro %}

{#- Select of typed columns without a row, for what is not there. `columns`: name to type, as SQL. -#}
{% macro no_rows(columns) -%}
    select
        {% for name, type in columns.items() -%}
        cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {% endfor -%}
    from (select 1 as one) as nothing
    where false
{%- endmacro %}

{#- The element of an array of numbers at a place, 1 for the first. -#}
{% macro element_at(array, place) %}
    {{- return(adapter.dispatch('element_at', 'prohandel_analytics')(array, place)) -}}
{% endmacro %}

{% macro default__element_at(array, place) -%}
    element_at({{ array }}, {{ place }})
{%- endmacro %}

{% macro postgres__element_at(array, place) -%}
    ({{ array }})[{{ place }}]
{%- endmacro %}

{#- The element of an array of arrays of numbers at a row and a place in it, 1 for the first. -#}
{% macro element_of_row(array, row, place) %}
    {{- return(adapter.dispatch('element_of_row', 'prohandel_analytics')(array, row, place)) -}}
{% endmacro %}

{% macro default__element_of_row(array, row, place) -%}
    element_at(element_at({{ array }}, {{ row }}), {{ place }})
{%- endmacro %}

{% macro postgres__element_of_row(array, row, place) -%}
    ({{ array }})[{{ row }}][{{ place }}]
{%- endmacro %}
