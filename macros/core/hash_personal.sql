{#-
  A keyed hash of a value that names or reaches a person. The key comes from the session and never stands in a
  statement, so that neither logs nor compiled code let anybody try values.
-#}
{% macro hash_personal(expression) %}
    {{- return(adapter.dispatch('hash_personal', 'prohandel_analytics')(expression)) -}}
{% endmacro %}

{% macro default__hash_personal(expression) %}
    {{- return(
        "encode(sha256(convert_to(current_setting('prohandel.hash_key') || cast(" ~ expression
        ~ " as text), 'UTF8')), 'hex')"
    ) -}}
{% endmacro %}
