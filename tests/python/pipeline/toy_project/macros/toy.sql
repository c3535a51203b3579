{% macro generate_schema_name(custom_schema_name, node) %}
    {{ return(custom_schema_name or target.schema) }}
{% endmacro %}

{% test positive(model) %}
    select * from {{ model }} where gross_revenue <= 0
{% endtest %}
