{#-
  `marts` is `marts` in production; on a target named dev… or ci… every schema gets the target's own as a prefix. Behind a
  gate marts are built in `marts_audit`; `prohandel run --gate` publishes them to `marts`.
-#}
{% macro generate_schema_name(custom_schema_name, node) %}
    {%- set name = custom_schema_name | trim if custom_schema_name is not none else none -%}
    {%- if name is none -%}
        {{ target.schema }}
    {%- elif target.name.startswith('dev') or target.name.startswith('ci') -%}
        {{ target.schema }}_{{ name }}{{ '_audit' if name == 'marts' and var('gate', false) }}
    {%- else -%}
        {{ name }}{{ '_audit' if name == 'marts' and var('gate', false) }}
    {%- endif -%}
{% endmacro %}
