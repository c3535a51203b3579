{#-
  Whether a customer number belongs to a person: numbers that are zero, empty or shorter than
  `min_customer_number_length` are walk-in trade or staff. With several tenants the prefix `<schema>/` does not count.
-#}
{% macro is_person(customer_number) -%}
    {%- set number = customer_number -%}
    {%- if var('prohandel_schemas', []) -%}
        {%- set number = "substr(" ~ customer_number ~ ", position('/' in " ~ customer_number ~ ") + 1)" -%}
    {%- endif -%}
    coalesce(
        length({{ number }}) >= {{ var('min_customer_number_length') }} and trim(both '0' from {{ number }}) <> '',
        false
    )
{%- endmacro %}
