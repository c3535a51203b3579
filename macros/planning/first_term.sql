{#- A term of orders from the rows of order_terms that are joined as terms_of_<scope>: that of the first scope that has it. -#}
{% macro first_term(column) -%}
    coalesce(
            {%- for scope in ['article', 'supplier', 'brand', 'category', 'branch', 'default'] -%}
            terms_of_{{ scope }}.{{ column }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        )
{%- endmacro %}
