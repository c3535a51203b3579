{#-
  The style that an article belongs to: what the variable `style_number_pattern` (a regular expression, its first group
  if it has one) finds in the article number; the number itself where it finds nothing or is not set.
-#}
{% macro style_number(article_number) %}
    {{- return(adapter.dispatch('style_number', 'prohandel_analytics')(article_number)) -}}
{% endmacro %}

{% macro default__style_number(article_number) -%}
    {%- if var('style_number_pattern') is none -%}
        {{ article_number }}
    {%- else -%}
        coalesce(
            nullif(substring({{ article_number }} from '{{ var('style_number_pattern') | replace("'", "''") }}'), ''),
            {{ article_number }}
        )
    {%- endif -%}
{%- endmacro %}
