{#-
  A postal code with its five digits where the country is Germany or not said, else null. One that landed as a number
  has lost its leading zero.
-#}
{% macro german_postal_code(postal_code, country) -%}
    case
        when
            coalesce({{ folded(country) }}, 'de') in ('de', 'd', 'deu', 'deutschland', 'germany')
            and {{ matches(postal_code, '^[0-9]{4,5}$') }}
            then lpad({{ postal_code }}, 5, '0')
    end
{%- endmacro %}
