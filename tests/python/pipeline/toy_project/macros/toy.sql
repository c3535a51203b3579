{% macro generate_schema_name(custom_schema_name, node) %}
    {{ return('marts_audit' if custom_schema_name == 'marts' and var('gate', false) else custom_schema_name or target.schema) }}
{% endmacro %}

{% test positive(model) %}
    select * from {{ model }} where gross_revenue <= 0
{% endtest %}
