{#- A text key of the given columns: the hash of their texts, joined by a dash, with a word of its own for null. -#}
{% macro generate_surrogate_key(field_list) %}
    {%- if field_list is string or field_list | length == 0 -%}
        {{ exceptions.raise_compiler_error("generate_surrogate_key needs a list of at least one column.") }}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for field in field_list -%}
        {%- do parts.append(
            "coalesce(cast(" ~ field ~ " as " ~ dbt.type_string() ~ "), '_dbt_utils_surrogate_key_null_')"
        ) -%}
        {%- if not loop.last -%}
            {%- do parts.append("'-'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(dbt.hash(dbt.concat(parts))) }}
{% endmacro %}
