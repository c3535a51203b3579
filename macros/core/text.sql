{#-
  Lower case for comparing patterns and names. Umlauts are folded by hand, because a database with the C locale leaves
  them as they are.
-#}
{% macro folded(value) -%}
    lower(translate({{ value }}, 'ÄÖÜ', 'äöü'))
{%- endmacro %}

{#- A text attribute as marts show it: `unknown` where none landed. -#}
{% macro or_unknown(value) -%}
    coalesce({{ value }}, 'unknown')
{%- endmacro %}
